/** Tests one served gateway: what is published when, what counts as live, its files, and its end. */
import { mkdir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "./clock.ts";
import type { GatewayCertificates } from "./gateway-runtime.ts";
import { SecretValue } from "./secret-value.ts";
import { alice, eventually, needsEnvoy, realEnvoy } from "./testdata/envoy-rig.ts";
import {
  bearer,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  l4Rule,
  sigv4,
} from "./testdata/gateway-snapshot.ts";
import { openWorkshop, testCertificates } from "./testdata/runtime.ts";

const none = new Map<string, SecretValue>();
const key = "default/egress";

t.test("publish() and start() bring a real Envoy to the revision", needsEnvoy, async (t) => {
  const { create, events } = await openWorkshop(t, realEnvoy);
  const gateway = gatewaySnapshot();
  const runtime = await create(gateway);
  t.match(runtime.status(), { ready: false, liveRevision: 0 });
  await runtime.publish(gateway, none, { revision: 7 });
  await runtime.start();
  await runtime.whenLive(10_000);
  await eventually(() => runtime.liveRevision === 7 || undefined);
  t.match(runtime.status(), {
    namespace: "default",
    name: "egress",
    defaultPolicy: "deny-all",
    ready: true,
    reason: "",
    rejection: "",
    explicitProxy: { address: "127.0.0.1" },
    listeners: [
      { name: "tls", attachedRoutes: 0 },
      { name: "plain", attachedRoutes: 0 },
    ],
    envoy: { restarts: 0 },
    certificates: { minted: 1, live: 2, refused: 3, directory: "/ca" },
    trust: { bundle: "/trust/bundle.pem" },
  });
  await runtime.setRuns([alice], 10_000);
  t.equal(events.at(-1)?.kind, "live", "a run's credential is live when setRuns() resolves");
  const { explicitProxy } = runtime;
  await runtime.publish({ ...gateway, defaultPolicy: "allow-all" }, none, { revision: 8 });
  t.equal(runtime.explicitProxy, explicitProxy, "agents were told the address");
  await runtime.whenLive(10_000);
  await eventually(() => runtime.liveRevision === 8 || undefined);
  await runtime.publish({ ...gateway, explicitProxy: { address: "127.0.0.2", port: 0 } }, none, {
    revision: 9,
  });
  t.match(runtime.explicitProxy, { address: "127.0.0.2" }, "until the object wants another one");
  await runtime.whenLive(10_000);
  t.equal(runtime.ruleFacts.revision, 9, "decides new connections");
  t.equal(runtime.liveRevision, 8, "but connections of the listener before may be open");
  await eventually(() => runtime.liveRevision === 9 || undefined);
});

t.test("a revision is live when nothing before it decides any more", async (t) => {
  const { create, directory } = await openWorkshop(t);
  const gauges = { listeners_warming: 0, listeners_draining: 0, filter_chains_draining: 0 };
  const admin = await serveGauges(t, path.join(directory, "g0", "admin.sock"), gauges);
  const lives: number[] = [];
  const gateway = gatewaySnapshot();
  const runtime = await create(gateway, { onLive: () => void lives.push(runtime.liveRevision) });
  const confirm = (revision: number) =>
    runtime.onAdsEvent({ kind: "live", gateway: key, revision });
  await runtime.publish(gateway, none, { revision: 1 });
  await runtime.start();
  gauges.listeners_warming = 1;
  confirm(1);
  await admin.asked(2);
  t.same([runtime.liveRevision, runtime.ruleFacts.revision], [0, 1], "waits for routes");
  gauges.listeners_warming = 0;
  await eventually(() => runtime.liveRevision === 1 || undefined);
  const bounded = { ...gateway, requestSize: { headerBytes: 16_384 } };
  await runtime.publish(bounded, none, { revision: 2 });
  gauges.filter_chains_draining = 1;
  confirm(2);
  await admin.asked(2);
  t.equal(runtime.liveRevision, 1, "chains before it drain");
  await runtime.publish({ ...bounded, hosts: [] }, none, { revision: 3 });
  confirm(3);
  await admin.asked(2);
  t.equal(runtime.liveRevision, 1, "one that changes routes alone waits for those chains too");
  gauges.filter_chains_draining = 0;
  await eventually(() => runtime.liveRevision === 3 || undefined);
  const before = admin.count;
  await runtime.publish({ ...bounded, hosts: [hostPolicy("a.test")] }, none, { revision: 4 });
  confirm(4);
  t.equal(runtime.liveRevision, 4, "routes alone are live at once");
  t.equal(admin.count, before, "and nothing is asked");
  t.same(lives, [1, 3]);
});

t.test("whenListening() waits for the threads of an Envoy that has just begun", async (t) => {
  const { create, directory } = await openWorkshop(t);
  const gauges = {
    ...{ listeners_warming: 0, listeners_draining: 0, filter_chains_draining: 0 },
    workers_started: 0,
  };
  const admin = await serveGauges(t, path.join(directory, "g0", "admin.sock"), gauges);
  const runtime = await create(gatewaySnapshot());
  await runtime.publish(gatewaySnapshot(), none, { revision: 1 });
  await runtime.start();
  let isListening = false;
  const listening = runtime.whenListening(10_000).then(() => {
    isListening = true;
  });
  runtime.onAdsEvent({ kind: "live", gateway: key, revision: 1 });
  await runtime.whenLive(10_000);
  await admin.asked(2);
  t.same([isListening, runtime.liveRevision], [false, 0], "it is confirmed, and nothing listens");
  gauges.workers_started = 1;
  await listening;
  t.equal(runtime.liveRevision, 1);
  await runtime.whenListening(10_000);
  runtime.onAdsEvent({ kind: "connected", gateway: key });
  gauges.workers_started = 0;
  const again = runtime.whenListening(10_000);
  runtime.onAdsEvent({ kind: "live", gateway: key, revision: 1 });
  await admin.asked(2);
  gauges.workers_started = 1;
  await again;
});

/** Envoy's gauges on a socket as its admin interface has them; the values are read at each question. */
async function serveGauges(t: Test, socket: string, gauges: Readonly<Record<string, number>>) {
  let count = 0;
  const server = createServer((_, response) => {
    count++;
    const values = { ...gauges, workers_started: gauges["workers_started"] ?? 1 };
    const lines = Object.entries(values).map(([name, value]) => {
      return `listener_manager.${name === "workers_started" ? "" : "total_"}${name}: ${value}\n`;
    });
    response.end(lines.join(""));
  });
  t.teardown(() => void server.close());
  await mkdir(path.dirname(socket), { recursive: true });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    get count() {
      return count;
    },
    asked: async (more: number) => {
      const wanted = count + more;
      await eventually(() => count >= wanted || undefined);
    },
  };
}

