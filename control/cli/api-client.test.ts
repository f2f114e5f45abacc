/** Tests of the client against the real API server, and against servers that misbehave. */
import { createServer } from "node:https";
import type { Server, ServerOptions } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import t from "tap";
import type { Test } from "tap";
import { createServingCertificate } from "../apiserver/serving-certificate.ts";
import { policies, policy, startApi } from "../apiserver/testdata/api-rig.ts";
import { createApiClient, encodePath } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import type { ApiTarget } from "./kubeconfig-file.ts";
import { targetOf } from "./testdata/api-target.ts";

function clientOf(t: Test, target: ApiTarget): ApiClient {
  const client = createApiClient(target);
  t.teardown(() => client.close());
  return client;
}

async function startServer(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: ServerOptions = {},
): Promise<ApiTarget & { readonly listener: Server }> {
  const { authorityPem, chainPem, keyPem } = createServingCertificate(Date.now());
  const listener = createServer({ cert: chainPem, key: keyPem, ...options }, answer);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { ...targetOf({ authorityPem, server: { port } }), listener };
}

t.test("request() writes and reads objects of the real API server", async (t) => {
  const client = clientOf(t, targetOf(await startApi(t)));
  const created = await client.request({ method: "POST", path: policies, json: policy("one") });
  t.match(created, { status: 201, body: { metadata: { name: "one", generation: 1 } } });
  const list = await client.request({ path: policies, query: { limit: 10, continue: undefined } });
  t.match(list.body, { kind: "RateLimitPolicyList", items: [{ metadata: { name: "one" } }] });
});

t.test("request() tells what was refused, and never calls forbidden missing", async (t) => {
  const api = await startApi(t);
  const admin = clientOf(t, targetOf(api));
  const viewer = clientOf(t, targetOf(api, { token: "viewer-token", context: "clrk-viewer" }));
  const nobody = clientOf(t, targetOf(api, { token: "wrong" }));
  const secret = { path: "/api/v1/namespaces/default/secrets/none" };
  await t.rejects(admin.request(secret), {
    failure: "not-found",
    status: 404,
    reason: "NotFound",
    message: 'Not found: there is no secrets "none"\nSee what there is: clrk get secrets -A',
  });
  await t.rejects(viewer.request(secret), {
    failure: "forbidden",
    status: 403,
    message:
      /^Not allowed: secrets "none" is forbidden: User "viewer" cannot get .*\nContext "clrk-viewer" may not do this, whether it exists or not;/,
  });
  await t.rejects(nobody.request(secret), {
    failure: "unauthorized",
    status: 401,
    message: /^Not known to the API server at https:\S+: .*\nThe credentials of context "clrk"/,
  });
  const wrong = policy("one", { spec: { requests: -1 } });
  await t.rejects(admin.request({ method: "POST", path: policies, json: wrong }), {
    failure: "invalid",
    causes: [{ field: "spec.requests" }],
    message: /^Refused as wrong: RateLimitPolicy\S* "one" is invalid\n {2}spec\.requests: /,
  });
});

t.test("request() tells what to start when nobody listens", async (t) => {
  const target = targetOf({ authorityPem: "", server: { port: 1 } });
  await t.rejects(clientOf(t, target).request({ path: "/version" }), {
    failure: "unreachable",
    message:
      "Cannot reach the API server at https://127.0.0.1:1: nothing listens there\nStart it: clrk dev -f DIR",
  });
  await t.rejects(clientOf(t, { ...target, isOwn: false }).request({ path: "/version" }), {
    message: /\nIs context "clrk" the right one\? See all: clrk context list$/,
  });
});

t.test("request() trusts nobody but the authority of the kubeconfig", async (t) => {
  let asked = 0;
  const target = await startServer(t, (_request, response) => {
    asked++;
    response.end("{}");
  });
  const { authorityPem } = createServingCertificate(Date.now());
  for (const change of [{ authorityPem }, { tlsServerName: "other.example" }]) {
    await t.rejects(clientOf(t, { ...target, ...change }).request({ path: "/" }), {
      message: /^Cannot trust the API server at /,
      failure: "untrusted",
    });
  }
  t.equal(asked, 0);
});

t.test("request() shows a client certificate", async (t) => {
  const { chainPem, keyPem } = createServingCertificate(Date.now());
  const target = await startServer(
    t,
    (request, response) => {
      const { socket } = request;
      const subject = "getPeerCertificate" in socket && Object(socket).getPeerCertificate().subject;
      response.end(JSON.stringify({ hasCertificate: Boolean(subject) }));
    },
    { requestCert: true, rejectUnauthorized: false },
  );
  const { token: _, ...anonymous } = target;
  const client = clientOf(t, { ...anonymous, clientCertificate: { chainPem, keyPem } });
  t.strictSame((await client.request({ path: "/" })).body, { hasCertificate: true });
  const without = await clientOf(t, anonymous).request({ path: "/" });
  t.strictSame(without.body, { hasCertificate: false });
});

