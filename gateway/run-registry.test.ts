/** Tests runs: tokens that only their owner has, lives that end with their follower or process, and bounds. */
import { createHash } from "node:crypto";
import t from "tap";
import { ManualClock } from "./clock.ts";
import type { InvocationEvent } from "./invocation-event.ts";
import type { EndedRun } from "./run-event.ts";
import { RunRegistry } from "./run-registry.ts";
import { deniedRecord, httpRecord } from "./testdata/egress-record.ts";
import { testTraces } from "./testdata/run.ts";

const gateway = { namespace: "default", name: "egress" };
const gatewayProcess = { home: "a".repeat(32), boot: "b".repeat(32), process: "17 4711" };
const request = { agent: "researcher", command: "python" };

function openRegistry(alive: ReadonlySet<number> = new Set()) {
  const clock = new ManualClock();
  const changes: string[] = [];
  const events: InvocationEvent[] = [];
  const ends: EndedRun[] = [];
  const registry = new RunRegistry({
    ...{ clock, gatewayProcess, traces: testTraces() },
    onChange: (key) => changes.push(key),
    onEvent: (event, ended) => {
      events.push(event);
      if (ended !== undefined) ends.push(ended);
    },
    isAlive: (identity) => alive.has(Number.parseInt(identity, 10)),
  });
  const register = () => {
    const made = registry.register(request, gateway);
    if (made === undefined) throw new TypeError("A run can be registered");
    return made;
  };
  return { clock, changes, events, ends, registry, register };
}

t.test(
  "register() makes an identity and a token that stands nowhere but in its answer",
  async (t) => {
    const { registry, changes, register } = openRegistry();
    const { run, token } = register();
    t.match(run.runId, /^run-[0-9a-f]{12}$/);
    t.match(token, /^[A-Za-z0-9_-]{32}$/);
    t.match(run, {
      gateway: "default/egress",
      command: "python",
      since: "2026-01-01T00:00:00.000Z",
      agent: {
        kind: "Process",
        namespace: "default",
        name: "researcher",
        uid: run.runId,
        invocationId: run.invocationId,
      },
    });
    const hash = createHash("sha1").update(token).digest("base64");
    t.same(registry.credentials("default/egress"), [
      { runId: run.runId, agent: "researcher", root: run.root, passwordHash: `{SHA}${hash}` },
    ]);
    t.notMatch(JSON.stringify([registry.status(), registry.find(run.runId)]), token);
    t.same(changes, ["default/egress"]);
  },
);

t.test("whatever is told of a run says which process tells its end", async (t) => {
  const { events, registry, register } = openRegistry();
  const { run } = register();
  registry.setProcess(run.runId, 4711);
  registry.end(run.runId, { kind: "exited", exitCode: 0 });
  t.match(
    events.map((event) => [event.phase, event.gatewayProcess]),
    ["Dispatched", "Running", "Succeeded"].map((phase) => [phase, gatewayProcess]),
  );
});

t.test("register() gives no two runs the same", async (t) => {
  const { register } = openRegistry();
  const runs = Array.from({ length: 100 }, register);
  t.equal(new Set(runs.map(({ run }) => run.runId)).size, 100);
  t.equal(new Set(runs.map(({ token }) => token)).size, 100);
});

t.test("register() refuses more runs than Envoy should have users", async (t) => {
  const { registry, register } = openRegistry();
  const first = register();
  for (let count = 1; count < 1_024; count++) register();
  t.equal(registry.register(request, gateway), undefined);
  registry.end(first.run.runId);
  t.ok(registry.register(request, gateway));
});

t.test("credentials() are those of the gateway", async (t) => {
  const { registry, register } = openRegistry();
  register();
  registry.register(request, { namespace: "other", name: "egress" });
  t.equal(registry.credentials("default/egress").length, 1);
  t.equal(registry.credentials("other/egress").length, 1);
  t.equal(registry.credentials("none/egress").length, 0);
});

t.test("a run that nobody follows ends after two seconds", async (t) => {
  const { clock, registry, changes, register } = openRegistry();
  const { run } = register();
  clock.advance(1_999);
  t.ok(registry.find(run.runId));
  clock.advance(1);
  t.same(registry.status(), []);
  t.same(registry.credentials("default/egress"), []);
  t.same(changes, ["default/egress", "default/egress"]);
  t.equal(clock.pendingTimers, 0);
});

t.test("a run lives as long as it is followed, and a little longer", async (t) => {
  const { clock, registry, register } = openRegistry();
  const { run } = register();
  const releases = [registry.follow(run.runId), registry.follow(run.runId)];
  clock.advance(60_000);
  t.ok(registry.find(run.runId));
  releases[0]?.();
  releases[0]?.();
  clock.advance(60_000);
  t.ok(registry.find(run.runId), "one follower is left, however often the other is released");
  releases[1]?.();
  clock.advance(1_000);
  const again = registry.follow(run.runId);
  clock.advance(60_000);
  t.ok(registry.find(run.runId), "a follower that comes back in time keeps it");
  again?.();
  clock.advance(2_000);
  t.same(registry.status(), []);
});

