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

t.test("below three quarters nothing is done", async (t) => {
  const { watching, steps } = guard([74, 74]);
  await watching.look();
  t.same(steps, []);
});

t.test("memory is given back first, then reads are ended", async (t) => {
  const { watching, steps } = guard([80, 80]);
  await watching.look();
  t.same(steps, ["purge"]);
  const above = guard([120, 110, 90]);
  await above.watching.look();
  t.same(above.steps, ["purge", "kill", "purge"]);
});

t.test("it gives up after six looks without success", async (t) => {
  const { watching, steps } = guard(Array(30).fill(130));
  for (let look = 0; look < 6; look++) await watching.look();
  t.same(steps.slice(-1), ["hopeless 130"]);
  t.equal(steps.filter((step) => step.startsWith("hopeless")).length, 1);
});

t.test("it looks by itself until it is closed", async (t) => {
  const { watching, steps, clock } = guard([80, 80]);
  clock.advance(500);
  await Promise.resolve();
  t.same(steps, ["purge"]);
  watching.close();
  t.equal(clock.pendingTimers, 0);
});
