import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { WakeUps } from "./wake-ups.ts";

t.test("wake() ends every wait", async (t) => {
  const wakeUps = new WakeUps(new ManualClock());
  const waits = [wakeUps.wait({}), wakeUps.wait({ timeoutMs: 1_000 })];
  wakeUps.wake();
  t.strictSame(await Promise.all(waits), [true, true]);
});

t.test("a wait ends by its time, and leaves no timer", async (t) => {
  const clock = new ManualClock();
  const wakeUps = new WakeUps(clock);
  const wait = wakeUps.wait({ timeoutMs: 1_000 });
  clock.advance(1_000);
  t.equal(await wait, false);
  const woken = wakeUps.wait({ timeoutMs: 1_000 });
  wakeUps.wake();
  await woken;
  t.equal(clock.pendingTimers, 0);
});

t.test("a wait ends with its signal", async (t) => {
  const wakeUps = new WakeUps(new ManualClock());
  const stop = new AbortController();
  const wait = wakeUps.wait({ signal: stop.signal });
  stop.abort();
  t.equal(await wait, false);
  t.equal(await wakeUps.wait({ signal: stop.signal }), false);
});
