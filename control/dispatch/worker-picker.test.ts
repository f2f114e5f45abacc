/** Tests of places on workers: what is given out, what workers say, and how the two are told apart. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { WorkerDirectory } from "../reconcilers/worker-directory.ts";
import type { PickRequest } from "./worker-picker.ts";
import { WorkerPicker } from "./worker-picker.ts";

interface Entry {
  readonly podName: string;
  readonly activeExecutions?: number;
  readonly warmCount?: number;
}

function open() {
  const clock = new ManualClock();
  const directory = new WorkerDirectory(clock);
  let beats = 0;
  const report = (...entries: readonly Entry[]) => {
    clock.advance(1);
    const workers = entries.map((entry) => ({
      ...{ imagePulled: true, endpoint: `10.0.0.1:1${beats}`, ...entry },
      lastHeartbeat: String(++beats),
    }));
    directory.take({
      ...{ apiVersion: "clrk.apoxy.dev/v1alpha1", kind: "AgentSandboxRevision" },
      metadata: { name: "r", namespace: "n", labels: { "clrk.apoxy.dev/worker-pool": "p" } },
      status: { workers },
    });
  };
  const picker = new WorkerPicker(directory, () => 0);
  const pick = (change: Partial<PickRequest> = {}) =>
    picker.reserve({
      ...{ agent: "TaskAgent/n/a", revision: "n/r", maxConcurrent: 0, perWorker: 10 },
      ...{ avoid: new Set<string>(), ...change },
    });
  return { clock, picker, report, pick };
}

function taken(outcome: ReturnType<WorkerPicker["reserve"]>) {
  if (outcome.kind !== "reserved") throw new Error(`No place: ${outcome.kind}`);
  return outcome;
}

t.test("reserve() spreads over the least loaded, and counts until places are given back", (t) => {
  const { picker, report, pick } = open();
  report({ podName: "a" }, { podName: "b" }, { podName: "c" });
  const places = Array.from({ length: 6 }, () => taken(pick({ perWorker: 2 })));
  t.same(places.map(({ podName }) => podName).toSorted(), ["a", "a", "b", "b", "c", "c"]);
  t.same(pick({ perWorker: 2 }), { kind: "full" });
  t.equal(picker.inFlight, 6);
  places[0]?.release();
  places[0]?.release();
  t.equal(taken(pick({ perWorker: 2 })).podName, places[0]?.podName);
  t.same(pick({ maxConcurrent: 6 }), { kind: "at-capacity" });
  t.same(pick({ avoid: new Set(["a", "b", "c"]) }), { kind: "no-worker" });
  t.end();
});

t.test("reserve() counts what workers run besides, and not its own calls twice", (t) => {
  const { report, pick } = open();
  report({ podName: "a", activeExecutions: 3 });
  t.same(pick({ maxConcurrent: 3 }), { kind: "at-capacity" }, "they are of a process before");
  const own = taken(pick({ maxConcurrent: 4 }));
  t.same(pick({ maxConcurrent: 4 }), { kind: "at-capacity" });
  report({ podName: "a", activeExecutions: 4 });
  t.same(pick({ maxConcurrent: 4 }), { kind: "at-capacity" });
  t.equal(pick({ maxConcurrent: 5 }).kind, "reserved", "one of the four is ours");
  own.release();
  t.end();
});

t.test("reserve() is not kept from the next call by a report that comes late", (t) => {
  const { report, pick } = open();
  report({ podName: "a" });
  for (let round = 0; round < 5; round++) {
    const place = taken(pick({ maxConcurrent: 1 }));
    place.release();
    report({ podName: "a", activeExecutions: 1 });
  }
  t.end();
});

t.test("reserve() takes a warm sandbox first, and no worker that is dead or far", (t) => {
  const { clock, report, pick } = open();
  report({ podName: "a" }, { podName: "b", warmCount: 1 });
  t.equal(taken(pick()).podName, "b");
  t.equal(taken(pick()).podName, "a", "its sandbox is taken");
  clock.advance(15_000);
  t.same(pick(), { kind: "no-worker" });
  t.same(pick({ revision: "n/other" }), { kind: "no-worker" });
  t.end();
});
