import { once } from "node:events";
import { readFileSync } from "node:fs";
import t from "tap";
import { DECISION_ATTRIBUTES, IDENTITY_ATTRIBUTES } from "../../gateway/attributes.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { startCollector } from "../../gateway/testdata/otlp-collector.ts";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { httpOver, openHttp2 } from "../harness/http-over-socket.ts";
import { waitUntil } from "../harness/processes.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const injected = "value-that-only-the-upstream-sees";
const otlpToken = "token-of-the-collector";

const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test"] });
const closed = await createTcpUpstream();
await closed.close();
const faults = ["expired", "wrong-name", "untrusted-authority"] as const;
const distrusted = await Promise.all(
  faults.map((fault) =>
    createFakeProvider({
      certificate: upstreams.authority.issueBad([`${fault}.test`], fault),
      openAiKey,
      anthropicKey,
    }),
  ),
);
for (const provider of distrusted) t.teardown(() => provider.close());
const raw = await createTcpUpstream();
t.teardown(() => raw.close());
const collector = await startCollector();
t.teardown(() => collector.close());

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      aliases: [
        ...upstreams.aliases,
        { port: closed.port, hostnames: ["closed.test"] },
        ...faults.map((fault, index) => ({
          port: distrusted[index]?.port ?? 0,
          hostnames: [`${fault}.test`],
        })),
      ],
      listeners: [...interceptingListeners, { name: "raw", protocol: "TCP", port: raw.port }],
      spec: { otlp: { endpoint: collector.endpoint, headers: { "x-otlp-token": otlpToken } } },
    }),
    "routes.yaml": [
      allowHosts("echo", ["echo.test"]),
      allowHosts("broken", ["closed.test", ...faults.map((fault) => `${fault}.test`)]),
      objectManifest("EgressL4Route", "raw", {
        rules: [{ matches: [{ destinationCIDRs: ["127.0.0.1/32"], ports: [{ port: raw.port }] }] }],
      }),
    ].join(""),
    "credentials.yaml": headerCredential({
      secret: "echo",
      route: { kind: "EgressHTTPRoute", name: "echo" },
      headerName: "X-Api-Key",
    }),
  },
  secrets: [{ name: "echo", value: injected }],
});
const run = await gateway.registerRun("auditor");
const agent = {
  kind: "Process",
  namespace: "default",
  name: "auditor",
  uid: run.runId,
  revision: "",
  invocationId: run.invocationId,
};
const own = { agent, gateway: { namespace: "default", name: "egress" }, listener: "explicit" };

function recordOf(path: string): Promise<EgressRecord> {
  return gateway.waitForRecord(({ request }) => request.path === path);
}

t.test("an allowed request is recorded in full, its secrets are not", async (test) => {
  const beforeMs = Date.now();
  const url =
    "https://echo.test/bytes/1000?api_key=very-secret-1&page=2&next=https://u:pw@x.test/#frag";
  const response = await requestThrough(run, url, {
    headers: { "user-agent": "auditor/1.0", authorization: "Bearer of-the-agent" },
  });
  test.equal(response.status, 200);
  const record = await recordOf("/bytes/1000");
  test.match(record, {
    kind: "http",
    ...own,
    request: {
      method: "GET",
      scheme: "https",
      authority: "echo.test",
      host: "echo.test",
      port: 443,
      path: "/bytes/1000",
      query: "api_key=[redacted]&page=2&next=[redacted]",
      protocol: "HTTP/1.1",
      userAgent: "auditor/1.0",
      bytes: 0,
    },
    response: { status: 200, bytes: 1000, chunks: null, flags: [], details: "via_upstream" },
    upstream: {
      address: `127.0.0.1:${upstreams.tls.port}`,
      tls: { serverName: "echo.test" },
    },
    decision: {
      verdict: "allow",
      reason: null,
      message: null,
      route: { kind: "EgressHTTPRoute", namespace: "default", name: "echo", rule: 0 },
    },
    provider: null,
    credential: { name: "Secret default/echo", header: "x-api-key" },
    tier: "native",
    revision: 1,
    model: null,
    usage: null,
    routing: null,
    capture: null,
  });
  test.equal(new Date(record.startUnixMs).toISOString(), record.time);
  test.equal(record.startUnixNs.slice(0, -6), String(record.startUnixMs));
  test.ok(record.startUnixMs >= beforeMs - 1 && record.startUnixMs <= Date.now());
  const { requestMs, timeToFirstByteMs } = record.timings;
  test.ok(record.durationMs > 0 && record.durationMs < 5_000, `${record.durationMs} ms`);
  test.ok(requestMs !== null && requestMs <= record.durationMs);
  test.ok(timeToFirstByteMs !== null && timeToFirstByteMs <= record.durationMs);
});

