/** The token bucket over manual time, also when the clock is set back. */
import t from "tap";
import type { Clock } from "../gateway/clock.ts";
import { ManualClock } from "../gateway/clock.ts";
import type { MintingCeiling } from "./minting-ceiling.ts";
import { createMintingCeiling } from "./minting-ceiling.ts";

function takeAll(ceiling: MintingCeiling): number {
  let taken = 0;
  while (taken < 10_000 && ceiling.tryTake()) taken++;
  return taken;
}

t.test("tryTake() gives the burst, then the rate", (t) => {
  const clock = new ManualClock();
  const ceiling = createMintingCeiling({ clock, perSecond: 10, burst: 5 });
  t.equal(takeAll(ceiling), 5);
  clock.advance(99);
  t.equal(takeAll(ceiling), 0);
  clock.advance(1);
  t.equal(takeAll(ceiling), 1);
  clock.advance(300);
  t.equal(takeAll(ceiling), 3);
  clock.advance(60_000);
  t.equal(takeAll(ceiling), 5, "never more than the burst");
  t.end();
});

t.test("tryTake() keeps its tokens when the clock is set back", (t) => {
  let nowMs = 1_000_000;
  const clock: Clock = Object.assign(new ManualClock(), { now: () => nowMs });
  const ceiling = createMintingCeiling({ clock, perSecond: 10, burst: 5 });
  t.equal(ceiling.tryTake(), true);
  nowMs -= 500_000;
  t.equal(takeAll(ceiling), 4);
  nowMs += 100;
  t.equal(takeAll(ceiling), 1, "and fills from the new time");
  t.end();
});

t.test("createMintingCeiling() has defaults that carry an agent's start", (t) => {
  const clock = new ManualClock();
  const ceiling = createMintingCeiling({ clock });
  t.equal(takeAll(ceiling), 1000);
  clock.advance(1000);
  t.equal(takeAll(ceiling), 200);
  t.end();
});

t.test("createMintingCeiling() refuses sizes that never give a token", (t) => {
  const clock = new ManualClock();
  const cases = [
    { perSecond: 0, burst: 1 },
    { perSecond: -1, burst: 1 },
    { perSecond: Number.POSITIVE_INFINITY, burst: 1 },
    { perSecond: Number.NaN, burst: 1 },
    { perSecond: 1, burst: 0.5 },
    { perSecond: 1, burst: Number.NaN },
  ];
  for (const { perSecond, burst } of cases) {
    t.throws(
      () => createMintingCeiling({ clock, perSecond, burst }),
      new RangeError(
        `Cannot create minting ceiling: perSecond is ${perSecond} and burst ${burst}, wanted above 0 and at least 1`,
      ),
    );
  }
  t.end();
});
