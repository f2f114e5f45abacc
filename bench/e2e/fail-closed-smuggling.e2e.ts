/**
 * Requests that say one thing to the gateway and another to the upstream, and headers that would steer the gateway
 * itself: refused, or without any effect that the upstream could see.
 */
import t from "tap";
import { ambiguousHosts } from "../attacks/techniques/duplicate-host.ts";
import { connectsInside } from "../attacks/techniques/nested-connect.ts";
import { deniedSpellings } from "../attacks/techniques/path-denial.ts";
import { posingHeaders } from "../attacks/techniques/posing-headers.ts";
import { ambiguousFraming } from "../attacks/techniques/request-smuggling.ts";
import { openTcp } from "../harness/proxy-protocol-client.ts";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { exchange } from "../harness/entrance.ts";
import type { ReceivedRequest } from "../harness/fake/received-request.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { openHttp2 } from "../harness/http-over-socket.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["allowed.test", "unlisted.test", "paths.test"],
  plainHosts: ["plain.test", "plain-unlisted.test"],
});
const trap = await createTcpUpstream();
t.teardown(() => trap.close());
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": [
      allowHosts("allowed", ["allowed.test"]),
      allowHosts("plain", ["plain.test"]),
      objectManifest("EgressHTTPRoute", "a-secret-path", {
        hostnames: ["paths.test"],
        rules: [{ matches: [{ path: { value: "/admin" } }, { path: { value: "/x/admin" } }] }],
      }),
      objectManifest("EgressDenyPolicy", "no-admin", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "a-secret-path" }],
      }),
      allowHosts("z-rest", ["paths.test"]),
    ].join(""),
    "credential.yaml": headerCredential({
      secret: "upstream",
      route: { kind: "EgressHTTPRoute", name: "allowed" },
      headerName: "Authorization",
      valuePrefix: "Bearer ",
    }),
  },
  secrets: [{ name: "upstream", value: "real-token" }],
});
const run = await gateway.registerRun("smuggler");

t.beforeEach(() => {
  upstreams.tls.reset();
  upstreams.plain.reset();
});

/** Headers of the one request that the TLS upstream got. */
function onlyHeaders(requests: readonly ReceivedRequest[]): ReceivedRequest["headers"] {
  const [request] = requests;
  if (request === undefined || requests.length !== 1) {
    throw new Error(`Cannot read the request: the upstream got ${requests.length}, wanted 1`);
  }
  return request.headers;
}

t.test(
  "headers that pose as ours or steer Envoy reach neither Envoy nor the upstream",
  async (test) => {
    const sent = {
      ...posingHeaders(`127.0.0.1:${trap.port}`),
      "proxy-authorization": run.authorization,
    };
    upstreams.tls.misbehave({ host: "allowed.test", delayHeadersMs: 60, times: 1 });
    const response = await requestThrough(run, "https://allowed.test/bytes/10", { headers: sent });
    test.equal(response.status, 200, "no time limit of the agent's making applied");
    const names = Object.keys(onlyHeaders(upstreams.tls.requests));
    test.same(
      names.filter((name) => /^(x-clrk-|x-envoy-|proxy-)/.test(name)),
      [],
    );
    test.same(trap.connections, []);
  },
);

t.test("the same headers on plain HTTP by absolute form have no effect either", async (test) => {
  const headers = {
    "x-clrk-run": "run-000000000000",
    "x-envoy-original-dst-host": `127.0.0.1:${trap.port}`,
    "x-envoy-upstream-rq-timeout-ms": "1",
    "x-forwarded-proto": "https",
  };
  upstreams.plain.misbehave({ host: "plain.test", delayHeadersMs: 60, times: 1 });
  const response = await requestThrough(run, "http://plain.test/bytes/10", { headers });
  test.equal(response.status, 200);
  const names = Object.keys(onlyHeaders(upstreams.plain.requests));
  test.same(
    names.filter((name) => /^(x-clrk-|x-envoy-|x-forwarded-|proxy-)/.test(name)),
    [],
  );
  test.same(trap.connections, []);
  const record = await gateway.waitForRecord(({ request }) => request.host === "plain.test");
  test.equal(record.agent?.uid, run.runId);
});

t.test("a failing upstream is not tried again because the agent asks for it", async (test) => {
  upstreams.tls.misbehave({ host: "allowed.test", status: 503, times: 10 });
  const headers = { "x-envoy-retry-on": "5xx", "x-envoy-max-retries": "3" };
  const response = await requestThrough(run, "https://allowed.test/bytes/10", { headers });
  test.equal(response.status, 503);
  test.equal(upstreams.tls.requests.length, 1);
});

t.test("what the agent sends as a credential never travels beside the real one", async (test) => {
  const headers = {
    authorization: ["Bearer mine", "Bearer second"],
    "x-api-key": "mine",
    "api-key": "mine",
    "x-goog-api-key": "mine",
  };
  const response = await requestThrough(run, "https://allowed.test/bytes/10", { headers });
  test.equal(response.status, 200);
  const seen = onlyHeaders(upstreams.tls.requests);
  test.equal(seen["authorization"], "Bearer real-token");
  test.notMatch(JSON.stringify(seen), /mine|second/);
});

const raw = [...ambiguousHosts, ...connectsInside, ...ambiguousFraming];

