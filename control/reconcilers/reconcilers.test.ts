/** Tests of all reconcilers together: a real store, its collector, and what workers write. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { AgentName } from "./active-executions.ts";
import { ReconcilerRig, objectOf, taskAgent, workerPool } from "./testdata/reconciler-rig.ts";

const worker = {
  podName: "w-1",
  imagePulled: true,
  endpoint: "127.0.0.1:9",
  lastHeartbeat: "2026-01-01T00:00:00Z",
};

function daemonAgent(name: string, spec: object = {}): KubeObject {
  const template = { spec: { image: "agent:1" } };
  return objectOf("DaemonAgent", name, { template, workerPoolRef: "pool", ...spec });
}

function gateway(name: string): KubeObject {
  return objectOf("EgressGateway", name, { listeners: [{ name: "web", protocol: "HTTP" }] });
}

t.test("an agent gets one revision, which says all that a sandbox is made from", async (t) => {
  const rig = await ReconcilerRig.open(t);
  const reconcilers = rig.start(t);
  const agent = await rig.apply(
    taskAgent("bot", {
      template: {
        metadata: { labels: { team: "red" }, annotations: { note: "kept" } },
        spec: { image: "agent:1", env: [{ name: "A", value: "b" }] },
      },
      resources: { memory: "1Gi" },
      egressRefs: [{ gatewayRef: "out" }],
      state: {},
    }),
  );
  await reconcilers.idle();
  const [name = "", ...others] = rig.revisions();
  t.same(others, []);
  t.match(name, /^bot-task-[0-9a-f]{16}$/);
  const revision = rig.find("AgentSandboxRevision", name);
  t.match(revision, {
    metadata: {
      labels: {
        team: "red",
        "clrk.apoxy.dev/agent": "bot",
        "clrk.apoxy.dev/agent-kind": "TaskAgent",
        "clrk.apoxy.dev/worker-pool": "pool",
        "clrk.apoxy.dev/generation": "1",
      },
      annotations: { note: "kept" },
      ownerReferences: [{ kind: "TaskAgent", uid: agent.metadata.uid ?? "", controller: true }],
    },
    spec: {
      image: "agent:1",
      env: [{ name: "A", value: "b" }],
      resources: { memory: "1Gi" },
      egressRefs: [{ gatewayRef: "out" }],
      state: { backend: "sqlite", sizeLimitMB: 100, mountPath: "/var/clrk/state" },
    },
  });
  t.same(rig.reasons("TaskAgent", "bot"), [
    "Accepted: SpecValid",
    "WorkerPoolReady: WorkerPoolNotFound",
    "EgressConfigured: EgressRefsNotFound",
    "RevisionReady: NoWorkersReady",
  ]);
  t.match(rig.status("TaskAgent", "bot"), {
    latestCreatedRevisionName: name,
    observedGeneration: 1,
    activeExecutions: 0,
    warmSandboxes: 0,
  });
  t.same(rig.reasons("AgentSandboxRevision", name), ["Ready: NoWorkersReady", "Active: Current"]);
  await rig.apply(workerPool());
  await rig.apply(gateway("out"));
  await reconcilers.idle();
  t.same(rig.reasons("TaskAgent", "bot").slice(1, 3), [
    "WorkerPoolReady: WorkerPoolFound",
    "EgressConfigured: AllEgressRefsFound",
  ]);
  await rig.remove("EgressGateway", "out");
  await reconcilers.idle();
  t.match(rig.reasons("TaskAgent", "bot")[2], "EgressRefsNotFound");
});

t.test(
  "only what changes the sandbox makes a revision, and workers decide what is ready",
  async (t) => {
    const rig = await ReconcilerRig.open(t);
    const reconcilers = rig.start(t);
    await rig.apply(workerPool());
    await rig.apply(taskAgent("bot"));
    await reconcilers.idle();
    const [first = ""] = rig.revisions();
    await rig.report(first, [worker]);
    await reconcilers.idle();
    t.match(rig.status("TaskAgent", "bot"), { latestReadyRevisionName: first });
    t.match(rig.reasons("TaskAgent", "bot").at(-1), "RevisionReady: RevisionReady");
    t.match(rig.status("AgentSandboxRevision", first), { readyWorkers: 1, workers: [worker] });
    await rig.apply(taskAgent("bot", { timeout: "3s", maxConcurrent: 2, schedule: "@daily" }));
    await reconcilers.idle();
    t.same(rig.revisions(), [first]);
    t.equal(rig.status("TaskAgent", "bot").observedGeneration, 2);
    const changed = { template: { spec: { image: "agent:2" } } };
    await rig.apply(taskAgent("bot", changed));
    await reconcilers.idle();
    const second = rig.revisions().find((name) => name !== first) ?? "";
    t.equal(rig.revisions().length, 2);
    t.match(rig.status("TaskAgent", "bot"), {
      latestCreatedRevisionName: second,
      latestReadyRevisionName: first,
    });
    t.same(rig.reasons("AgentSandboxRevision", first), ["Ready: WorkersReady", "Active: Current"]);
    await rig.report(second, [{ ...worker, warmCount: 3, activeExecutions: 1 }]);
    await reconcilers.idle();
    t.match(rig.status("TaskAgent", "bot"), {
      latestReadyRevisionName: second,
      warmSandboxes: 3,
      activeExecutions: 1,
    });
    t.same(rig.reasons("AgentSandboxRevision", first), [
      "Ready: WorkersReady",
      "Active: Superseded",
    ]);
    await rig.apply(taskAgent("bot"));
    await reconcilers.idle();
    t.equal(rig.revisions().length, 2, "what was before is there already");
    t.match(rig.status("TaskAgent", "bot"), { latestCreatedRevisionName: first });
  },
);

t.test("agents of one name in two kinds or two namespaces share nothing", async (t) => {
  const rig = await ReconcilerRig.open(t);
  const reconcilers = rig.start(t);
  await rig.writer.create(
    (await import("../apiserver/core-resources.ts")).namespaceResource,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } },
    { dryRun: false, validation: "Strict", manager: "test" },
  );
  await rig.apply(taskAgent("bot"));
  await rig.apply(daemonAgent("bot"));
  await rig.apply(taskAgent("bot", {}, "other"));
  await reconcilers.idle();
  t.equal(new Set(rig.revisions()).size, 3);
  t.match(rig.revisions("default"), [/^bot-daemon-/, /^bot-task-/]);
  await rig.remove("TaskAgent", "bot");
  await rig.collector.idle();
  await reconcilers.idle();
  t.match(rig.revisions("default"), [/^bot-daemon-/]);
  t.equal(rig.revisions("other").length, 1);
  const [left = ""] = rig.revisions("default");
  t.equal(rig.status("DaemonAgent", "bot").latestCreatedRevisionName, left);
  t.notOk("activeExecutions" in rig.status("DaemonAgent", "bot"));
  await rig.apply(taskAgent("bot"));
  await reconcilers.idle();
  t.equal(rig.revisions("default").length, 2, "an agent that comes again has a revision again");
});

t.test("an object of somebody else is not taken for a revision", async (t) => {
  const rig = await ReconcilerRig.open(t);
  await rig.apply(taskAgent("bot"));
  const before = rig.start(t);
  await before.idle();
  await before.close();
  const [name = ""] = rig.revisions();
  await rig.remove("AgentSandboxRevision", name);
  await rig.apply(objectOf("AgentSandboxRevision", name, { image: "evil:1" }));
  const reconcilers = rig.start(t);
  await reconcilers.idle();
  t.match(rig.reasons("TaskAgent", "bot").at(-1), "RevisionReady: RevisionNotOwned");
  t.match(rig.find("AgentSandboxRevision", name), { spec: { image: "evil:1" } });
  await rig.remove("AgentSandboxRevision", name);
  await rig.apply(taskAgent("bot", { timeout: "1s" }));
  await reconcilers.idle();
  t.match(rig.find("AgentSandboxRevision", name), { spec: { image: "agent:1" } });
});

t.test("old revisions go, those in use stay", async (t) => {
  const rig = await ReconcilerRig.open(t);
  const reconcilers = rig.start(t);
  const seen: string[] = [];
  for (let index = 0; index < 15; index++) {
    await rig.apply(taskAgent("bot", { template: { spec: { image: `agent:${index}` } } }));
    await reconcilers.idle();
    seen.push(rig.status("TaskAgent", "bot").latestCreatedRevisionName);
    if (index === 0) await rig.report(seen[0] ?? "", [worker]);
    if (index === 1) await rig.report(seen[1] ?? "", [{ ...worker, activeExecutions: 2 }]);
    await reconcilers.idle();
    if (index === 1)
      await rig.report(seen[1] ?? "", [{ ...worker, imagePulled: false, activeExecutions: 2 }]);
    if (index === 1)
      await rig.writeStatus("TaskAgent", "bot", { latestReadyRevisionName: seen[0] });
    await reconcilers.idle();
  }
  const wanted = [seen[0], seen[1], ...seen.slice(-8)].toSorted();
  t.same(rig.revisions(), wanted);
});

t.test("workers that are not heard are dead after 15 s and gone after 30 s", async (t) => {
  const clock = new ManualClock();
  const rig = await ReconcilerRig.open(t, clock);
  const reconcilers = rig.start(t);
  await rig.apply(workerPool("pool", { replicas: 2, maxExecutionsPerWorker: 4 }));
  await rig.apply(taskAgent("bot"));
  await reconcilers.idle();
  const [name = ""] = rig.revisions();
  const other = { ...worker, podName: "w-2", activeExecutions: 1 };
  await rig.report(name, [worker, other]);
  const pass = async (ms: number) => {
    await reconcilers.idle();
    clock.advance(ms);
    await reconcilers.idle();
    clock.advance(300);
    await reconcilers.idle();
  };
  await pass(10_000);
  t.match(rig.status("WorkerPool", "pool"), {
    readyReplicas: 2,
    activeExecutions: 1,
    capacity: { maxExecutions: 8, availableExecutions: 7 },
  });
  t.same(rig.reasons("WorkerPool", "pool"), [
    "Configured: SpecValid",
    "Available: WorkersReady",
    "Healthy: AtDesiredReplicas",
  ]);
  await rig.report(name, [{ ...worker, lastHeartbeat: "2026-01-01T00:00:10Z" }, other]);
  await pass(6_000);
  t.match(rig.status("AgentSandboxRevision", name), { readyWorkers: 1 });
  t.equal(rig.status("AgentSandboxRevision", name).workers.length, 2);
  t.match(rig.status("WorkerPool", "pool"), { readyReplicas: 1, activeExecutions: 0 });
  t.match(rig.reasons("WorkerPool", "pool").at(-1), "Healthy: BelowDesiredReplicas");
  await pass(15_000);
  t.match(rig.status("AgentSandboxRevision", name).workers, [{ podName: "w-1" }]);
  t.match(rig.status("AgentSandboxRevision", name), { readyWorkers: 0 });
  t.match(rig.reasons("TaskAgent", "bot").at(-1), "RevisionReady: NoWorkersReady");
  t.equal(rig.status("TaskAgent", "bot").latestReadyRevisionName, name, "it stays the one to run");
  await rig.report(name, [{ ...worker, lastHeartbeat: "2026-01-01T00:00:31Z" }]);
  await pass(0);
  t.match(rig.reasons("TaskAgent", "bot").at(-1), "RevisionReady: RevisionReady");
});

t.test("what others write into a status stays, and a heartbeat alone writes nothing", async (t) => {
  const rig = await ReconcilerRig.open(t);
  const reconcilers = rig.start(t);
  await rig.apply(daemonAgent("bot"));
  await reconcilers.idle();
  const condition = {
    type: "Paused",
    status: "True",
    reason: "Asked",
    message: "by hand",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const { conditions } = rig.status("DaemonAgent", "bot");
  await rig.writeStatus("DaemonAgent", "bot", {
    phase: "Running",
    restartCount: 3,
    conditions: [...conditions, condition],
  });
  await rig.apply(daemonAgent("bot", { template: { spec: { image: "agent:2" } } }));
  await reconcilers.idle();
  t.match(rig.status("DaemonAgent", "bot"), { phase: "Running", restartCount: 3 });
  t.match(rig.reasons("DaemonAgent", "bot").join(), "Paused: Asked");
  const { latestCreatedRevisionName: name } = rig.status("DaemonAgent", "bot");
  await rig.report(name, [worker]);
  await reconcilers.idle();
  const before = new Map(rig.writes);
  await rig.report(name, [{ ...worker, lastHeartbeat: "2026-01-01T00:00:05Z" }]);
  await reconcilers.idle();
  const key = `AgentSandboxRevision/default/${name}`;
  t.equal(rig.writes.get(key), (before.get(key) ?? 0) + 1, "the worker's own write");
  t.equal(rig.writes.get("DaemonAgent/default/bot"), before.get("DaemonAgent/default/bot"));
});

t.test("executions are counted by whoever keeps invocations", async (t) => {
  const clock = new ManualClock();
  const rig = await ReconcilerRig.open(t, clock);
  let active: number | undefined = 4;
  let tell = (_?: AgentName) => {};
  const reconcilers = rig.start(t, {
    count: () => active,
    subscribe: (onChange) => {
      tell = onChange;
      return () => {};
    },
  });
  await rig.apply(workerPool());
  await rig.apply(taskAgent("bot"));
  await reconcilers.idle();
  t.equal(rig.status("TaskAgent", "bot").activeExecutions, 4);
  const { latestCreatedRevisionName: revision } = rig.status("TaskAgent", "bot");
  await rig.report(revision, [{ ...worker, activeExecutions: 9 }]);
  clock.advance(250);
  await reconcilers.idle();
  t.match(rig.status("WorkerPool", "pool"), {
    activeExecutions: 4,
    capacity: { maxExecutions: 10, availableExecutions: 6 },
  });
  active = 1;
  for (let time = 0; time < 100; time++) {
    tell({ kind: "TaskAgent", namespace: "default", name: "bot" });
  }
  const before = rig.writes.get("TaskAgent/default/bot") ?? 0;
  clock.advance(250);
  await reconcilers.idle();
  t.equal(rig.status("TaskAgent", "bot").activeExecutions, 1);
  t.equal(rig.writes.get("TaskAgent/default/bot"), before + 1);
  t.equal(rig.status("WorkerPool", "pool").activeExecutions, 1);
  active = undefined;
  tell();
  await reconcilers.idle();
  t.equal(rig.status("TaskAgent", "bot").activeExecutions, 9, "then what workers say counts");
  t.equal(rig.status("WorkerPool", "pool").activeExecutions, 9);
});

t.test("a pool counts by its workers where an agent has revisions in two", async (t) => {
  const clock = new ManualClock();
  const rig = await ReconcilerRig.open(t, clock);
  const reconcilers = rig.start(t, { count: () => 5, subscribe: () => () => {} });
  for (const name of ["pool", "next"]) await rig.apply(workerPool(name));
  await rig.apply(taskAgent("bot"));
  await reconcilers.idle();
  const { latestCreatedRevisionName: old } = rig.status("TaskAgent", "bot");
  await rig.apply(taskAgent("bot", { workerPoolRef: "next" }));
  await reconcilers.idle();
  await rig.report(old, [{ ...worker, activeExecutions: 2 }]);
  clock.advance(250);
  await reconcilers.idle();
  t.equal(rig.status("TaskAgent", "bot").activeExecutions, 5);
  t.equal(rig.status("WorkerPool", "pool").activeExecutions, 2);
  t.equal(rig.status("WorkerPool", "next").activeExecutions, 0);
});

t.test(
  "1,000 agents converge with each status written once, also after a restart in the middle",
  async (t) => {
    const rig = await ReconcilerRig.open(t);
    await rig.apply(workerPool());
    const names = Array.from({ length: 1_000 }, (_, index) => `bot-${index}`);
    const first = rig.start(t);
    const startedMs = performance.now();
    await Promise.all(names.slice(0, 600).map((name) => rig.apply(taskAgent(name))));
    await first.close();
    await Promise.all(names.slice(600).map((name) => rig.apply(taskAgent(name))));
    const second = rig.start(t);
    await second.idle();
    t.comment(`1,000 agents in ${Math.round(performance.now() - startedMs)} ms`);
    t.equal(rig.revisions().length, 1_000);
    const agents = names.map((name) => rig.writes.get(`TaskAgent/default/${name}`));
    t.ok(
      agents.every((count) => count === 2),
      "created, and one status",
    );
    const revisions = rig
      .revisions()
      .map((name) => rig.writes.get(`AgentSandboxRevision/default/${name}`));
    t.ok(
      revisions.every((count) => count === 2),
      "created, and one status",
    );
  },
);
