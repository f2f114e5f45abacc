import { once } from "node:events";
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
const tcp = { name: "raw", protocol: "TCP" };
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({ ...upstreams, listeners: [...interceptingListeners, tcp] }),
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

async function exchange(target: TcpUpstream, say: string): Promise<string> {
  const answer = await openThroughProxy(run.proxy, {
    target: `${target.address}:${target.port}`,
    authorization: run.authorization,
  });
  if (answer.kind === "refused") return `refused with ${answer.status}`;
  const { socket } = answer;
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.endsWith(say)) socket.end();
  });
  if (say !== "") socket.write(say);
  await once(socket, "close", { signal: AbortSignal.timeout(3_000) });
  return text;
}

t.test("a raw connection passes by address and port", async (test) => {
  test.equal(await exchange(first, "\u0000\u0001raw bytes"), "\u0000\u0001raw bytes");
  test.equal(await exchange(third, "and more"), "readyand more");
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
  test.equal(await exchange(second, "raw bytes"), "");
  test.equal(second.connections.length, 0);
  const record = await gateway.waitForRecord(({ request }) => request.port === second.port);
  test.match(record, { upstream: null, decision: { verdict: "deny", reason: "default-policy" } });
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
      ({ request }) => request.host === hostname && (port === "" || request.port === Number(port)),
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
          listeners: [...interceptingListeners, tcp],
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
    test.equal(await rawTo(anyone, second), "");
    test.equal(second.connections.length, 0);
    const local = await open.waitForRecord(({ request }) => request.host === "127.0.0.1");
    test.equal(local.decision.verdict, "deny");
  },
);

async function rawTo(who: GatewayRun, { address, port }: TcpUpstream): Promise<string> {
  const target = `${address}:${port}`;
  const { authorization } = who;
  const answer = await openThroughProxy(who.proxy, { target, authorization });
  if (answer.kind === "refused") return `refused with ${answer.status}`;
  let text = "";
  answer.socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  answer.socket.write("\u0000raw");
  await once(answer.socket, "close", { signal: AbortSignal.timeout(3_000) });
  return text;
}