t.test("a denied request is recorded with the sentence that the agent was told", async (test) => {
  const response = await requestThrough(run, "https://denied.test/denied", {
    method: "POST",
    body: "x",
  });
  test.equal(response.status, 403);
  test.match(await recordOf("/denied"), {
    ...own,
    request: { method: "POST", host: "denied.test", port: 443 },
    response: { status: 403, bytes: response.body.length, details: "direct_response" },
    upstream: null,
    decision: {
      verdict: "deny",
      reason: "default-policy",
      message: /denied\.test.*defaultPolicy deny-all/,
      route: null,
    },
    credential: null,
  });
});

t.test("an upstream that refuses connections is a failure, not a denial", async (test) => {
  const response = await requestThrough(run, "https://closed.test/closed");
  test.equal(response.status, 503);
  test.match(JSON.parse(response.text), {
    error: { type: "gateway_error", code: "clrk_unreachable" },
    message: "Cannot reach closed.test: it refuses connections",
  });
  test.match(await recordOf("/closed"), {
    ...own,
    response: { status: 503, flags: ["UF"] },
    upstream: { address: `127.0.0.1:${closed.port}` },
    decision: { verdict: "allow", reason: null, route: { name: "broken" } },
  });
});

for (const [index, fault] of faults.entries()) {
  t.test(`an upstream whose certificate is bad (${fault}) gets no request`, async (test) => {
    const response = await requestThrough(run, `https://${fault}.test/${fault}`);
    test.equal(response.status, 503);
    test.equal(
      JSON.parse(response.text).message,
      `Cannot reach ${fault}.test: its TLS certificate cannot be verified for this name`,
    );
    test.equal(distrusted[index]?.requests.length, 0);
    test.match(await recordOf(`/${fault}`), {
      response: { status: 503, flags: ["UF"], details: /CERTIFICATE_VERIFY_FAILED/i },
      decision: { verdict: "allow", route: { name: "broken" } },
    });
  });
}

t.test("an agent that goes away is recorded with what it got", async (test) => {
  const secure = await openSecureTunnel(run, "echo.test:443");
  secure.write("GET /sse?events=1000&intervalMs=50 HTTP/1.1\r\nhost: echo.test\r\n\r\n");
  let text = "";
  secure.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await waitUntil(() => text.includes("tick"), { deadlineMs: 10_000, what: "first event" });
  secure.destroy();
  const record = await recordOf("/sse");
  test.match(record, { response: { status: 200, flags: ["DC"] }, decision: { verdict: "allow" } });
  test.ok(record.response.bytes > 0);
});

t.test("a raw connection is recorded with its bytes", async (test) => {
  const { authorization, proxy } = run;
  const target = `127.0.0.1:${raw.port}`;
  const answer = await openThroughProxy(proxy, { target, authorization });
  test.equal(answer.kind, "tunnel");
  if (answer.kind !== "tunnel") return;
  answer.socket.write("raw bytes");
  test.equal(String((await once(answer.socket, "data"))[0]), "raw bytes");
  answer.socket.destroy();
  const record = await gateway.waitForRecord(({ kind }) => kind === "tcp");
  test.match(record, {
    ...own,
    request: { method: "", host: "127.0.0.1", port: raw.port, path: "", bytes: 9 },
    response: { status: 0, bytes: 9 },
    upstream: { address: target, tls: null },
    decision: { verdict: "allow", route: { kind: "EgressL4Route", name: "raw", rule: 0 } },
    credential: null,
  });
});

