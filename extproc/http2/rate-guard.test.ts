/** Tests of telling a flood from many events in a long time. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { RateGuard } from "./rate-guard.ts";

function createGuard() {
  const clock = new ManualClock();
  const guard = new RateGuard({ clock, limit: 10, spanMs: 1_000 });
  const hits = (count: number) => Array.from({ length: count }, () => guard.hit());
  return { clock, hits };
}

t.test("hit() lets the limit pass within a span, and no more", async (t) => {
  const { hits } = createGuard();
  t.notOk(hits(10).includes(true));
  t.strictSame(hits(1), [true]);
});

t.test("hit() begins anew after a span", async (t) => {
  const { clock, hits } = createGuard();
  for (let span = 0; span < 5; span++) {
    t.notOk(hits(10).includes(true));
    clock.advance(1_000);
  }
});

t.test("hit() tells every flood within twice the limit", async (t) => {
  for (let before = 0; before <= 10; before++) {
    const { clock, hits } = createGuard();
    hits(before);
    clock.advance(5_000);
    t.ok(hits(21).includes(true), `${before} before`);
  }
});
