import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { RepeatedLook } from "./repeated-look.ts";

t.test("what fails is told once, tried again, and forgotten when all is well", async (t) => {
  const told: string[] = [];
  const outcomes = ["a", "b", "", "c"];
  let looks = 0;
  let seen = () => {};
  const repeated = new RepeatedLook({
    ...{ clock: new ManualClock(), everyMs: 1_000 },
    look: async () => {
      const outcome = outcomes[looks++] ?? "";
      seen();
      if (outcome !== "") throw new Error(outcome);
    },
    describe: (error) => (error instanceof Error ? `It failed: ${error.message}` : undefined),
    onFailure: (failure) => told.push(failure),
  });
  const next = () =>
    new Promise<void>((resolve) => {
      seen = () => setImmediate(resolve);
    });
  const failures: string[] = [];
  repeated.start();
  for (const _ of outcomes) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    failures.push(repeated.failure);
    const looked = next();
    repeated.wake();
    await looked;
  }
  t.same(failures, ["It failed: a", "It failed: b", "", "It failed: c"]);
  t.same(told, ["It failed: a", "It failed: c"]);
  await repeated.close();
  t.equal(repeated.failure, "");
});

t.test("who asks for a look while there is one gets another", async (t) => {
  const ends: (() => void)[] = [];
  const repeated = new RepeatedLook({
    ...{ clock: new ManualClock(), everyMs: 1_000 },
    look: () => new Promise((resolve) => ends.push(resolve)),
    describe: () => undefined,
    onFailure: () => {},
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  repeated.start();
  repeated.wake();
  ends[0]?.();
  await turn();
  t.equal(ends.length, 2);
  ends[1]?.();
  await turn();
  t.equal(ends.length, 2, "and no more than one");
  await repeated.close();
});
