import t from "tap";
import { copyHabits, createHabitMemory, HabitTable, restoreHabits } from "./habit-table.ts";

const nothing = {
  ...{ promptWeight: 0, promptTokens: 0, textWeight: 0, textTokens: 0 },
  ...{ plainBytes: 0, plainTokens: 0, calls: 0, outputTokens: 0, hiddenTokens: 0 },
};

t.test("what is learned adds up, for each model by itself and for all threads", async (test) => {
  const memory = createHabitMemory(16);
  const [one, other] = [new HabitTable(memory), new HabitTable(memory)];
  test.strictSame(one.read("a"), nothing);
  one.learn("a", { promptWeight: 10, promptTokens: 12, calls: 1, outputTokens: 5 }, 1_000);
  other.learn("a", { promptWeight: 5, promptTokens: 5, hiddenTokens: 2 }, 1_001);
  const known = { ...nothing, promptWeight: 15, promptTokens: 17, calls: 1, outputTokens: 5 };
  test.strictSame(other.read("a"), { ...known, hiddenTokens: 2 });
  test.strictSame(one.read("b"), nothing);
});

t.test("recent calls count for more than old ones", async (test) => {
  const table = new HabitTable(createHabitMemory(16));
  for (let call = 0; call < 2_000; call++) table.learn("a", { calls: 1, outputTokens: 10 }, 1_000);
  for (let call = 0; call < 2_000; call++) table.learn("a", { calls: 1, outputTokens: 90 }, 1_000);
  const { calls, outputTokens } = table.read("a");
  test.ok(calls <= 1_024, `${calls}`);
  test.ok(outputTokens / calls > 70, `${outputTokens / calls}`);
});

t.test(
  "a model for which there is no place takes that of the one asked longest ago",
  async (test) => {
    const table = new HabitTable(createHabitMemory(16));
    for (let model = 0; model < 16; model++) table.learn(`m${model}`, { calls: 1 }, 1_000 + model);
    table.learn("m0", { calls: 1 }, 2_000);
    table.learn("new", { calls: 1 }, 2_001);
    test.equal(table.read("m0").calls, 2);
    test.equal(table.read("m1").calls, 0);
    test.equal(table.read("new").calls, 1, "and nothing of the one before");
  },
);

t.test(
  "a copy says the same in another life, also one that was made under a lock",
  async (test) => {
    const memory = createHabitMemory();
    new HabitTable(memory).learn("openai gpt", { calls: 3, outputTokens: 7 }, 1_000);
    new Int32Array(memory).fill(99, 2, 6);
    const restored = restoreHabits(copyHabits(memory));
    if (restored === undefined) throw new TypeError("Not restored");
    test.match(new HabitTable(restored).read("openai gpt"), { calls: 3, outputTokens: 7 });
    test.equal(restoreHabits(Buffer.alloc(100)), undefined);
  },
);

t.test("numbers that are none are as if nothing was known", async (test) => {
  const memory = createHabitMemory(16);
  const table = new HabitTable(memory);
  table.learn("a", { calls: Number.NaN, outputTokens: -5, promptWeight: 3 }, 1_000);
  test.strictSame(table.read("a"), { ...nothing, promptWeight: 3 });
});

t.test("memory of another making is refused", async (test) => {
  test.throws(() => new HabitTable(new SharedArrayBuffer(64)), /not of its making/);
});