t.test(
  "ambiguous requests in the tunnel are refused before any upstream sees them",
  async (test) => {
    const answers = await Promise.all(
      raw.map(async ({ name, head, body = "" }) => {
        const socket = await openSecureTunnel(run, "allowed.test:443");
        const { text } = await exchange(socket, `${head}\r\nConnection: close\r\n\r\n${body}`);
        return { name, answer: text.slice(0, 100) };
      }),
    );
    test.same(
      answers.filter(({ answer }) => !/^HTTP\/1\.[01] (400|403|404|501) |^$/.test(answer)),
      [],
    );
    test.same([...upstreams.tls.requests, ...upstreams.plain.requests], []);
  },
);

t.test("Host beside :authority does not reach another host over HTTP/2", async (test) => {
  const connection = openHttp2(await openSecureTunnel(run, "allowed.test:443", "h2"));
  test.teardown(() => connection.close());
  const response = await connection
    .request({ path: "/bytes/10", authority: "allowed.test", headers: { host: "unlisted.test" } })
    .catch(() => undefined);
  const hosts = upstreams.tls.requests.map(({ host, headers }) => [host, headers["host"] ?? host]);
  if (response?.status === 200) test.same(hosts, [["allowed.test", "allowed.test"]]);
  else test.same(hosts, []);
});

t.test(
  "CONNECT and extended CONNECT for other protocols are refused on HTTP/2 in the tunnel",
  async (test) => {
    const connection = openHttp2(await openSecureTunnel(run, "allowed.test:443", "h2"));
    test.teardown(() => connection.close());
    const stream = connection.session.request({
      ":method": "CONNECT",
      ":authority": "unlisted.test:443",
    });
    const status = await new Promise((resolve) => {
      stream.once("response", (headers) => resolve(headers[":status"]));
      stream.once("error", () => resolve("reset"));
      stream.once("close", () => resolve("closed"));
    });
    test.not(status, 200);
    test.same(upstreams.tls.requests, []);
  },
);

t.test("what the agent writes cannot break out of the refusal that repeats it", async (test) => {
  const path = `/a"b\\c%22,"error":null,"d":"`;
  const head = `GET ${path} HTTP/1.1\r\nHost: unlisted.test\r\nConnection: close\r\n\r\n`;
  const socket = await openSecureTunnel(run, "unlisted.test:443");
  const { text } = await exchange(socket, head);
  test.match(text, /^HTTP\/1\.1 40[03] /);
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  if (body.startsWith("{")) test.match(JSON.parse(body).error, { code: "clrk_default_policy" });
});

t.test("X-Forwarded-Host and its like decide nothing", async (test) => {
  const headers = {
    "x-forwarded-host": "unlisted.test",
    "x-host": "unlisted.test",
    "x-original-url": "/status/500",
    "x-rewrite-url": "/status/500",
    forwarded: "host=unlisted.test",
    "x-http-method-override": "DELETE",
  };
  const response = await requestThrough(run, "https://allowed.test/bytes/10", { headers });
  test.equal(response.status, 200);
  test.match(upstreams.tls.requests, [{ host: "allowed.test", path: "/bytes/10", method: "GET" }]);
  const denied = await requestThrough(run, "https://unlisted.test/bytes/10", {
    headers: { "x-forwarded-host": "allowed.test", forwarded: "host=allowed.test" },
  });
  test.equal(denied.status, 403);
});

t.test("an upgrade to cleartext HTTP/2 does not open a way around the rules", async (test) => {
  const head =
    "GET http://plain.test/bytes/10 HTTP/1.1\r\nHost: plain.test\r\nConnection: Upgrade, HTTP2-Settings\r\n" +
    `Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nProxy-Authorization: ${run.authorization}\r\n\r\n`;
  const { text } = await exchange(await openTcp(run.proxy), head, { until: /\r\n\r\n/ });
  test.notMatch(text, /^HTTP\/1\.1 101/);
  for (const { headers } of upstreams.plain.requests) {
    test.equal(headers["upgrade"], undefined);
    test.equal(headers["http2-settings"], undefined);
  }
});

t.test("an https target in absolute form is not sent in the clear", async (test) => {
  const head =
    "GET https://plain.test/bytes/10 HTTP/1.1\r\nHost: plain.test\r\n" +
    `Proxy-Authorization: ${run.authorization}\r\nConnection: close\r\n\r\n`;
  const { text } = await exchange(await openTcp(run.proxy), head, { until: /\r\n\r\n/ });
  test.notMatch(text, /^HTTP\/1\.1 200/);
  test.same(upstreams.plain.requests, []);
});

t.test(
  "a denied path stays denied in every spelling that an upstream could take for it",
  async (test) => {
    test.equal((await requestThrough(run, "https://paths.test/bytes/10")).status, 200);
    upstreams.tls.reset();
    const answers = await Promise.all(
      deniedSpellings.map(async (path) => {
        const socket = await openSecureTunnel(run, "paths.test:443");
        const head = `GET ${path} HTTP/1.1\r\nHost: paths.test\r\nConnection: close\r\n\r\n`;
        const { text } = await exchange(socket, head);
        return { path, answer: text.slice(0, 100) };
      }),
    );
    test.same(
      answers.filter(({ answer }) => !/^HTTP\/1\.1 (403|400) /.test(answer)),
      [],
    );
    test.same(
      upstreams.tls.requests.map(({ path }) => path),
      [],
    );
  },
);
