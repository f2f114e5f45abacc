import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import {
  gatewayManifest,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import type { TcpUpstream } from "../harness/tcp-upstream.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["echo.test", "one.wild.test", "a.b.wild.test"],
  plainHosts: ["plain.test"],
});
const [first, second, third] = [
  await createTcpUpstream(),
  await createTcpUpstream(),
  await createTcpUpstream({ banner: "ready" }),
];
for (const upstream of [first, second, third]) t.teardown(() => upstream.close());
// By port: on any other, a first byte that comes late would count as that of a raw protocol.
const rawListeners = [first, second, third].map(({ port }) => ({
  name: `raw-${port}`,
  protocol: "TCP",
  port,
}));
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      listeners: [...interceptingListeners, ...rawListeners],
    }),
    "routes.yaml": [
      objectManifest("EgressL4Route", "by-address", {
        rules: [
          {
            matches: [
              {
                destinationCIDRs: ["127.0.0.0/8"],
                ports: [{ startPort: first.port, endPort: first.port }, { port: third.port }],
              },
            ],
          },
        ],
      }),
      objectManifest("EgressL4Route", "by-name", {
        rules: [{ matches: [{ destinationHostnames: ["echo.test", "*.wild.test"] }] }],
      }),
      objectManifest("EgressL4Route", "by-name-and-port", {
        rules: [{ matches: [{ destinationHostnames: ["plain.test"], ports: [{ port: 80 }] }] }],
      }),
    ].join(""),
  },
});
const run = await gateway.registerRun("dialler");

/** What came back until the end; sends `say` and closes once the upstream has echoed it. */
async function exchange(who: GatewayRun, target: TcpUpstream, say: string): Promise<string> {
  const answer = await openThroughProxy(who.proxy, {
    target: `${target.address}:${target.port}`,
    authorization: who.authorization,
  });
  if (answer.kind === "refused") return "refused";
  const { socket } = answer;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Cannot see the end: still open")), 3_000);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith(say)) socket.end();
    });
    // A reset is an end as well.
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(text === "" ? "refused" : text);
    });
    socket.write(say);
  });
}

t.test("a raw connection passes by address and port", async (test) => {
  test.equal(await exchange(run, first, "\u0000\u0001raw bytes"), "\u0000\u0001raw bytes");
  test.equal(await exchange(run, third, "and more"), "readyand more");
  const record = await gateway.waitForRecord(({ request }) => request.port === first.port);
  test.match(record, {
    kind: "tcp",
    agent: { uid: run.runId },
    listener: "explicit",
    request: { host: "127.0.0.1", bytes: 11 },
    response: { bytes: 11 },
    upstream: { address: `127.0.0.1:${first.port}` },
    decision: { verdict: "allow", route: { kind: "EgressL4Route", name: "by-address", rule: 0 } },
  });
});

t.test("a raw connection to a port that no rule names is closed", async (test) => {
  test.equal(await exchange(run, second, "raw bytes"), "refused");
  test.equal(second.connections.length, 0);
  const record = await gateway.waitForRecord(({ request }) => request.port === second.port);
  test.match(record, { upstream: null, decision: { verdict: "deny", reason: "default-policy" } });
});

t.test("a refused raw connection is told why in the answer to CONNECT", async (test) => {
  const target = `${second.address}:${second.port}`;
  const answer = await openThroughProxy(run.proxy, { target, authorization: run.authorization });
  test.match(answer, {
    kind: "refused",
    status: 403,
    body: `No raw connection to ${target}: no route allows it, or it leads to an address that is never dialled\n`,
  });
});

t.test("a refused raw connection makes one record", async (test) => {
  const once = await gateway.registerRun("once");
  await exchange(once, second, "raw bytes");
  // A refusal of the proxy itself: when it is recorded, so is all that the proxy recorded before it.
  const target = `${second.address}:${second.port}`;
  await openThroughProxy(run.proxy, { target, authorization: "Basic eDp5" });
  await gateway.waitForRecord(({ decision }) => decision.reason === "proxy-credential");
  await gateway.waitForRecord(({ agent }) => agent?.uid === once.runId);
  const own = gateway.records.filter(({ agent }) => agent?.uid === once.runId);
  test.match(own, [{ kind: "tcp", decision: { reason: "default-policy" } }]);
  test.equal(own.length, 1);
});

