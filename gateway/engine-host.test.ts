/** Tests that the engine is started when it is needed, once, and that none is left behind. */
import t from "tap";
import type { Engine, EngineStatus } from "./engine.ts";
import { EngineHost, needsEngine } from "./engine-host.ts";
import { silentLogger } from "./log.ts";
import { SecretValue } from "./secret-value.ts";
import type { HttpRule, Snapshot } from "./snapshot.ts";
import {
  attempt,
  backend,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "./testdata/gateway-snapshot.ts";

const status: EngineStatus = {
  threads: { serving: 2, wanted: 2 },
  replaced: 0,
  streams: { open: 0, total: 0 },
  connections: { open: 0, total: 0, bytesUpstream: 0, bytesDownstream: 0 },
  failed: 0,
  droppedFacts: 0,
  limited: { spent: 0, full: 0, unreachable: 0, unshared: 0 },
  budgets: { exhausted: 0, full: 0, unwritten: 0, failure: "" },
};

function snapshotOf(revision: number, ...rules: HttpRule[]): Snapshot {
  return {
    revision,
    gateways: [gatewaySnapshot({ hosts: [hostPolicy("a.example.com", ...rules)] })],
  };
}

const native = (revision: number) => snapshotOf(revision, httpRule());
const asking = (revision: number) => snapshotOf(revision, httpRule({ engine: enginePlan() }));
const none = new Map<string, SecretValue>();

function open() {
  const openings: PromiseWithResolvers<void>[] = [];
  const calls: string[] = [];
  const host = new EngineHost({
    directory: "/run/clrk",
    threads: 2,
    onFacts: () => {},
    log: silentLogger,
    openEngine: async ({ directory, threads }) => {
      calls.push(`open ${directory} ${threads}`);
      const opening = Promise.withResolvers<void>();
      openings.push(opening);
      await opening.promise;
      return engine;
    },
  });
  const engine: Engine = {
    sockets: host.sockets,
    publish: async ({ revision }, credentials) => {
      calls.push(`publish ${revision} with ${credentials.size}`);
    },
    eject: () => {},
    refund: () => {},
    identify: (runs) => {
      calls.push(`identify ${runs.join(" ")}`);
    },
    status: () => status,
    figures: () => ({ threads: [], handling: { bounds: [], counts: [0], sum: 0 } }),
    budgets: () => [],
    close: async (drainMs) => {
      calls.push(`close ${drainMs}`);
    },
  };
  return { host, openings, calls };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test("sockets are named before the engine runs, one a thread", async (t) => {
  t.same(open().host.sockets, ["/run/clrk/engine-0.sock", "/run/clrk/engine-1.sock"]);
});

t.test("publish() starts nothing for rules that Envoy enforces alone", async (t) => {
  const { host, calls } = open();
  await host.publish(native(1), none);
  t.equal(host.status(), undefined);
  await host.close(100);
  t.same(calls, []);
});

t.test(
  "publish() starts the engine for the first snapshot that needs it, and keeps it",
  async (t) => {
    const { host, openings, calls } = open();
    await host.publish(native(1), none);
    let isDecided = false;
    const published = host.publish(asking(2), new Map([["a", new SecretValue("x")]])).then(() => {
      isDecided = true;
    });
    await turn();
    t.notOk(isDecided, "Envoy must not ask before");
    openings[0]?.resolve();
    await published;
    await host.publish(native(3), none);
    t.equal(host.status(), status);
    t.same(calls, ["open /run/clrk 2", "publish 2 with 1", "publish 3 with 0"]);
  },
);

t.test(
  "publish() waits for an engine that is being started, and starts no second one",
  async (t) => {
    const { host, openings, calls } = open();
    const published = [host.publish(asking(1), none), host.publish(asking(2), none)];
    await turn();
    t.equal(openings.length, 1);
    openings[0]?.resolve();
    await Promise.all(published);
    t.same(calls, ["open /run/clrk 2", "publish 1 with 0", "publish 2 with 0"]);
  },
);

t.test("publish() fails with the engine, and the next snapshot tries again", async (t) => {
  const { host, openings, calls } = open();
  const published = host.publish(asking(1), none);
  openings[0]?.reject(new Error("No thread"));
  await t.rejects(published, { message: "No thread" });
  t.equal(host.status(), undefined);
  const again = host.publish(asking(2), none);
  openings[1]?.resolve();
  await again;
  t.same(calls, ["open /run/clrk 2", "open /run/clrk 2", "publish 2 with 0"]);
});

t.test("identify() tells a running engine, and one that is being started", async (t) => {
  const { host, openings, calls } = open();
  host.identify([["run-1", "Process/default/a", "i"]]);
  const published = host.publish(asking(1), none);
  await turn();
  host.identify([["run-2", "Process/default/a", "i"]]);
  openings[0]?.resolve();
  await published;
  host.identify([["run-3", "Process/default/b", "i"]]);
  await turn();
  const told = calls.filter((call) => call.startsWith("identify"));
  t.same(told, ["identify run-2,Process/default/a,i", "identify run-3,Process/default/b,i"]);
});

t.test("close() ends the engine, and nothing is published after it", async (t) => {
  const { host, openings, calls } = open();
  const published = host.publish(asking(1), none);
  openings[0]?.resolve();
  await published;
  await host.close(500);
  await host.publish(asking(2), none);
  t.same(calls, ["open /run/clrk 2", "publish 1 with 0", "close 500"]);
});

t.test("close() ends an engine that was being started", async (t) => {
  const { host, openings, calls } = open();
  const published = host.publish(asking(1), none);
  const closed = host.close(0);
  openings[0]?.resolve();
  await Promise.all([published, closed]);
  t.same(calls, ["open /run/clrk 2", "close 0"]);
  await host.publish(asking(2), none);
  t.equal(openings.length, 1);
});

t.test("close() of an engine that could not be started is an end, too", async (t) => {
  const { host, openings } = open();
  const published = host.publish(asking(1), none);
  const closed = host.close();
  openings[0]?.reject(new Error("No thread"));
  await t.rejects(published, { message: "No thread" });
  await closed;
});

const deny = { kind: "deny", status: 403, reason: "deny-policy", message: "No" } as const;
const needs: readonly { readonly name: string; readonly rule: HttpRule; readonly want: boolean }[] =
  [
    { name: "a rule of Envoy's own filters", rule: httpRule(), want: false },
    { name: "a refusal", rule: httpRule({ action: deny }), want: false },
    { name: "a plan", rule: httpRule({ engine: enginePlan() }), want: true },
    {
      name: "a signature",
      rule: httpRule({ action: forward({ attempt: attempt("aws") }) }),
      want: true,
    },
    {
      name: "a backend without either",
      rule: httpRule({ action: forward({ backends: [backend("a.example.com")] }) }),
      want: false,
    },
    {
      name: "a backend's signature",
      rule: httpRule({
        action: forward({ backends: [backend("a.example.com", { attempt: attempt("aws") })] }),
      }),
      want: true,
    },
    {
      name: "a backend's plan",
      rule: httpRule({
        action: forward({ backends: [backend("a.example.com", { engine: enginePlan() })] }),
      }),
      want: true,
    },
  ];

for (const { name, rule, want } of needs) {
  t.test(`needsEngine() of ${name} is ${want}`, async (t) => {
    t.equal(needsEngine(snapshotOf(1, httpRule(), rule)), want);
  });
}

t.test("needsEngine() of a ceiling of open requests is true", async (t) => {
  const gateways = [gatewaySnapshot({ maxConcurrentRequests: 1 })];
  t.equal(needsEngine({ revision: 1, gateways }), true);
});

t.test("needsEngine() of no gateway is false", async (t) => {
  t.equal(needsEngine({ revision: 1, gateways: [] }), false);
});