t.test(
  "a confirmation of the revision before does not count for the one in the making",
  async (t) => {
    const { create } = await openWorkshop(t);
    const updates: (() => void)[] = [];
    const certificates: GatewayCertificates = {
      ...testCertificates(),
      update: () => new Promise((resolve) => updates.push(resolve)),
    };
    const gateway = gatewaySnapshot();
    const runtime = await create(gateway, { certificates });
    const publish = async (revision: number) => {
      const published = runtime.publish(gateway, none, { revision: revision });
      while (updates.length === 0) await new Promise((resolve) => setImmediate(resolve));
      return { published, release: () => updates.shift()?.() };
    };
    const first = await publish(1);
    first.release();
    await first.published;
    const second = await publish(2);
    runtime.onAdsEvent({ kind: "live", gateway: key, revision: 1 });
    t.equal(runtime.liveRevision, 1);
    second.release();
    await second.published;
    t.equal(runtime.liveRevision, 1);
    runtime.onAdsEvent({ kind: "live", gateway: key, revision: 2 });
    t.equal(runtime.liveRevision, 2);
  },
);

t.test("whenLive() gives up after its deadline", async (t) => {
  const clock = new ManualClock();
  const { create } = await openWorkshop(t);
  const runtime = await create(gatewaySnapshot(), { clock });
  await runtime.whenLive(1_000);
  await runtime.publish(gatewaySnapshot(), none, { revision: 1 });
  let isOver = false;
  const waiting = runtime.whenLive(1_000).then(() => {
    isOver = true;
  });
  clock.advance(999);
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(isOver);
  clock.advance(1);
  await waiting;
  const confirmed = runtime.whenLive(1_000);
  runtime.onAdsEvent({ kind: "live", gateway: key, revision: 1 });
  await confirmed;
  t.equal(clock.pendingTimers, 0);
});

t.test("status() says what is wrong, one thing after the other", async (t) => {
  const { create, directory } = await openWorkshop(t);
  const gateway = gatewaySnapshot();
  const runtime = await create(gateway);
  const gauges = { listeners_warming: 0, listeners_draining: 0, filter_chains_draining: 0 };
  await serveGauges(t, path.join(directory, "g0", "admin.sock"), gauges);
  await runtime.publish(gateway, none, { revision: 3 });
  const reason = () => runtime.status().reason;
  t.equal(reason(), "Envoy is not running and will be started again");
  await runtime.start();
  t.equal(reason(), "Envoy has not connected yet");
  runtime.onAdsEvent({ kind: "connected", gateway: key });
  t.equal(reason(), "Envoy has not confirmed a configuration yet");
  runtime.onAdsEvent({ kind: "live", gateway: key, revision: 1 });
  await eventually(() => reason() === "" || undefined);
  const rejected = {
    kind: "rejected",
    gateway: key,
    revision: 2,
    typeUrl: "x",
    names: ["a"],
  } as const;
  runtime.onAdsEvent({ ...rejected, message: "a is not valid" });
  t.match(runtime.status(), {
    ready: false,
    rejection: "a is not valid",
    reason: "Envoy rejected the configuration and serves revision 3",
  });
  await runtime.publish(gateway, none, { revision: 4 });
  runtime.onAdsEvent({ kind: "live", gateway: key, revision: 2 });
  t.equal(reason(), "");
  runtime.onAdsEvent({ kind: "disconnected", gateway: key });
  t.equal(reason(), "Envoy has not connected yet");
  const refusal = { reason: "not-enforced", message: "Field x is not enforced" } as const;
  await runtime.publish({ ...gateway, refusal }, none, { revision: 5 });
  t.equal(reason(), "Field x is not enforced");
});

