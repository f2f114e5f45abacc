/** Tests of the queue: coalescing, one at a time by key, pauses that grow, times. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { WorkQueue } from "./work-queue.ts";

interface Gate {
  open(): void;
  readonly opened: Promise<void>;
}

function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: () => resolve(), opened: promise };
}

function open(work: (key: string) => Promise<void>, atOnce?: number) {
  const clock = new ManualClock();
  const queue = new WorkQueue({
    ...{ name: "thing", work, clock, log: silentLogger },
    ...(atOnce !== undefined && { atOnce }),
  });
  return { clock, queue };
}

t.test(
  "a key that is added often is worked on once, and again when it changes meanwhile",
  async (t) => {
    const seen: string[] = [];
    const hold = gate();
    const { queue } = open(async (key) => {
      seen.push(key);
      if (seen.length === 1) await hold.opened;
    });
    for (let time = 0; time < 5; time++) queue.add("a");
    queue.add("b");
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    t.same(seen, ["a", "b"]);
    queue.add("a");
    queue.add("a");
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    t.same(seen, ["a", "b"], "it is not worked on twice at the same time");
    hold.open();
    await queue.idle();
    t.same(seen, ["a", "b", "a"]);
  },
);

t.test("no more keys than the bound are worked on at once", async (t) => {
  let running = 0;
  let most = 0;
  const { queue } = open(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  }, 3);
  for (let key = 0; key < 20; key++) queue.add(String(key));
  await queue.idle();
  t.equal(most, 3);
});

t.test("what fails is tried again, later each time, and without end", async (t) => {
  let tries = 0;
  const { queue, clock } = open(async () => {
    if (++tries <= 12) throw new Error("Not yet");
  });
  queue.add("a");
  await queue.idle();
  const pauses: number[] = [];
  while (queue.failing > 0) {
    const pause = clock.nextTimerMs ?? -1;
    pauses.push(pause);
    clock.advance(pause);
    await queue.idle();
  }
  t.same(pauses.slice(0, 4), [100, 200, 400, 800]);
  t.equal(pauses.at(-1), 30_000);
  t.equal(tries, 13);
});

t.test("the earliest of several times counts, and none after the object is gone", async (t) => {
  const seen: string[] = [];
  const { queue, clock } = open(async (key) => void seen.push(key));
  queue.addAfter("a", 1_000);
  queue.addAfter("a", 400);
  queue.addAfter("a", 2_000);
  queue.addAfter("gone", 100);
  queue.forget("gone");
  clock.advance(399);
  await queue.idle();
  t.same(seen, []);
  clock.advance(1);
  await queue.idle();
  clock.advance(5_000);
  await queue.idle();
  t.same(seen, ["a"]);
});

t.test("close() waits for what is worked on and begins nothing more", async (t) => {
  const hold = gate();
  const seen: string[] = [];
  const { queue, clock } = open(async (key) => {
    seen.push(key);
    await hold.opened;
  }, 1);
  queue.add("a");
  queue.add("b");
  queue.addAfter("c", 10);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const closed = queue.close();
  hold.open();
  await closed;
  clock.advance(10);
  queue.add("d");
  t.same(seen, ["a"]);
  t.equal(clock.pendingTimers, 0);
});