t.test("a run lives as long as its process", async (t) => {
  const alive = new Set([4711]);
  const { clock, registry, register } = openRegistry(alive);
  const { run } = register();
  t.ok(registry.setProcess(run.runId, 4711));
  clock.advance(60_000);
  t.ok(registry.find(run.runId));
  alive.delete(4711);
  clock.advance(2_000);
  t.same(registry.status(), []);
});

t.test("end() ends a run once, and its timer with it", async (t) => {
  const { clock, registry, changes, register } = openRegistry();
  const { run } = register();
  const release = registry.follow(run.runId);
  t.ok(registry.end(run.runId));
  t.notOk(registry.end(run.runId));
  release?.();
  clock.advance(10_000);
  t.equal(clock.pendingTimers, 0);
  t.same(changes, ["default/egress", "default/egress"]);
});

t.test("unknown runs are told apart", async (t) => {
  const { registry } = openRegistry();
  t.equal(registry.find("run-x"), undefined);
  t.equal(registry.follow("run-x"), undefined);
  t.notOk(registry.setProcess("run-x", 1));
  t.notOk(registry.end("run-x"));
});

t.test("count() counts records of the run and its refusals", async (t) => {
  const { registry, register } = openRegistry();
  const { agent, runId } = register().run;
  registry.count(httpRecord({ agent }));
  registry.count(deniedRecord({ agent }));
  registry.count(httpRecord());
  registry.count(httpRecord({ agent: null }));
  t.match(registry.status(), [{ runId, agent: "researcher", requests: 2, denied: 1 }]);
  t.notOk("wouldDeny" in (registry.status()[0] ?? {}), "nothing was audited");
  const wouldDeny = { reason: "no-rule", message: "No rule", route: null };
  registry.count(httpRecord({ agent, decision: { ...httpRecord().decision, wouldDeny } }));
  t.match(registry.status(), [{ requests: 3, denied: 1, wouldDeny: 1 }]);
});

t.test("close() disarms everything", async (t) => {
  const { clock, registry, register } = openRegistry();
  register();
  registry.close();
  registry.close();
  t.equal(clock.pendingTimers, 0);
  t.same(registry.status(), []);
});

t.test("a process that is asked for by default is looked up by the system", async (t) => {
  const clock = new ManualClock();
  const registry = new RunRegistry({ clock, traces: testTraces(), onChange: () => {} });
  const self = registry.register(request, gateway);
  const gone = registry.register(request, gateway);
  registry.setProcess(self?.run.runId ?? "", process.pid);
  registry.setProcess(gone?.run.runId ?? "", 2 ** 40);
  clock.advance(2_000);
  t.ok(registry.find(self?.run.runId ?? ""));
  t.same(
    registry.status().map(({ runId }) => runId),
    [self?.run.runId],
  );
  registry.close();
});

t.test("a run does not live on by another process that got the id of its own", async (t) => {
  let began = 1;
  const clock = new ManualClock();
  const registry = new RunRegistry({
    ...{ clock, traces: testTraces(), onChange: () => {} },
    identify: (pid) => `${pid} ${began}`,
    isAlive: (identity) => identity === `7 ${began}`,
  });
  const made = registry.register(request, gateway);
  registry.setProcess(made?.run.runId ?? "", 7);
  clock.advance(2_000);
  t.equal(registry.credentials("default/egress").length, 1);
  began = 2;
  clock.advance(2_000);
  t.same(registry.credentials("default/egress"), []);
});

t.test("find() knows an ended run for records that are still on their way", async (t) => {
  const { registry, register } = openRegistry();
  const { run } = register();
  registry.end(run.runId);
  t.same(registry.find(run.runId), run);
  t.same(registry.credentials("default/egress"), []);
  t.equal(registry.follow(run.runId), undefined);
  for (let count = 0; count < 4_096; count++) registry.end(register().run.runId);
  t.equal(registry.find(run.runId), undefined, "the oldest is forgotten");
});

t.test("a run is an invocation, of which each phase is told once", async (t) => {
  const { registry, register, events, ends, clock } = openRegistry(new Set([7]));
  const { run } = register();
  t.strictSame(run.root, testTraces().rootOf(run.invocationId));
  registry.setProcess(run.runId, 7);
  registry.setProcess(run.runId, 7);
  registry.count(httpRecord({ agent: run.agent }));
  registry.count(deniedRecord({ agent: run.agent }));
  clock.advance(500);
  registry.end(run.runId, { kind: "exited", exitCode: 2 });
  registry.end(run.runId, { kind: "exited", exitCode: 0 });
  t.match(events, [
    { phase: "Dispatched", id: run.invocationId, root: run.root },
    { phase: "Running" },
    { phase: "Failed", exitCode: 2, reason: "ExitCode" },
  ]);
  t.equal(events.length, 3);
  t.match(ends, [{ run, event: { phase: "Failed" }, requests: 2, denied: 1 }]);
});

t.test("a run whose end nobody tells has one all the same", async (t) => {
  const { registry, register, events, clock } = openRegistry();
  register();
  clock.advance(2_000);
  t.match(events.at(-1), { phase: "Failed", reason: "ExitUnknown", exitCode: null });
  const { run } = register();
  registry.close();
  t.match(events.at(-1), { id: run.invocationId, phase: "Failed", reason: "GatewayStopped" });
  registry.close();
  t.equal(events.length, 4);
});
