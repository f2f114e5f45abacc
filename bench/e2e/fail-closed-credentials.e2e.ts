/**
 * Credentials that are missing, wrong or gone: of the agent at the proxy, and of the gateway at the upstream. Without
 * the right one nothing is forwarded, and the real one goes to nobody but the verified upstream.
 */
import t from "tap";
import { wrongTokens } from "../attacks/techniques/run-token.ts";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { exchange } from "../harness/entrance.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";
import type { FakeProvider } from "../harness/fake-provider.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { httpOver } from "../harness/http-over-socket.ts";
import { openTcp } from "../harness/proxy-protocol-client.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";
import type { CertificateFault } from "../harness/upstream-authority.ts";

const realToken = "real-token-of-the-upstream";
const faults: readonly CertificateFault[] = [
  "expired",
  "not-yet-valid",
  "wrong-name",
  "self-signed",
  "untrusted-authority",
];
const unusable = [
  { name: "missing", host: "missing.test", says: "Secret default/missing does not exist" },
  {
    name: "empty",
    host: "empty.test",
    data: { token: "" },
    says: 'key "token" of Secret default/empty is empty',
  },
  {
    name: "without-key",
    host: "without-key.test",
    data: { password: realToken },
    says: 'Secret default/without-key has no key "token"',
  },
  {
    name: "of-blanks",
    host: "of-blanks.test",
    data: { token: "  " },
    says: 'key "token" of Secret default/of-blanks begins or ends with a blank',
  },
  {
    name: "of-two-lines",
    host: "of-two-lines.test",
    data: { token: `${realToken}\r\nx-smuggled: 1` },
    says: 'key "token" of Secret default/of-two-lines has a line end inside',
  },
];

const upstreams = await startUpstreams(t, {
  tlsHosts: ["changing.test", ...unusable.map(({ host }) => host)],
  plainHosts: ["plain.test"],
});
const faulty = new Map<CertificateFault, FakeProvider>();
for (const fault of faults) {
  const certificate = upstreams.authority.issueBad([hostOf(fault)], fault);
  const provider = await createFakeProvider({ certificate, openAiKey, anthropicKey });
  t.teardown(() => provider.close());
  faulty.set(fault, provider);
}
const changing = "Secret-changing.yaml";
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      aliases: [
        ...upstreams.aliases,
        ...[...faulty].map(([fault, { port }]) => ({ port, hostnames: [hostOf(fault)] })),
      ],
    }),
    "other.yaml": objectManifest("EgressGateway", "other", {
      listeners: [{ name: "http", protocol: "HTTP" }],
      explicitProxy: {},
    }),
    "routes.yaml": [
      ...unusable.map(({ name, host }) => injected(name, host)),
      ...faults.map((fault) => injected(fault, hostOf(fault), "changing")),
      injected("plain", "plain.test", "changing"),
      injected("changing", "changing.test"),
    ].join(""),
    "secrets.yaml": unusable
      .filter(({ data }) => data !== undefined)
      .map(({ name, data = {} }) => secret(name, data))
      .join(""),
    [changing]: secret("changing", { token: realToken }),
  },
});
const run = await gateway.registerRun("one", "egress");
const sibling = await gateway.registerRun("two", "egress");
const foreign = await gateway.registerRun("three", "other");
const ended = await gateway.registerRun("four", "egress");
await ended.end();

t.beforeEach(() => {
  upstreams.tls.reset();
  upstreams.plain.reset();
});

const attempts = wrongTokens({ run, sibling, ended, foreign });
t.test("a proxy credential that is not the run's own is refused with 407", async (test) => {
  const answers = await Promise.all(
    attempts.flatMap(({ name, lines }) =>
      ["CONNECT plain.test:80", "GET http://plain.test/bytes/10"].map(async (target) => {
        const head = [
          `${target} HTTP/1.1`,
          "Host: plain.test:80",
          ...lines.map((line) => `Proxy-Authorization: ${line}`),
          // Where a server expects its own credential, and where the gateway keeps the run.
          `Authorization: ${run.authorization}`,
          `x-clrk-run: ${run.runId}`,
        ];
        const { text } = await exchange(await openTcp(run.proxy), `${head.join("\r\n")}\r\n\r\n`, {
          until: /start the command/,
        });
        return { name, target, text };
      }),
    ),
  );
  const wrong = answers.filter(
    ({ text }) =>
      !/^HTTP\/1\.1 407 [\s\S]*\r\nproxy-authenticate: Basic realm="clrk"\r\n/.test(text),
  );
  test.same(wrong, []);
  test.same(upstreams.plain.requests, []);
});

