/** Tests of the guard's steps: give back, end what runs, give up. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { MemoryGuard } from "./memory-guard.ts";

function guard(readings: readonly number[]) {
  const left = [...readings];
  const steps: string[] = [];
  const clock = new ManualClock();
  const watching = new MemoryGuard({
    capBytes: 100,
    clock,
    residentBytes: () => left.shift() ?? 0,
    purge: async () => void steps.push("purge"),
    kill: () => {
      steps.push("kill");
      return Promise.reject(new Error("It does not answer"));
    },
    onHopeless: (bytes) => steps.push(`hopeless ${bytes}`),
  });
  return { watching, steps, clock };
}

t.test("below seven tenths nothing is done", async (t) => {
  const { watching, steps } = guard([69, 69]);
  await watching.look();
  t.same(steps, []);
});

t.test("memory is given back first, then reads are ended, long before the cap", async (t) => {
  const { watching, steps } = guard([72, 72]);
  await watching.look();
  t.same(steps, ["purge"]);
  const above = guard([86, 70]);
  await above.watching.look();
  t.same(above.steps, ["kill", "purge"], "which may wait for those reads");
});

t.test("it gives up after sixty looks without success", async (t) => {
  const { watching, steps } = guard(Array(200).fill(130));
  for (let look = 0; look < 60; look++) await watching.look();
  t.same(steps.slice(-1), ["hopeless 130"]);
  t.equal(steps.filter((step) => step.startsWith("hopeless")).length, 1);
});

t.test("it looks by itself until it is closed", async (t) => {
  const { watching, steps, clock } = guard([72, 72]);
  clock.advance(50);
  await Promise.resolve();
  t.same(steps, ["purge"]);
  watching.close();
  t.equal(clock.pendingTimers, 0);
});
