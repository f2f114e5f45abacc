/** Limits that replicas of the gateway share by a real NATS, as agents meet them: three gateways, each with its Envoy. */
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun, RunningGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { needsNats, startNatsServer } from "../harness/nats-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const { program, skip } = await needsNats();
const upstreams = await startUpstreams(t, { tlsHosts: ["tools.test"] });

const most = 120;
const paths = {
  "/bytes/1": "exact",
  "/bytes/2": "killed",
  "/bytes/3": "local",
  "/bytes/4": "fresh",
} as const;
type ToolPath = keyof typeof paths;
const limited = (name: string) => ({
  type: "ExtensionRef",
  extensionRef: { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name },
});
const limit = (name: string, shared: object) =>
  objectManifest("RateLimitPolicy", name, { requests: most, window: "1h", shared });

const manifests = {
  "gateway.yaml": gatewayManifest(upstreams),
  "limits.yaml": [
    limit("exact", {}),
    limit("killed", { onUnreachable: "Refuse" }),
    limit("fresh", { onUnreachable: "Refuse" }),
    limit("local", { onUnreachable: "Local" }),
  ].join(""),
  "routes.yaml": objectManifest("EgressHTTPRoute", "tools", {
    hostnames: ["tools.test"],
    rules: Object.entries(paths).map(([path, name]) => ({
      matches: [{ path: { type: "Exact", value: path } }],
      filters: [limited(name)],
    })),
  }),
};

interface Replica {
  readonly gateway: RunningGateway;
  readonly run: GatewayRun;
}

const ask = ({ run }: Replica, path: ToolPath) => requestThrough(run, `https://tools.test${path}`);

/** Statuses of what callers of each replica are told, one request after another, until all were refused for long. */
async function exhaust(replicas: readonly Replica[], path: ToolPath): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  const callers = replicas.flatMap((replica) => Array.from({ length: 3 }, () => replica));
  let refusals = 0;
  await Promise.all(
    callers.map(async (replica) => {
      while (refusals < 12 * callers.length) {
        const { status } = await ask(replica, path);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        refusals = status === 200 ? 0 : refusals + 1;
        if (status === 200) continue;
        // Nobody asks again at once, and what another replica does not use comes back meanwhile.
        await new Promise((wake) => setTimeout(wake, 150));
      }
    }),
  );
  return counts;
}

t.test("three gateways are one to a shared limit", { skip }, async (test) => {
  const nats = await startNatsServer(test, program);
  const replicas: Replica[] = [];
  for (let count = 0; count < 3; count++) {
    const gateway = await startGateway(test, { nats: [nats.url], manifests });
    replicas.push({ gateway, run: await gateway.registerRun("worker") });
  }
  const gateways = replicas.map(({ gateway }) => gateway);
  await waitUntil(
    async () => {
      const states = await Promise.all(gateways.map((gateway) => gateway.status()));
      return states.every(({ sharedLimits }) => sharedLimits?.replicas === 3);
    },
    { deadlineMs: 15_000, what: "replicas that know of each other" },
  );
  const [first, second, third] = replicas;
  if (first === undefined || second === undefined || third === undefined) return;

  const counts = await exhaust(replicas, "/bytes/1");
  const passed = counts.get(200) ?? 0;
  test.ok(passed <= most && passed >= most * 0.9, `${passed} of ${most} passed`);
  test.same([...counts.keys()].toSorted(), [200, 429], "and nothing else happened");

  for (let turn = 0; turn < 5; turn++) test.equal((await ask(third, "/bytes/2")).status, 200);
  third.gateway.child.kill("SIGKILL");
  const left = (await exhaust([first, second], "/bytes/2")).get(200) ?? 0;
  // It held no portion of more than a quarter of what was left, and used five.
  test.ok(left <= most - 5 && left >= (most - 5) * 0.75, `${left} passed after a kill`);

  await nats.kill();
  await waitUntil(async () => (await first.gateway.status()).sharedLimits?.isReachable === false, {
    deadlineMs: 20_000,
    what: "the loss",
  });
  const refused = await ask(first, "/bytes/4");
  test.equal(refused.status, 503);
  test.match(refused.headers, { "x-clrk-deny-reason": "limit-unavailable", "retry-after": "1" });
  test.match(JSON.parse(refused.body.toString()), { error: { code: "clrk_limit_unavailable" } });
  await first.gateway.waitForRecord(({ decision }) => decision.reason === "limit-unavailable");
  test.equal((await ask(second, "/bytes/3")).status, 200, "one that counts alone goes on");
  const { sharedLimits, engine } = await first.gateway.status();
  test.match(sharedLimits, { failure: /^Cannot reach NATS at nats:/ });
  test.ok((engine?.limited.unreachable ?? 0) >= 1);
  const told = first.gateway.log.match(/NATS cannot be reached/g) ?? [];
  test.equal(told.length, 1, "told once");

  await nats.start();
  await waitUntil(async () => (await first.gateway.status()).sharedLimits?.isReachable === true, {
    deadlineMs: 15_000,
    what: "the way back",
  });
  const again = await exhaust([first, second], "/bytes/1");
  test.ok((again.get(200) ?? 0) <= most - passed + 2, "what was used is still used");
});

t.test("a limit that asks to be shared refuses where nothing is shared", { skip }, async (test) => {
  const gateway = await startGateway(test, { manifests });
  const run = await gateway.registerRun("worker");
  const { status, headers } = await ask({ gateway, run }, "/bytes/1");
  test.equal(status, 403);
  test.match(headers, { "x-clrk-deny-reason": "not-enforced" });
  const { items } = await gateway.objects("RateLimitPolicy");
  test.match(JSON.stringify(items[0]), /spec\.shared/);
});
