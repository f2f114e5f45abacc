/** Tests of the injectable clock: the manual one must be exact, the real one must behave like Node's timers. */
import t from "tap";
import { ManualClock, monotonicMs, sleep, systemClock } from "./clock.ts";

t.test("ManualClock.now() stands still until advance()", async (t) => {
  const clock = new ManualClock(1_000);
  t.equal(clock.now(), 1_000);
  t.equal(clock.monotonicNs(), 0n);
  clock.advance(250);
  t.equal(clock.now(), 1_250);
  t.equal(clock.monotonicNs(), 250_000_000n);
});

t.test("monotonicMs() keeps the fraction of the monotonic clock", async (t) => {
  const clock = new ManualClock(1_000);
  clock.advance(2.25);
  t.equal(monotonicMs(clock), 2.25);
});

t.test("ManualClock.now() is whole milliseconds when time moves by fractions", async (t) => {
  const clock = new ManualClock(1_000);
  clock.advance(0.75);
  t.equal(clock.now(), 1_000);
  t.equal(clock.monotonicNs(), 750_000n);
});

t.test("ManualClock.advance() fires timers by time, then by arming", async (t) => {
  const clock = new ManualClock(0);
  const fired: string[] = [];
  clock.setTimeout(() => fired.push(`late@${clock.now()}`), 20);
  clock.setTimeout(() => fired.push(`first@${clock.now()}`), 10);
  clock.setTimeout(() => fired.push(`second@${clock.now()}`), 10);
  clock.advance(9);
  t.same(fired, []);
  t.equal(clock.pendingTimers, 3);
  t.equal(clock.nextTimerMs, 1);
  clock.advance(100);
  t.same(fired, ["first@10", "second@10", "late@20"]);
  t.equal(clock.now(), 109);
  t.equal(clock.nextTimerMs, undefined);
});

t.test("ManualClock.advance() fires timers armed by a callback when they fall due", async (t) => {
  const clock = new ManualClock(0);
  const fired: number[] = [];
  const tick = () => {
    fired.push(clock.now());
    clock.setTimeout(tick, 10);
  };
  clock.setTimeout(tick, 10);
  clock.advance(35);
  t.same(fired, [10, 20, 30]);
});

t.test("ManualClock.clearTimeout() disarms and ignores what it does not know", async (t) => {
  const clock = new ManualClock(0);
  const timer = clock.setTimeout(() => t.fail("must not fire"), -5);
  timer.unref();
  clock.clearTimeout(timer);
  clock.clearTimeout(timer);
  clock.clearTimeout(undefined);
  clock.advance(10);
  t.equal(clock.pendingTimers, 0);
});

t.test("ManualClock.advance() throws when time would go backwards", async (t) => {
  const clock = new ManualClock(0);
  t.throws(() => clock.advance(-1), new RangeError("Cannot advance clock: -1 ms is negative"));
  t.throws(
    () => clock.advance(Number.NaN),
    new RangeError("Cannot advance clock: NaN ms is negative"),
  );
});

t.test("systemClock follows the machine's time", async (t) => {
  const before = Date.now();
  t.ok(systemClock.now() >= before);
  t.ok(Number.isInteger(systemClock.now()));
  const start = systemClock.monotonicNs();
  await sleep(systemClock, 2);
  t.ok(systemClock.monotonicNs() > start);
});

t.test("systemClock.clearTimeout() disarms", async (t) => {
  const timer = systemClock.setTimeout(() => t.fail("must not fire"), 1);
  timer.unref();
  systemClock.clearTimeout(timer);
  systemClock.clearTimeout(undefined);
  await sleep(systemClock, 5);
});

t.test(
  "systemClock.setTimeout() does not fire at once when the delay is beyond Node's limit",
  async (t) => {
    const timer = systemClock.setTimeout(() => t.fail("must not fire"), 2 ** 40);
    t.teardown(() => systemClock.clearTimeout(timer));
    await sleep(systemClock, 5);
  },
);

t.test("sleep() resolves when the clock reaches the delay", async (t) => {
  const clock = new ManualClock();
  let done = false;
  const sleeping = sleep(clock, 100).then(() => {
    done = true;
  });
  clock.advance(99);
  await Promise.resolve();
  t.equal(done, false);
  clock.advance(1);
  await sleeping;
  t.equal(done, true);
});

t.test("sleep() resolves early and disarms its timer when the signal aborts", async (t) => {
  const clock = new ManualClock();
  const abort = new AbortController();
  const sleeping = sleep(clock, 100, abort.signal);
  abort.abort();
  await sleeping;
  t.equal(clock.pendingTimers, 0);
  await sleep(clock, 100, abort.signal);
  t.equal(clock.pendingTimers, 0);
});
