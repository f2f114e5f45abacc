import t from "tap";
import type { InvocationPhase } from "../../crds/invocation.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { invocationPhases } from "../../crds/invocation.ts";
import { isTerminalPhase } from "../../gateway/invocation-event.ts";
import type { InvocationState } from "./invocation-state.ts";
import { addEvent, summarise } from "./invocation-state.ts";
import { invocationEvent } from "./testdata/invocation-event.ts";

function fold(events: readonly InvocationEvent[]): InvocationState {
  let state: InvocationState | undefined;
  for (const event of events) {
    const outcome = addEvent(state, event);
    if (outcome.kind === "changed") state = outcome.state;
  }
  if (state === undefined) throw new Error("no events");
  return state;
}

/** A generator that gives the same numbers for the same seed (mulberry32). */
function numbersOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function shuffled<Item>(items: readonly Item[], random: (below: number) => number): Item[] {
  const list = [...items];
  for (let at = list.length - 1; at > 0; at--) {
    const other = random(at + 1);
    const [left, right] = [list[at], list[other]];
    if (left !== undefined && right !== undefined) [list[at], list[other]] = [right, left];
  }
  return list;
}

function someEvents(random: (below: number) => number): InvocationEvent[] {
  return Array.from({ length: 1 + random(9) }, () => {
    const phase = invocationPhases[random(invocationPhases.length)] ?? "Pending";
    return invocationEvent(1, phase, {
      // Few times and messages: events of one phase that differ little are what must be told apart.
      atUnixMs: 1_000 + random(4),
      message: ["", "a", "b"][random(3)] ?? "",
      agent: {
        kind: "TaskAgent",
        namespace: "default",
        name: "writer",
        uid: ["", "uid-1"][random(2)] ?? "",
      },
    });
  });
}

t.test("any order and any repetition of events gives one state and one summary", async (t) => {
  for (let seed = 1; seed <= 3_000; seed++) {
    const random = numbersOf(seed);
    const events = someEvents(random);
    const expected = fold(events);
    const repeated = events.flatMap((event) => Array.from({ length: 1 + random(3) }, () => event));
    const state = fold(shuffled(repeated, random));
    if (JSON.stringify(state.events) !== JSON.stringify(expected.events)) {
      t.strictSame(state, expected, `seed ${seed}`);
    }
    const [one, other] = [summarise(state), summarise(expected)];
    if (JSON.stringify(one) !== JSON.stringify(other)) t.strictSame(one, other, `seed ${seed}`);
  }
  t.pass("3,000 sets of events");
});

t.test("a finished invocation stays as it ended, whatever comes after", async (t) => {
  for (let seed = 1; seed <= 1_000; seed++) {
    const random = numbersOf(seed);
    const events = shuffled(someEvents(random), random);
    let state: InvocationState | undefined;
    let hasEnded = false;
    for (const event of events) {
      const outcome = addEvent(state, event);
      if (outcome.kind === "changed") state = outcome.state;
      const isEnd = state !== undefined && isTerminalPhase(summarise(state).phase);
      if (hasEnded && !isEnd) t.fail(`seed ${seed}: an end was left`);
      hasEnded = isEnd;
    }
  }
  t.pass("1,000 rows of events");
});

const phaseOf = (...phases: InvocationPhase[]) =>
  summarise(fold(phases.map((phase) => invocationEvent(1, phase)))).phase;

t.test("the phase is the furthest that was told", async (t) => {
  t.equal(phaseOf("Pending"), "Pending");
  t.equal(phaseOf("Running", "Dispatched", "Pending"), "Running");
  t.equal(phaseOf("Succeeded", "Dispatched"), "Succeeded");
  t.equal(phaseOf("Rejected"), "Rejected");
});

t.test("of two ends the earlier one is the end", async (t) => {
  const late = invocationEvent(1, "Timeout", { atUnixMs: 2_000, reason: "Deadline" });
  const early = invocationEvent(1, "Succeeded", { atUnixMs: 1_000, exitCode: 0 });
  const summary = summarise(fold([late, early]));
  t.equal(summary.phase, "Succeeded");
  t.equal(summary.finishedMs, 1_000);
  t.equal(summary.reason, "");
});

t.test("times are those of the events, the creation the earliest of all", async (t) => {
  const summary = summarise(
    fold([
      invocationEvent(1, "Running", { atUnixMs: 2_000 }),
      invocationEvent(1, "Dispatched", { atUnixMs: 2_500 }),
      invocationEvent(1, "Failed", { atUnixMs: 9_000, exitCode: 3, message: "It broke" }),
    ]),
  );
  t.match(summary, { createdMs: 2_000, startedMs: 2_000, finishedMs: 9_000, phaseMs: 9_000 });
  t.match(summary, { exitCode: 3, message: "It broke" });
});

t.test("an id belongs to the agent that had it first", async (t) => {
  const state = fold([invocationEvent(1, "Running")]);
  const agent = { kind: "TaskAgent", namespace: "default", name: "other", uid: "" };
  t.equal(addEvent(state, invocationEvent(1, "Succeeded", { agent })).kind, "foreign");
  t.equal(addEvent(state, invocationEvent(2, "Succeeded")).kind, "foreign");
});