t.test("request() gives up on silence, redirects and answers that are no JSON", async (t) => {
  const target = await startServer(t, ({ url }, response) => {
    if (url === "/silent") return;
    if (url === "/cut") {
      response.writeHead(200, { "content-length": 100 });
      response.write("{");
      response.flushHeaders();
      setImmediate(() => response.destroy());
    } else if (url === "/elsewhere") {
      response.writeHead(302, { location: "https://attacker.example/" }).end();
    } else response.end("<html>\u001b[2J</html>");
  });
  const client = clientOf(t, target);
  await t.rejects(client.request({ path: "/silent", timeoutMs: 50 }), {
    failure: "unreachable",
    message: /no answer within 0\.05 s/,
  });
  const controller = new AbortController();
  const given = client.request({ path: "/silent", signal: controller.signal });
  controller.abort();
  await t.rejects(given, { failure: "unreachable", message: /the request was given up/ });
  await t.rejects(client.request({ path: "/cut" }), {
    failure: "unreachable",
    message: /^Cannot reach/,
  });
  await t.rejects(client.request({ path: "/elsewhere" }), {
    failure: "unreadable",
    message: /: it answered with status 302\n/,
  });
  await t.rejects(client.request({ path: "/html" }), {
    failure: "unreadable",
    message: /: it is not JSON\nIs it of another version\? See: clrk version$/,
  });
});

t.test("stream() gives lines of a watch as they come, until it is closed", async (t) => {
  const api = await startApi(t);
  const client = clientOf(t, targetOf(api));
  const watch = await client.stream({ path: policies, query: { watch: true } });
  const lines = watch.lines()[Symbol.asyncIterator]();
  await client.request({ method: "POST", path: policies, json: policy("one") });
  const first = await lines.next();
  t.match(JSON.parse(String(first.value)), {
    type: "ADDED",
    object: { metadata: { name: "one" } },
  });
  const waiting = lines.next();
  watch.close();
  t.equal((await waiting).done, true);
  watch.close();
  await t.rejects(client.stream({ path: `${policies}/none` }), {
    failure: "not-found",
    message: /^Not found: /,
  });
});

t.test("stream() joins lines over any split, longer than a network chunk", async (t) => {
  const long = "é".repeat(3 * 1024 * 1024);
  const target = await startServer(t, async (_request, response) => {
    const bytes = Buffer.from(`{"a":"${long}"}\r\n\n{"b":1}\n{"c":2}`);
    for (let at = 0; at < bytes.length; at += 1_000_003) {
      response.write(bytes.subarray(at, at + 1_000_003));
    }
    response.end();
  });
  const stream = await clientOf(t, target).stream({ path: "/" });
  const lines = await Array.fromAsync(stream.lines());
  t.equal(lines[0], `{"a":"${long}"}`);
  t.strictSame(lines.slice(1), ['{"b":1}', '{"c":2}']);
});

t.test("stream() holds a server up that nobody reads, and tells a cut", async (t) => {
  let written = 0;
  let isFull = () => {};
  const full = new Promise<void>((resolve) => {
    isFull = resolve;
  });
  const target = await startServer(t, (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024, "x\n");
    const go = () => {
      if (written > 512 * 1024 * 1024) throw new Error("Nothing holds the server up");
      if (response.destroyed) return;
      written += chunk.length;
      if (response.write(chunk)) setImmediate(go);
      else isFull();
    };
    go();
    t.teardown(() => response.destroy());
  });
  const stream = await clientOf(t, target).stream({ path: "/" });
  await full;
  t.ok(written < 64 * 1024 * 1024, `${written} bytes were taken`);
  const lines = stream.lines()[Symbol.asyncIterator]();
  t.equal((await lines.next()).value, "x");
  target.listener.closeAllConnections();
  const readOn = async () => {
    while (!(await lines.next()).done);
  };
  await t.rejects(readOn(), { failure: "unreachable", message: /^Cannot reach/ });
});

t.test("stream() sends a body as it comes", async (t) => {
  const target = await startServer(t, (request, response) => void request.pipe(response));
  async function* parts() {
    yield Buffer.from("one ");
    yield Buffer.from("two");
  }
  const client = clientOf(t, target);
  const content = { type: "text/plain", bytes: parts() };
  const stream = await client.stream({ method: "POST", path: "/", content });
  t.equal(Buffer.concat(await Array.fromAsync(stream.bytes())).toString(), "one two");
});

t.test("encodePath() keeps each part one part", (t) => {
  t.equal(encodePath("api", "", "a/b", "...", "ü?"), "/api/a%2Fb/.../%C3%BC%3F");
  for (const step of [".", ".."]) {
    t.throws(() => encodePath("api", step), { message: `Cannot ask for "${step}": it is no name` });
  }
  t.end();
});