const requests = [
  { url: "https://echo.test/status/418", status: 418, route: "by-name" },
  { url: "https://one.wild.test/status/418", status: 418, route: "by-name" },
  { url: "https://a.b.wild.test/status/418", status: 403, route: undefined },
  { url: "http://plain.test/status/418", status: 418, route: "by-name-and-port" },
  { url: "http://plain.test:8080/status/418", status: 403, route: undefined },
];

for (const { url, status, route } of requests) {
  t.test(`${url} is ${route === undefined ? "refused" : `allowed by ${route}`}`, async (test) => {
    const response = await requestThrough(run, url);
    test.equal(response.status, status);
    const { hostname, protocol, port } = new URL(url);
    const record = await gateway.waitForRecord(
      ({ request }) =>
        request.host === hostname &&
        request.path === "/status/418" &&
        (port === "" || request.port === Number(port)),
    );
    test.match(record, {
      kind: "http",
      request: { scheme: protocol.slice(0, -1) },
      decision:
        route === undefined ? { verdict: "deny" } : { verdict: "allow", route: { name: route } },
    });
  });
}

t.test(
  "defaultPolicy allow-all lets pass what no rule refuses, but no guarded address",
  async (test) => {
    const open = await startGateway(test, {
      manifests: {
        "gateway.yaml": gatewayManifest({
          ...upstreams,
          listeners: [...interceptingListeners, ...rawListeners],
          spec: { defaultPolicy: "allow-all" },
        }),
        "routes.yaml": [
          objectManifest("EgressHTTPRoute", "denied", { hostnames: ["plain.test"], rules: [{}] }),
          objectManifest("EgressDenyPolicy", "denied", {
            targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "denied" }],
          }),
        ].join(""),
      },
    });
    const anyone = await open.registerRun("anyone");
    const response = await requestThrough(anyone, "https://echo.test/status/418");
    test.equal(response.status, 418);
    const record = await open.waitForRecord(({ request }) => request.host === "echo.test");
    test.match(record.decision, { verdict: "allow", reason: null, route: null });
    const denied = await requestThrough(anyone, "http://plain.test/");
    test.equal(denied.status, 403);
    test.equal(denied.headers["x-clrk-deny-reason"], "deny-policy");
    const guarded = await requestThrough(anyone, `http://127.0.0.1:${upstreams.plain.port}/`);
    test.ok(guarded.status >= 400, `status ${guarded.status}`);
    test.equal(await exchange(anyone, second, "raw bytes"), "refused");
    test.equal(second.connections.length, 0);
    const local = await open.waitForRecord(
      ({ kind, request }) => kind === "http" && request.host === "127.0.0.1",
    );
    test.match(local.decision, { verdict: "deny", reason: "guarded-address" });
    const raw = await open.waitForRecord(({ request }) => request.port === second.port);
    test.match(raw.decision, { verdict: "deny", reason: "guarded-address" });
    for (const { name, reason } of [
      { name: "localhost", reason: "unreachable" },
      { name: "nothing.invalid", reason: "unreachable" },
      { name: "echo.test", reason: null },
    ]) {
      const answer = await openThroughProxy(anyone.proxy, {
        target: `${name}:${third.port}`,
        authorization: anyone.authorization,
      });
      if (answer.kind === "tunnel") {
        answer.socket.on("error", () => {}).resume();
        answer.socket.end();
      }
      const record = await open.waitForRecord(
        ({ request }) => request.host === name && request.port === third.port,
      );
      test.match(record, {
        kind: "tcp",
        decision: { verdict: reason === null ? "allow" : "deny", reason },
      });
    }
  },
);
