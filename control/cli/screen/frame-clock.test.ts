import t from "tap";
import { ManualClock } from "../../../gateway/clock.ts";
import { FrameClock } from "./frame-clock.ts";

function create() {
  const clock = new ManualClock();
  const frames = new FrameClock({ periodMs: 100, clock });
  const drawn: number[] = [];
  frames.subscribe(() => drawn.push(frames.frame()));
  return { clock, frames, drawn };
}

t.test("ask() draws at once, then not before the period is over", async (t) => {
  const { clock, frames, drawn } = create();
  for (let asked = 0; asked < 1_000; asked++) frames.ask();
  t.strictSame(drawn, [1]);
  clock.advance(99);
  t.strictSame(drawn, [1]);
  clock.advance(1);
  t.strictSame(drawn, [1, 2]);
  clock.advance(1_000);
  t.strictSame(drawn, [1, 2], "nobody asked");
  frames.ask();
  t.strictSame(drawn, [1, 2, 3], "the last one is old");
});

t.test("ask() makes at most ten frames of a second of requests", async (t) => {
  const { clock, frames, drawn } = create();
  for (let ms = 0; ms < 1_000; ms++) {
    for (let request = 0; request < 10; request++) frames.ask();
    clock.advance(1);
  }
  t.equal(drawn.length, 11, "the first, and one at the end of each tenth");
});

t.test("askNow() does not wait, and takes the place of the frame that was due", async (t) => {
  const { clock, frames, drawn } = create();
  frames.ask();
  frames.ask();
  frames.askNow();
  t.strictSame(drawn, [1, 2]);
  clock.advance(99);
  t.strictSame(drawn, [1, 2]);
  t.equal(clock.pendingTimers, 0);
});

t.test("close() ends it, and a listener that left hears nothing", async (t) => {
  const { clock, frames, drawn } = create();
  const leave = frames.subscribe(() => t.fail("called back"));
  leave();
  frames.ask();
  frames.ask();
  frames.close();
  clock.advance(1_000);
  frames.ask();
  frames.askNow();
  t.strictSame(drawn, [1]);
  t.equal(clock.pendingTimers, 0);
});
