/** How endpoints are asked: verified, direct, bounded, and without a word of theirs in what is said of them. */
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import t from "tap";
import { ManualClock, systemClock } from "../clock.ts";
import { testCertificatePem } from "../testdata/leaf.ts";
import { dial, openEndpoint } from "./testdata/fake-endpoint.ts";
import type { EndpointReply } from "./testdata/fake-endpoint.ts";
import { askTokenEndpoint } from "./token-endpoint.ts";

const secret = "hunter2-hunter2";

function request(url: string) {
  return {
    url,
    headers: { "x-a": "b" },
    body: `token=${secret}`,
    mediaTypes: ["application/json"],
  };
}

t.test("askTokenEndpoint() posts the body and gives what was answered", async (t) => {
  const date = "Sat, 28 Nov 2026 20:00:00 GMT";
  const endpoint = await openEndpoint(t, () => ({
    headers: { date, "content-type": "Application/JSON; charset=utf-8", "retry-after": "7" },
    body: { a: "ü" },
  }));
  const answer = await askTokenEndpoint(request(`${endpoint.origin}/t?x=1`), dial);
  t.match(answer, {
    kind: "answered",
    status: 200,
    text: '{"a":"ü"}',
    serverMs: Date.UTC(2026, 10, 28, 20),
    retryAfterMs: 7000,
  });
  t.match(endpoint.requests, [{ method: "POST", url: "/t?x=1", body: `token=${secret}` }]);
  t.match(endpoint.requests[0]?.headers, { "x-a": "b", "accept-encoding": "identity" });
});

t.test(
  "askTokenEndpoint() takes plain http nowhere but on loopback, and only when told",
  async (t) => {
    const endpoint = await openEndpoint(t, () => ({}));
    const { clock, trustPem } = dial;
    const untold = await askTokenEndpoint(request(endpoint.origin), { clock, trustPem });
    t.match(untold, { kind: "failed", failure: "untrusted" });
    for (const url of ["http://login.example/", "http://127.0.0.2/", "ftp://127.0.0.1/"]) {
      t.match(await askTokenEndpoint(request(url), dial), { failure: "untrusted" }, url);
    }
    t.same(endpoint.requests, []);
  },
);

t.test(
  "askTokenEndpoint() verifies the certificate against the roots that it is given",
  async (t) => {
    const endpoint = await openEndpoint(t, () => ({}), "https");
    const trusting = { clock: systemClock, trustPem: testCertificatePem };
    t.match(await askTokenEndpoint(request(endpoint.origin), trusting), { status: 200 });
    const strange = await openEndpoint(t, () => ({}), "https");
    const other = { clock: systemClock, trustPem: await otherRoot() };
    t.match(await askTokenEndpoint(request(strange.origin), other), {
      failure: "untrusted",
      message: /^the certificate of token endpoint "127\.0\.0\.1:\d+" is not trusted \([A-Z_]+\)$/,
    });
    const named = endpoint.origin.replace("127.0.0.1", "localhost");
    t.match(await askTokenEndpoint(request(named), trusting), { failure: "untrusted" });
    t.equal(endpoint.requests.length, 1);
    t.same(strange.requests, []);
  },
);

const unusable: readonly (readonly [name: string, reply: EndpointReply, said: RegExp])[] = [
  [
    "a redirect",
    { status: 307, headers: { location: `https://${secret}.example/` } },
    /answered 307 with a redirect, which is not followed$/,
  ],
  [
    "another media type",
    { headers: { "content-type": "text/html" }, body: secret },
    /answered 200 with a media type other than application\/json$/,
  ],
  [
    "a compressed body",
    { headers: { "content-encoding": "gzip" }, body: secret },
    /answered 200 with a compressed body, which was not asked for$/,
  ],
  ["too long a body", { body: secret.repeat(100_000) }, /answered 200 with more than 1 MiB$/],
];

for (const [name, reply, said] of unusable) {
  t.test(`askTokenEndpoint() uses nothing of ${name}`, async (t) => {
    const { origin } = await openEndpoint(t, () => reply);
    const answer = await askTokenEndpoint(request(`${origin}/${secret}?${secret}`), dial);
    t.match(answer, { kind: "failed", failure: "malformed", message: said });
    t.notMatch(JSON.stringify(answer), secret);
  });
}

t.test("askTokenEndpoint() reads no body of a refusal of another media type", async (t) => {
  const page = { status: 400, headers: { "content-type": "text/html" }, body: secret };
  const { origin } = await openEndpoint(t, () => page);
  t.match(await askTokenEndpoint(request(origin), dial), { status: 400, text: "" });
});

t.test("askTokenEndpoint() says when nobody is there, or leaves in the middle", async (t) => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const url = `http://127.0.0.1:${port}/`;
  t.match(await askTokenEndpoint(request(url), dial), {
    failure: "unreachable",
    message: /cannot be reached \(ECONNRESET\)$/,
  });
  await new Promise((resolve) => server.close(resolve));
  t.match(await askTokenEndpoint(request(url), dial), {
    failure: "unreachable",
    message: /cannot be reached \(ECONNREFUSED\)$/,
  });
});

t.test("askTokenEndpoint() uses nothing of an answer that breaks off", async (t) => {
  const server = createServer((socket) => {
    socket.write(
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{",
    );
    socket.once("data", () => setImmediate(() => socket.destroy()));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const answer = await askTokenEndpoint(request(`http://127.0.0.1:${port}/`), dial);
  t.match(answer, { kind: "failed", message: /broke off$|cannot be reached/ });
});

t.test("askTokenEndpoint() waits no longer than 10 s, or until it is told", async (t) => {
  const clock = new ManualClock();
  let arrived = () => {};
  const hangs = () => {
    arrived();
    return new Promise<EndpointReply>(() => {});
  };
  const { origin } = await openEndpoint(t, hangs);
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const late = askTokenEndpoint(request(origin), { ...dial, clock });
  await first;
  clock.advance(10_000);
  t.match(await late, { failure: "timeout", message: /has not answered within 10 s$/ });
  const ending = new AbortController();
  const given = askTokenEndpoint(request(origin), { ...dial, clock }, ending.signal);
  ending.abort();
  t.match(await given, { failure: "unreachable" });
  t.equal(clock.pendingTimers, 0);
});

t.test("askTokenEndpoint() asks no proxy that the environment names", async (t) => {
  const { origin, requests } = await openEndpoint(t, () => ({}));
  const script = `
    import { askTokenEndpoint } from ${JSON.stringify(import.meta.resolve("./token-endpoint.ts"))};
    import { systemClock } from ${JSON.stringify(import.meta.resolve("../clock.ts"))};
    const request = { url: process.argv[1], headers: {}, body: "", mediaTypes: ["application/json"] };
    const options = { clock: systemClock, trustPem: "", allowsPlainLoopback: true };
    console.log(JSON.stringify(await askTokenEndpoint(request, options), (_, it) => String(it) === it || typeof it !== "bigint" ? it : 0));
  `;
  const proxy = "http://127.0.0.1:9";
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script, origin],
    { env: { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: "" } },
  );
  t.match(JSON.parse(stdout), { kind: "answered", status: 200 });
  t.equal(requests.length, 1);
});

async function otherRoot(): Promise<string> {
  const { rootCertificates } = await import("node:tls");
  return rootCertificates[0] ?? "";
}
