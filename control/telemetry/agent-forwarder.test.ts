/** Tests of what goes on to receivers of gateways: to whose, how often, and what becomes of what cannot go. */
import { cpSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { parseAnyObject } from "../../crds/kinds.ts";
import { systemClock } from "../../gateway/clock.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import { silentLogger } from "../../gateway/log.ts";
import { ownReceiverTarget } from "../../gateway/own-receiver.ts";
import { AgentForwarder } from "./agent-forwarder.ts";
import type { AgentForwarderOptions, ForwardTarget } from "./agent-forwarder.ts";
import { parseLogs, parseTraces } from "./otlp-json.ts";
import { encodeAnswer } from "./otlp-protobuf.ts";
import type { TakenBatch } from "./otlp-receiver.ts";
import { temporaryFolder } from "./store-rig.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";
import { startOtlpSink } from "./testdata/otlp-sink.ts";
import type { OtlpSink } from "./testdata/otlp-sink.ts";

const agent = { namespace: "default", kind: "Process", name: "me", uid: "", revision: "" };

function senderOf(gateway: string, issuedMs = 2_000): TelemetrySender {
  const name = `default/${gateway}`;
  return {
    agent: { ...agent, invocationId: gateway },
    gateway: name,
    component: "agent",
    issuedMs,
  };
}

function spans(...names: readonly string[]): TakenBatch {
  const items = names.map((name) => ({ traceId: "a".repeat(32), spanId: "b".repeat(16), name }));
  const text = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: items }] }] });
  return { signal: "traces", groups: parseTraces(text) };
}

function logs(said: string): TakenBatch {
  const logRecords = [{ body: { stringValue: said } }];
  const text = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  return { signal: "logs", groups: parseLogs(text) };
}

interface Named {
  readonly endpoint: string;
  readonly key?: string;
  readonly uid?: string;
}

/** Targets of gateways by their names. */
function targets(named: Readonly<Record<string, Named>>): ReadonlyMap<string, ForwardTarget> {
  return new Map(
    Object.entries(named).map(([name, { endpoint, key = "k", uid = "u" }]) => {
      const target = ownReceiverTarget(gatewayOf(name, { endpoint, uid, key }));
      if (target === undefined) throw new Error("no target");
      return [`default/${name}`, { target, uid, createdMs: 1_000 }];
    }),
  );
}

function gatewayOf(name: string, { endpoint, uid, key }: Required<Named>): EgressGateway {
  const otlp = { endpoint, headers: { "x-api-key": key } };
  const parsed = parseAnyObject({
    ...{ apiVersion: "clrk.apoxy.dev/v1alpha1", kind: "EgressGateway", metadata: { name, uid } },
    spec: { listeners: [{ name: "http", protocol: "HTTP" }], otlp },
  });
  if (parsed.kind !== "valid" || parsed.object.kind !== "EgressGateway") throw new Error("invalid");
  return parsed.object;
}

async function sink(t: Test): Promise<OtlpSink> {
  const started = await startOtlpSink("x-api-key");
  t.teardown(() => started.close());
  return started;
}

