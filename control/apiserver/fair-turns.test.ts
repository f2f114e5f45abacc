/** Tests of turns: shares of callers, rotation, refusals, and that nothing is left of callers that are gone. */
import { setImmediate } from "node:timers/promises";
import t from "tap";
import { StatusError } from "./status-error.ts";
import { FairTurns } from "./fair-turns.ts";

const bounds = { what: "things", running: 3, runningOfOne: 2, waiting: 6, waitingOfOne: 4 };

/** Runs that end when the test says so, and the order in which they began. */
function stage(turns: FairTurns) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  return {
    begun,
    run(caller: string, signal: AbortSignal = new AbortController().signal) {
      const done = turns.run(caller, signal, () => {
        begun.push(caller);
        return new Promise<void>((resolve) => ends.push(resolve));
      });
      return done.then(
        () => "done",
        (error: unknown) => (error instanceof StatusError ? error.code : error),
      );
    },
    async endOldest() {
      ends.shift()?.();
      await setImmediate();
    },
  };
}

t.test("a caller with many runs leaves a turn to others", async (t) => {
  const { begun, run, endOldest } = stage(new FairTurns(bounds));
  const all = [run("a"), run("a"), run("a"), run("a")];
  await setImmediate();
  t.same(begun, ["a", "a"], "of one caller no more");
  all.push(run("b"), run("b"), run("c"));
  await setImmediate();
  t.same(begun, ["a", "a", "b"], "another one begins at once");
  while (begun.length < 7) await endOldest();
  t.same(begun.slice(3), ["a", "b", "c", "a"], "in rotation");
  for (let count = 0; count < 3; count++) await endOldest();
  t.same(
    await Promise.all(all),
    Array.from({ length: 7 }, () => "done"),
  );
});

t.test("what is too much is refused at once, for one and for all", async (t) => {
  const { run, endOldest } = stage(new FairTurns(bounds));
  const all = Array.from({ length: 6 }, () => run("a"));
  t.equal(await run("a"), 429, "four of one wait");
  all.push(run("b"), run("b"), run("c"));
  t.equal(await run("d"), 429, "six wait in all");
  for (let count = 0; count < 9; count++) await endOldest();
  t.same(
    await Promise.all(all),
    Array.from({ length: 9 }, () => "done"),
  );
  const later = run("a");
  await setImmediate();
  await endOldest();
  t.equal(await later, "done", "there is room again");
});

t.test("whoever goes while it waits takes no turn", async (t) => {
  const { begun, run, endOldest } = stage(new FairTurns(bounds));
  const first = [run("a"), run("a")];
  const gone = new AbortController();
  const waiting = [run("a", gone.signal), run("a")];
  gone.abort();
  t.equal(await waiting[0], 503);
  t.equal(await run("a", AbortSignal.abort()), 503);
  while (begun.length < 3) await endOldest();
  await endOldest();
  await endOldest();
  t.same(await Promise.all([...first, waiting[1]]), ["done", "done", "done"]);
});

t.test("a run that fails gives its turn back", async (t) => {
  const turns = new FairTurns({ ...bounds, running: 1, runningOfOne: 1 });
  const { signal } = new AbortController();
  const failing = turns.run("a", signal, () => Promise.reject(new Error("broken")));
  const next = turns.run("a", signal, async () => 1);
  await t.rejects(failing, { message: "broken" });
  t.equal(await next, 1);
});
