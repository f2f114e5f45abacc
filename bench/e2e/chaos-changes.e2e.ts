/** Configuration that changes under load: not one request fails, streams in flight are not cut, and the last word wins. */
import t from "tap";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { httpOver } from "../harness/http-over-socket.ts";
import { startLoad } from "../harness/load-loop.ts";
import { waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["allowed.test"],
});
const tcp = { name: "tcp", protocol: "TCP", port: 5432 };
const listeners = [
  { name: "tls", protocol: "TLS", tls: { mode: "Terminate" } },
  { name: "http", protocol: "HTTP" },
  tcp,
];
const gatewayWith = (spec: object) => gatewayManifest({ ...upstreams, listeners, spec });
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayWith({}),
    "routes.yaml": allowHosts("allowed", ["allowed.test"]),
    "credential.yaml": headerCredential({
      secret: "upstream",
      route: { kind: "EgressHTTPRoute", name: "allowed" },
      headerName: "x-upstream-key",
    }),
    "secret.yaml": secret(0),
  },
});
const run = await gateway.registerRun("changed");

t.beforeEach(() => {
  upstreams.tls.reset();
});

type Rewrite = (index: number) => [file: string, text: string];

/** One kind of change each: what Envoy gets is routes, secrets, chains of listeners, whole listeners. */
const rewrites: readonly [Rewrite, ...Rewrite[]] = [
  (index) => ["toggle.yaml", allowHosts("toggle", [`toggled-${index}.test`])],
  (index) => ["secret.yaml", secret(index)],
  (index) => [
    "l4.yaml",
    objectManifest("EgressL4Route", "db", {
      parentRefs: [
        { group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress", sectionName: "tcp" },
      ],
      rules: [{ matches: [{ destinationCIDRs: [`203.0.113.${index}/32`] }] }],
    }),
  ],
  (index) => ["gateway.yaml", gatewayWith({ requestTimeout: `${100 + index}s` })],
];

t.test("twenty rewrites under load fail not one request", async (test) => {
  const load = startLoad(run, { connections: 24, urls: ["https://allowed.test/bytes/100"] });
  await waitUntil(() => load.answered > 50, { deadlineMs: 20_000, what: "load" });
  for (let index = 0; index < 20; index++) {
    const rewrite = rewrites[index % rewrites.length] ?? rewrites[0];
    await gateway.change(...rewrite(Math.floor(index / rewrites.length) + 1));
  }
  const { statuses, failures } = await load.stop();
  test.comment(`${load.answered} requests`);
  test.same(failures, []);
  test.same([...statuses.keys()], [200]);
  test.match((await gateway.status()).gateways, [{ ready: true, rejection: "" }]);
  await requestThrough(run, "https://allowed.test/bytes/100");
  test.equal(upstreams.tls.requests.at(-1)?.headers["x-upstream-key"], "value-5");
});

t.test("a stream in flight outlives a change of every kind", async (test) => {
  const socket = await openSecureTunnel(run, "allowed.test:443");
  const path = "/sse?events=30&intervalMs=100";
  const answer = httpOver(socket, { path, authority: "allowed.test" });
  await waitUntil(() => upstreams.tls.requests.length > 0, { deadlineMs: 10_000, what: "stream" });
  for (const rewrite of rewrites) await gateway.change(...rewrite(10));
  const { status, complete } = await answer;
  test.same({ status, complete }, { status: 200, complete: true });
});

t.test("a burst of rewrites ends with the last one", async (test) => {
  const { revision } = await gateway.status();
  for (let index = 20; index <= 40; index++) gateway.writeManifest("secret.yaml", secret(index));
  await gateway.waitForRevision(revision);
  await waitUntil(
    async () => {
      await requestThrough(run, "https://allowed.test/bytes/100");
      return upstreams.tls.requests.at(-1)?.headers["x-upstream-key"] === "value-40";
    },
    { deadlineMs: 20_000, what: "last value", intervalMs: 50 },
  );
  test.match((await gateway.status()).gateways, [{ ready: true, rejection: "" }]);
});

function secret(index: number): string {
  const metadata = { name: "upstream" };
  const stringData = { token: `value-${index}` };
  return `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData })}\n`;
}