t.test("status() counts routes by listener and by tier", async (t) => {
  const { create } = await openWorkshop(t);
  const deny = { kind: "deny", status: 403, reason: "deny-policy", message: "No" } as const;
  const named = (name: string) => ({ kind: "EgressHTTPRoute", namespace: "default", name });
  const gateway = gatewaySnapshot({
    hosts: [
      hostPolicy(
        "a.example.com",
        httpRule({ route: named("one") }),
        httpRule({ route: named("one"), ruleIndex: 1, action: deny }),
        httpRule({ route: named("two"), sections: ["tls"], action: deny }),
      ),
    ],
    l4Rules: [l4Rule()],
  });
  const runtime = await create(gateway);
  const attachments = [
    { listener: "plain", count: 2 },
    { listener: "tls", count: 3 },
  ];
  t.match(runtime.status(attachments), {
    listeners: [
      { name: "tls", attachedRoutes: 3 },
      { name: "plain", attachedRoutes: 2 },
    ],
    routes: { native: 2, refused: 1 },
  });
});

t.test("ruleFacts keep the rules of revisions shortly before", async (t) => {
  const { create } = await openWorkshop(t);
  const withRoute = (name: string) =>
    gatewaySnapshot({
      hosts: [
        hostPolicy("a.example.com", httpRule({ route: { kind: "R", namespace: "n", name } })),
      ],
    });
  const runtime = await create(withRoute("0"));
  for (let revision = 0; revision < 6; revision++) {
    await runtime.publish(withRoute(String(revision)), none, { revision: revision });
  }
  t.same(
    [...runtime.ruleFacts.ruleFacts.keys()],
    [2, 3, 4, 5].map((name) => `allow/R/n/${name}/0`),
  );
  const same = runtime.gateway;
  for (let turn = 0; turn < 6; turn++) await runtime.publish(same, none, { revision: 5 });
  t.equal(runtime.ruleFacts.ruleFacts.size, 4, "other values of credentials push nothing out");
});

t.test("publish() gives Envoy the credentials of its own rules only", async (t) => {
  const { create, ads } = await openWorkshop(t);
  const published = t.capture(ads, "publish", ads.publish);
  const use = bearer("own");
  const rule = httpRule({ action: forward({ credentials: [use, sigv4("aws")] }) });
  const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule)] });
  const runtime = await create(gateway);
  const names = [
    use.secret.resource,
    bearer("of-another-gateway").secret.resource,
    "secret/default/aws/token/secret_access_key",
    "otlp/default/egress/authorization",
  ];
  await runtime.publish(gateway, new Map(names.map((name) => [name, new SecretValue("x")])), {
    revision: 1,
  });
  const [call] = published();
  t.same([...(call?.args[1].credentials.keys() ?? [])], [use.secret.resource]);
});

t.test(
  "publish() of the same rules sends Envoy other values, and nothing for those of others",
  async (t) => {
    const { create, ads } = await openWorkshop(t);
    const published = t.capture(ads, "publish", ads.publish);
    const use = bearer("own");
    const rule = httpRule({ action: forward({ credentials: [use] }) });
    const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule)] });
    const runtime = await create(gateway);
    const { resource } = use.secret;
    const first = new SecretValue("first");
    await runtime.publish(gateway, new Map([[resource, first]]), { revision: 1 });
    await runtime.publish(
      gateway,
      new Map([
        [resource, first],
        ["secret/of/another/gateway", new SecretValue("x")],
      ]),
      { revision: 1 },
    );
    await runtime.publish(gateway, new Map([[resource, new SecretValue("second")]]), {
      revision: 1,
    });
    t.same(
      published().map(({ args }) => args[1].credentials.get(resource)?.reveal()),
      ["first", "second"],
    );
  },
);

t.test("close() ends Envoy and leaves nothing, and a second time does nothing", async (t) => {
  const { create, directory, certificateCalls } = await openWorkshop(t);
  const gateway = gatewaySnapshot();
  const runtime = await create(gateway);
  await runtime.publish(gateway, none, { revision: 1 });
  await runtime.start();
  await runtime.close(0);
  t.same(certificateCalls, ["update", "close"]);
  t.equal(runtime.status().envoy.pid, undefined);
  await t.rejects(stat(path.join(directory, "g0")), { code: "ENOENT" });
  await runtime.close(0);
});