t.test("every request makes one record, in the file and at the OTLP receiver", async (test) => {
  const before = gateway.records.length;
  const paths = Array.from({ length: 50 }, (_, index) => `/count/${index}`);
  const openHttp = async (host: string, alpn: "h2" | "http/1.1") => {
    const secure = await openSecureTunnel(run, `${host}:443`, alpn);
    if (alpn === "http/1.1") {
      for (const path of paths) await httpOver(secure, { path: `${path}/h1`, authority: host });
      secure.destroy();
      return;
    }
    const http2 = openHttp2(secure);
    await Promise.all(paths.map((path) => http2.request({ path: `${path}/h2`, authority: host })));
    http2.close();
  };
  await Promise.all(
    ["echo.test", "denied.test"].flatMap((host) => [
      openHttp(host, "h2"),
      openHttp(host, "http/1.1"),
    ]),
  );
  await waitUntil(() => gateway.records.length >= before + 200, {
    deadlineMs: 20_000,
    what: "200 records",
  });
  const total = before + 200;
  await waitUntil(() => collector.spans().length >= total && collector.logs().length >= total, {
    deadlineMs: 20_000,
    what: `${total} spans and logs`,
  });
  const { records } = await gateway.status();
  test.match(records, { published: total, dropped: 0, incomplete: 0, failure: "" });
  const lines = await waitUntil(
    () => {
      const written = readFileSync(records.file, "utf8").trimEnd().split("\n");
      return written.length >= total ? written : undefined;
    },
    { deadlineMs: 20_000, what: `${total} lines in the file` },
  );
  test.equal(gateway.records.length, total);
  test.equal(lines.length, total);
  test.equal(collector.spans().length, total);
  test.equal(collector.logs().length, total);
  const counted = gateway.records.filter(({ request }) => request.path.startsWith("/count/"));
  const keys = counted.map(({ request }) => `${request.host} ${request.path}`);
  test.equal(new Set(keys).size, 200);
  test.same([...new Set(lines.map((line) => JSON.parse(line).id))].length, total);
  const { runs } = await gateway.status();
  test.match(
    runs.find(({ runId }) => runId === run.runId),
    {
      requests: total,
      denied: gateway.records.filter(({ decision }) => decision.verdict === "deny").length,
    },
  );
});

t.test("spans and logs say what the record says, and hold no secret", async (test) => {
  const attributesOf = (attributes: readonly { key: string; value?: object | null }[]) =>
    new Map(attributes.map(({ key, value }) => [key, JSON.stringify(value)]));
  const span = collector.spans().find(({ name }) => name === "POST denied.test");
  test.ok(span, "span of the denied request");
  const attributes = attributesOf(span?.attributes ?? []);
  test.match(attributes.get(IDENTITY_ATTRIBUTES.name), /auditor/);
  test.match(attributes.get(DECISION_ATTRIBUTES.denyReason), /default-policy/);
  test.equal(
    collector.logs().filter(({ body }) => body?.stringValue?.startsWith("POST denied.test")).length,
    1,
  );
  test.ok(collector.spans().some(({ name }) => name === "egress.tcp"));
  test.equal(collector.requests[0]?.headers["x-otlp-token"], otlpToken);
  const everything = [
    ...collector.requests.map(({ body }) => body.toString("latin1")),
    JSON.stringify(gateway.records),
    readFileSync((await gateway.status()).records.file, "utf8"),
    gateway.log,
  ].join("\n");
  for (const secret of [injected, "very-secret-1", "u:pw@", "of-the-agent", otlpToken]) {
    test.notOk(everything.includes(secret), `no "${secret}"`);
  }
});