function forwarder(t: Test, directory: string, changes: Partial<AgentForwarderOptions> = {}) {
  const made = new AgentForwarder({
    ...{ spoolDirectory: directory, clock: systemClock, log: silentLogger, minBackoffMs: 10 },
    ...changes,
  });
  t.teardown(() => made.close());
  return made;
}

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !holds(); ) {
    if (Date.now() > deadline) throw new Error("It does not become true in 20 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const namesOf = (one: OtlpSink) =>
  one.spans().flatMap(({ items }) => items.map(({ name }) => name));

const runsOf = (one: OtlpSink) =>
  new Set(
    one
      .spans()
      .flatMap(({ resource }) => resource.filter(({ key }) => key === "invocation.id"))
      .map(({ value }) => ("stringValue" in value ? value.stringValue : "")),
  );

t.test("each receiver gets the telemetry of runs of its gateway, with its header", async (t) => {
  const [one, two] = [await sink(t), await sink(t)];
  const forward = forwarder(t, t.testdir());
  await forward.take(spans("before"), senderOf("one"));
  forward.setTargets(
    targets({ one: { endpoint: one.endpoint, key: "k1" }, two: { endpoint: two.endpoint } }),
  );
  await forward.take(spans("a", "b"), senderOf("one"));
  await forward.take(spans("c"), senderOf("two"));
  await forward.take(logs("said"), senderOf("two"));
  await forward.take(spans("nowhere"), senderOf("three"));
  await forward.take(spans("older"), senderOf("one", 999));
  await until(() => forward.status.sent === 4);
  t.same([namesOf(one), namesOf(two)], [["a", "b"], ["c"]]);
  t.same([[...runsOf(one)], [...runsOf(two)]], [["one"], ["two"]]);
  t.same([one.logs().length, two.logs().length], [0, 1]);
  t.same([new Set(one.headers), new Set(two.headers)], [new Set(["k1"]), new Set(["k"])]);
  t.match(forward.status, { waiting: 0, failures: [], dropped: { closed: 0, rejected: 0 } });
});

t.test(
  "what a receiver has not taken is on disk, and goes once it does, over a restart",
  async (t) => {
    const [one, directory] = [await sink(t), t.testdir()];
    one.status = 503;
    const wanted = targets({ one: { endpoint: one.endpoint, key: "key-of-receiver" } });
    const first = forwarder(t, directory);
    first.setTargets(wanted);
    await first.take(spans("a", "b"), senderOf("one"));
    await until(() => first.status.failures.length > 0);
    t.match(first.status, { waiting: 2, failures: ["OTLP of default/one: HTTP 503"] });
    await first.close();
    await first.take(spans("late"), senderOf("one"));
    t.equal(first.status.dropped.closed, 1);
    const [folder = ""] = readdirSync(directory);
    const traces = join(directory, folder, "traces");
    t.equal(statSync(traces).mode & 0o777, 0o700);
    for (const name of readdirSync(traces)) {
      t.notMatch(readFileSync(join(traces, name), "latin1"), /key-of-receiver/);
    }
    one.status = 200;
    const second = forwarder(t, directory);
    second.setTargets(wanted);
    await until(() => second.status.sent === 2);
    t.same(namesOf(one), ["a", "b"]);
    t.equal(second.status.waiting, 0);
  },
);

t.test("what was taken outlives a kill before anything of it was sent", async (t) => {
  const [one, directory] = [await sink(t), temporaryFolder(t)];
  const wanted = targets({ one: { endpoint: one.endpoint } });
  const killed = forwarder(t, directory);
  killed.setTargets(wanted);
  await Promise.all([
    killed.take(spans("a", "b"), senderOf("one")),
    killed.take(spans("c"), senderOf("one")),
    killed.take(logs("said"), senderOf("one")),
  ]);
  // As a kill leaves it: nobody has given up a folder, and nothing was sent within the time in which batches gather.
  const left = join(temporaryFolder(t), "left");
  cpSync(directory, left, { recursive: true, filter: (path) => basename(path) !== "lock" });
  t.equal(one.requests, 0);
  await until(() => killed.status.sent === 4);
  const next = forwarder(t, left);
  next.setTargets(wanted);
  await until(() => next.status.sent === 4);
  t.same([namesOf(one), one.logs().length], [["a", "b", "c", "a", "b", "c"], 2]);
  for (const [forward, folder] of [
    [killed, directory],
    [next, left],
  ] as const) {
    t.match(forward.status, { waiting: 0, dropped: { closed: 0 } });
    await forward.close();
    const files = readdirSync(folder, { recursive: true, withFileTypes: true });
    t.same(
      files.filter((entry) => entry.isFile()),
      [],
      "nothing waits",
    );
  }
});

const mebibyte = 1024 * 1024;

/** A log of so many MiB, whose name can be told again. */
function largeLogs(name: string, mebibytes: number): TakenBatch {
  return logs(`${name} ${"x".repeat(mebibytes * mebibyte)}`);
}

const saidBy = (one: OtlpSink) =>
  one
    .logs()
    .flatMap(({ items }) => items.map(({ body }) => JSON.stringify(body).split(/[" ]/)[3]))
    .toSorted();

t.test("what is more than memory takes waits, and nothing goes for it", async (t) => {
  const one = await sink(t);
  const forward = forwarder(t, temporaryFolder(t));
  forward.setTargets(targets({ one: { endpoint: one.endpoint } }));
  await Promise.all(
    ["a", "b", "c", "d"].map((name) => forward.take(largeLogs(name, 9), senderOf("one"))),
  );
  await until(() => forward.status.sent === 4);
  t.same(saidBy(one), ["a", "b", "c", "d"]);
  t.match(forward.status, { unkept: 0, dropped: { queueFull: 0, spoolFull: 0 } });
});

t.test(
  "letIn() ends the waiting for room, which a receiver that is away may make long",
  async (t) => {
    const one = await sink(t);
    one.status = 503;
    const directory = join(temporaryFolder(t), "file");
    writeFileSync(directory, "");
    const forward = forwarder(t, directory);
    forward.setTargets(targets({ one: { endpoint: one.endpoint } }));
    let waiting = 3;
    const taken = ["a", "b", "c"].map(async (name) => {
      await forward.take(largeLogs(name, 9), senderOf("one"));
      waiting--;
    });
    // No disk, and nobody who takes it: the second and third wait.
    await until(() => forward.status.failures.length > 0);
    t.equal(waiting, 2);
    forward.letIn();
    await Promise.all(taken);
    await forward.close();
    const { dropped } = forward.status;
    t.equal(dropped.closed + dropped.queueFull, 3);
  },
);

t.test("a kill loses nothing of more than memory takes", async (t) => {
  const [one, directory] = [await sink(t), temporaryFolder(t)];
  one.status = 503;
  const wanted = targets({ one: { endpoint: one.endpoint } });
  const killed = forwarder(t, directory);
  killed.setTargets(wanted);
  const names = Array.from({ length: 20 }, (_, at) => `k${String(at).padStart(2, "0")}`);
  await Promise.all(names.map((name) => killed.take(largeLogs(name, 1), senderOf("one"))));
  const left = join(temporaryFolder(t), "left");
  cpSync(directory, left, { recursive: true, filter: (path) => basename(path) !== "lock" });
  await killed.close();
  one.status = 200;
  const next = forwarder(t, left);
  next.setTargets(wanted);
  await until(() => new Set(saidBy(one)).size === names.length);
  t.match(next.status.dropped, { queueFull: 0, spoolFull: 0 });
});

t.test("what goes with a gateway is counted, on its way to the disk, too", async (t) => {
  const one = await sink(t);
  const directory = temporaryFolder(t);
  const forward = forwarder(t, directory);
  forward.setTargets(targets({ one: { endpoint: one.endpoint } }));
  const taken = ["a", "b", "c"].map((name) => forward.take(spans(name, name), senderOf("one")));
  forward.setTargets(new Map());
  await Promise.all(taken);
  await until(() => {
    const { sent, dropped } = forward.status;
    return sent + dropped.removed + dropped.closed === 6;
  });
  t.same(readdirSync(directory), []);
});

t.test("a disk that takes nothing is told, and what is in memory goes all the same", async (t) => {
  const one = await sink(t);
  const directory = join(temporaryFolder(t), "file");
  writeFileSync(directory, "");
  const forward = forwarder(t, directory);
  forward.setTargets(targets({ one: { endpoint: one.endpoint } }));
  await forward.take(spans("a", "b"), senderOf("one"));
  await until(() => forward.status.sent === 2);
  t.match(forward.status, { unkept: 2, dropped: { closed: 0, spoolFull: 0 } });
});

t.test("roots that no gateway tells go to all gateways of the agent that there were", async (t) => {
  const [one, two, three] = [await sink(t), await sink(t), await sink(t)];
  const forward = forwarder(t, t.testdir());
  const named = { one, two, three };
  forward.setTargets(targets(named));
  const root = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const told = (
    id: string,
    startUnixMs: number,
    gateways: readonly string[],
  ): InvocationOutcome => ({
    ...{ root, startUnixMs },
    end: {
      ...{ id, atUnixMs: 3_000, audiences: [], root, exitCode: null, reason: "", message: "" },
      ...{ phase: "Failed", gateways },
      agent: { kind: "TaskAgent", namespace: "default", name: "me", uid: "" },
      trigger: { type: "HTTP", source: "admin" },
    },
  });
  await forward.takeRoots([
    told("both", 2_000, ["default/one", "default/two", "default/none"]),
    told("older", 999, ["default/three"]),
    told("nowhere", 2_000, []),
  ]);
  await until(() => forward.status.sent === 2);
  t.same([namesOf(one), namesOf(two), namesOf(three)], [["invocation"], ["invocation"], []]);
});

t.test("another receiver gets nothing of what waits for the one before", async (t) => {
  const [one, two, directory] = [await sink(t), await sink(t), t.testdir()];
  one.status = 503;
  const forward = forwarder(t, directory);
  const before = targets({ one: { endpoint: one.endpoint } });
  forward.setTargets(before);
  await forward.take(spans("a"), senderOf("one"));
  await until(() => forward.status.failures.length > 0);
  const requests = () => one.requests;
  forward.setTargets(targets({ one: { endpoint: two.endpoint } }));
  await forward.take(spans("b"), senderOf("one"));
  await until(() => forward.status.sent === 1 && forward.status.dropped.removed === 1);
  t.same([namesOf(one), namesOf(two)], [[], ["b"]]);
  const spool = before.get("default/one")?.target.spool ?? "";
  await until(() => !existsSync(join(directory, spool)));
  const ended = requests();
  forward.setTargets(new Map());
  await forward.take(spans("c"), senderOf("one"));
  t.match(forward.status, { sent: 1, waiting: 0 });
  t.equal(requests(), ended);
});

t.test("another object of the same name gets nothing of the runs of the one before", async (t) => {
  const one = await sink(t);
  const forward = forwarder(t, t.testdir());
  forward.setTargets(targets({ one: { endpoint: one.endpoint, uid: "second" } }));
  // Made within the second of the object before, so that no time tells them apart.
  await forward.take(spans("of the first"), { ...senderOf("one"), gatewayUid: "first" });
  await forward.take(spans("of the second"), { ...senderOf("one"), gatewayUid: "second" });
  await forward.take(spans("of nobody knows which"), senderOf("one"));
  await until(() => forward.status.sent === 2);
  t.same(namesOf(one), ["of the second", "of nobody knows which"]);
});

t.test("a key that is renewed is sent from then on, also with what waits", async (t) => {
  const one = await sink(t);
  one.status = 503;
  const forward = forwarder(t, t.testdir());
  forward.setTargets(targets({ one: { endpoint: one.endpoint, key: "old" } }));
  await forward.take(spans("a"), senderOf("one"));
  await until(() => forward.status.failures.length > 0);
  forward.setTargets(targets({ one: { endpoint: one.endpoint, key: "new" } }));
  one.status = 200;
  await until(() => forward.status.sent === 1);
  t.same([namesOf(one), one.headers], [["a"], ["new"]]);
});

t.test("a spool that is full gives its oldest for the newest, and counts them", async (t) => {
  const one = await sink(t);
  one.status = 503;
  const forward = forwarder(t, t.testdir(), { maxSpoolBytes: 300 });
  forward.setTargets(targets({ one: { endpoint: one.endpoint } }));
  for (const name of ["a", "b"]) {
    await forward.take(spans(name), senderOf("one"));
    const isKept = () => forward.status.waiting === 1 && forward.status.failures.length > 0;
    await until(() => (name === "a" ? isKept() : forward.status.dropped.spoolFull === 1));
  }
  one.status = 200;
  await until(() => forward.status.sent === 1);
  t.same(namesOf(one), ["b"]);
});

t.test("what a receiver takes only a part of is counted, and not sent again", async (t) => {
  const one = await sink(t);
  one.answer = encodeAnswer("traces", 1, "one is too old");
  const forward = forwarder(t, t.testdir());
  forward.setTargets(targets({ one: { endpoint: one.endpoint } }));
  await forward.take(spans("a", "b", "c"), senderOf("one"));
  await until(() => forward.status.sent === 2);
  t.match(forward.status, { waiting: 0, failures: [], dropped: { rejected: 1 } });
  t.equal(one.requests, 1);
});

t.test("what a receiver refuses for good is counted", async (t) => {
  const one = await sink(t);
  one.status = 400;
  const forward = forwarder(t, t.testdir());
  forward.setTargets(targets({ one: { endpoint: one.endpoint } }));
  await forward.take(spans("a", "b"), senderOf("one"));
  await until(() => forward.status.dropped.rejected === 2);
  t.match(forward.status, { sent: 0, waiting: 0, failures: ["OTLP of default/one: HTTP 400"] });
});