t.test(
  "the right credential opens a tunnel until the run ends, and not a moment longer",
  async (test) => {
    const short = await gateway.registerRun("short", "egress");
    const ask = { target: "plain.test:80", authorization: short.authorization };
    const before = await openThroughProxy(short.proxy, ask);
    test.equal(before.status, 200);
    if (before.kind === "tunnel") before.socket.destroy();
    await short.end();
    const after = await openThroughProxy(short.proxy, ask);
    test.equal(after.status, 407);
  },
);

t.test(
  "what an ended run did last, and still does in an open tunnel, bears its name",
  async (test) => {
    const short = await gateway.registerRun("last", "egress");
    const socket = await openSecureTunnel(short, "changing.test:443");
    const ask = (path: string) => httpOver(socket, { path, authority: "changing.test" });
    test.equal((await ask("/bytes/11")).status, 200);
    await short.end();
    await ask("/bytes/12").catch(() => {}); // a closed tunnel is as good
    socket.destroy();
    const record = await gateway.waitForRecord(({ request: { path } }) => path === "/bytes/11");
    test.match(record.agent, { name: "last", uid: short.runId });
    const later = await gateway.waitForRecord(({ request: { path } }) => path === "/bytes/12");
    test.match(later.agent, { name: "last", uid: short.runId });
  },
);

for (const { name, host, says } of unusable) {
  t.test(`a Secret ${name} refuses the request and says so without any value`, async (test) => {
    const response = await requestThrough(run, `https://${host}/bytes/10`);
    test.equal(response.status, 403);
    test.equal(response.headers["x-clrk-deny-reason"], "credential-missing");
    test.match(response.text, JSON.stringify(says).slice(1, -1));
    test.notMatch(response.text, realToken);
    test.same(upstreams.tls.requests, []);
  });
}

for (const [fault, provider] of faulty) {
  t.test(`an upstream whose certificate is ${fault} never sees the request`, async (test) => {
    const response = await requestThrough(run, `https://${hostOf(fault)}/bytes/10`);
    test.equal(response.status, 503);
    test.equal(response.headers["x-clrk-deny-reason"], "unreachable");
    test.match(response.text, /its TLS certificate cannot be verified/);
    test.same(provider.requests, []);
  });
}

t.test("a credential never leaves on plain HTTP", async (test) => {
  const response = await requestThrough(run, "http://plain.test/bytes/10");
  test.equal(response.status, 403);
  test.equal(response.headers["x-clrk-deny-reason"], "credential-needs-tls");
  test.same(upstreams.plain.requests, []);
});

const changes: readonly { readonly name: string; readonly text: string | undefined }[] = [
  { name: "is removed", text: undefined },
  { name: "becomes empty", text: secret("changing", { token: "" }) },
  { name: "loses its key", text: secret("changing", { other: "value" }) },
];
for (const { name, text } of changes) {
  t.test(`while its Secret ${name}, no request goes out without the credential`, async (test) => {
    await restore();
    let stopping = false;
    const statuses = new Set<number>();
    const load = Array.from({ length: 4 }, async () => {
      while (!stopping) {
        statuses.add((await requestThrough(run, "https://changing.test/bytes/10")).status);
      }
    });
    await gateway.change(changing, text);
    stopping = true;
    await Promise.all(load);
    test.same(
      [...statuses].filter((status) => status !== 200 && status !== 403),
      [],
    );
    const sent = upstreams.tls.requests.map(({ headers }) => headers["x-upstream-key"]);
    test.same(
      sent.filter((value) => value !== realToken),
      [],
    );
    upstreams.tls.reset();
    const after = await requestThrough(run, "https://changing.test/bytes/10");
    test.equal(after.status, 403);
    test.equal(after.headers["x-clrk-deny-reason"], "credential-missing");
    test.same(upstreams.tls.requests, []);
    await restore();
    test.equal((await requestThrough(run, "https://changing.test/bytes/10")).status, 200);
  });
}

t.test("a changed value is used from the moment the change is live", async (test) => {
  for (const token of ["second-value", "third-value"]) {
    await gateway.change(changing, secret("changing", { token }));
    await requestThrough(run, "https://changing.test/bytes/10");
    test.equal(upstreams.tls.requests.at(-1)?.headers["x-upstream-key"], token);
  }
});

async function restore(): Promise<void> {
  const wanted = secret("changing", { token: realToken });
  const response = await requestThrough(run, "https://changing.test/bytes/10");
  if (response.status !== 200) await gateway.change(changing, wanted);
  upstreams.tls.reset();
}

function hostOf(fault: CertificateFault): string {
  return `${fault}.fault.test`;
}

/** A route to one host with the credential of a Secret, of the same name unless `from` says another. */
function injected(name: string, host: string, from = name): string {
  const route = { kind: "EgressHTTPRoute", name };
  const policy = { secret: from, route, headerName: "x-upstream-key" };
  return allowHosts(name, [host]) + headerCredential(policy);
}

function secret(name: string, stringData: Readonly<Record<string, string>>): string {
  const object = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
  return `---\n${JSON.stringify(object)}\n`;
}
