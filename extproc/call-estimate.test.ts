import t from "tap";
import {
  estimateInput,
  estimateOutput,
  expectOutput,
  expectUnbegun,
  lessonOf,
} from "./call-estimate.ts";
import type { Habits, HabitLesson } from "./habit-table.ts";
import { demandOf } from "./testdata/estimates.ts";

const nothing: Habits = {
  ...{ promptWeight: 0, promptTokens: 0, textWeight: 0, textTokens: 0 },
  ...{ plainBytes: 0, plainTokens: 0, calls: 0, outputTokens: 0, hiddenTokens: 0 },
};
const stream = (textWeight: number) => ({ isStream: true, textWeight, plainBytes: null });
const plain = (plainBytes: number | null) => ({ isStream: false, textWeight: 0, plainBytes });
const usage = (
  inputTokens: number,
  outputTokens: number,
  reasoningTokens: number | null = null,
) => ({
  ...{ inputTokens, outputTokens, reasoningTokens },
  ...{ cachedInputTokens: null, cacheWriteTokens: null },
});

/** What is known after so many of the same lesson. */
function after(count: number, teach: (habits: Habits) => HabitLesson): Habits {
  let habits = nothing;
  for (let call = 0; call < count; call++) {
    const lesson = teach(habits);
    const sums = Object.entries(habits).map(([field, sum]) => {
      const more = Object.entries(lesson).find(([name]) => name === field)?.[1] ?? 0;
      return [field, sum + more];
    });
    habits = { ...nothing, ...Object.fromEntries(sums) };
  }
  return habits;
}

t.test("before anything is learned estimates are rounded up", async (test) => {
  test.equal(estimateInput(demandOf(), nothing), 125);
  test.equal(estimateOutput(demandOf(), nothing, stream(40)), 50);
  test.equal(estimateOutput(demandOf(), nothing, plain(200)), 50);
  test.equal(expectOutput(demandOf({ output: 100 }), nothing), 100);
  test.equal(expectOutput(demandOf({ output: 32_000 }), nothing), 512);
});

t.test("estimates come to what providers counted", async (test) => {
  const demand = demandOf({ promptWeight: 1_000, output: 500 });
  const habits = after(100, (known) =>
    lessonOf(demand, usage(900, 110), { habits: known, seen: stream(100) }),
  );
  const input = estimateInput(demandOf({ promptWeight: 500 }), habits);
  test.ok(input >= 450 && input < 455, `${input}`);
  const output = estimateOutput(demand, habits, stream(50));
  test.ok(output >= 55 && output < 58, `${output}`);
  test.equal(expectOutput(demand, habits), 125, "with what is usual, as that of four calls");
  test.equal(expectOutput({ ...demand, isStream: true }, habits), 63, "a stream is halfway");
  test.equal(expectUnbegun({ ...demand, isStream: true }, habits), 0);
  test.equal(expectUnbegun(demand, habits), 125);
});

t.test("what is hidden of the output is known from the provider's word", async (test) => {
  const demand = demandOf({ output: 5_000 });
  const seen = stream(100);
  const hidden = after(50, (habits) => lessonOf(demand, usage(9, 500, 400), { habits, seen }));
  test.equal(hidden.hiddenTokens, 50 * 400);
  const cut = estimateOutput(demand, hidden, stream(10));
  test.ok(cut > 405 && cut < 420, `${cut}`);
  test.equal(expectUnbegun({ ...demand, isStream: true }, hidden), 400);
  const shown = after(50, (habits) =>
    lessonOf(demand, usage(9, 500, 400), { habits, seen: stream(450) }),
  );
  test.equal(shown.hiddenTokens, 0, "reasoning that is in the text is not counted twice");
});

t.test("a plain answer is known by its length", async (test) => {
  const demand = demandOf({ output: 500 });
  const seen = plain(1_000);
  const habits = after(100, (known) => lessonOf(demand, usage(9, 100), { habits: known, seen }));
  const half = estimateOutput(demand, habits, plain(500));
  test.ok(half >= 50 && half < 53, `${half}`);
  test.equal(estimateOutput(demand, habits, plain(null)), expectOutput(demand, habits));
});

t.test("no estimate is beyond what was reserved, and none of a prompt is 0", async (test) => {
  test.equal(estimateInput(demandOf({ promptWeight: 1e6 }), nothing), 2_000);
  test.equal(estimateInput(demandOf({ promptWeight: 0 }), nothing), 1);
  test.equal(estimateInput(demandOf({ promptWeight: null }), nothing), 2_000);
  test.equal(estimateInput(demandOf({ input: 0 }), nothing), 0);
  test.equal(estimateOutput(demandOf(), nothing, stream(1e6)), 100);
  test.equal(estimateOutput(demandOf({ output: 0 }), nothing, plain(1e6)), 0);
});

t.test("nobody can teach anything absurd", async (test) => {
  const demand = demandOf({ promptWeight: 1_000 });
  const teach = (count: ReturnType<typeof usage>) =>
    after(1_000, (habits) => lessonOf(demand, count, { habits, seen: stream(1_000) }));
  const cheap = teach(usage(1, 1));
  test.equal(estimateInput(demandOf({ promptWeight: 1_000 }), cheap), 701, "the floor");
  const dear = teach(usage(1e6, 1e6));
  test.equal(estimateInput(demandOf({ promptWeight: 900 }), dear), 1_800, "the ceiling");
  const giant = lessonOf(demandOf({ promptWeight: 1e7 }), usage(1e7, 1), {
    habits: nothing,
    seen: stream(0),
  });
  test.equal(giant.promptWeight, 65_536, "one giant prompt is not all that is known");
});

t.test("a prompt whose size says nothing teaches nothing about prompts", async (test) => {
  const lesson = lessonOf(demandOf({ promptWeight: null }), usage(5_000, 20), {
    habits: nothing,
    seen: stream(20),
  });
  test.same(lesson, {
    ...nothing,
    calls: 1,
    outputTokens: 20,
    hiddenTokens: 0,
    textWeight: 20,
    textTokens: 20,
  });
});
