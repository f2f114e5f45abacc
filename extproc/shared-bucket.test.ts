/** Tests of the bucket that replicas share: never more than one process would let by, whatever is given back. */
import t from "tap";
import type { SharedUse } from "../gateway/limit-store.ts";
import { returnPortion, takePortion } from "./shared-bucket.ts";
import { seededRandom } from "./testdata/random.ts";

const rate = { requests: 100, windowMs: 10_000 };

t.test(
  "takePortion() gives what is wanted, and at most an equal share of what is left",
  async (t) => {
    const first = takePortion(undefined, rate, { nowMs: 5_000, wanted: 10, replicas: 1 });
    t.same(first, { kind: "portion", count: 10, use: { usedMs: 1_000, atMs: 5_000 } });
    const use = { usedMs: 1_000, atMs: 5_000 };
    const next = takePortion(use, rate, { nowMs: 5_100, wanted: 1_000, replicas: 2 });
    t.same(next, { kind: "portion", count: 30, use: { usedMs: 3_900, atMs: 5_100 } });
    const last = { usedMs: 9_900, atMs: 5_000 };
    t.match(takePortion(last, rate, { nowMs: 5_000, wanted: 9, replicas: 9 }), { count: 1 });
  },
);

t.test("takePortion() says when there will be something", async (t) => {
  const use = { usedMs: 9_950, atMs: 5_000 };
  const asked = { nowMs: 5_020, wanted: 1, replicas: 1 };
  t.same(takePortion(use, rate, asked), { kind: "spent", afterMs: 30 });
  t.match(takePortion(use, rate, { ...asked, nowMs: 5_050 }), { kind: "portion" });
});

t.test("takePortion() takes clocks for what they are", async (t) => {
  const use = { usedMs: 10_000, atMs: 5_000 };
  const behind = { nowMs: 4_900, wanted: 1, replicas: 1 };
  t.same(takePortion(use, rate, behind), { kind: "spent", afterMs: 100 });
  const jumped = takePortion({ usedMs: 9_000, atMs: 600_000 }, rate, behind);
  t.match(jumped, { kind: "portion", use: { atMs: 4_900 } }, "a clock that was set back");
  const wild = { usedMs: 1e12, atMs: 5_000 };
  t.same(takePortion(wild, rate, { ...behind, nowMs: 5_000 }), { kind: "spent", afterMs: 100 });
});

t.test("returnPortion() gives back less as time passes", async (t) => {
  const use = { usedMs: 5_000, atMs: 1_000 };
  const portion = { nowMs: 1_000, count: 10, takenAtMs: 1_000 };
  t.same(returnPortion(use, rate, portion), { usedMs: 4_000, atMs: 1_000 });
  t.same(returnPortion(use, rate, { ...portion, nowMs: 1_400 }), { usedMs: 4_000, atMs: 1_400 });
  t.equal(returnPortion(use, rate, { ...portion, nowMs: 2_000 }), undefined);
  t.equal(returnPortion(undefined, rate, portion), undefined, "nothing is known to be used");
});

t.test(
  "what was used never exceeds the limit, in any order of taking, using and returning",
  async (t) => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const requests = 1 + random.below(40);
      const windowMs = requests * (1 + random.below(100));
      const interval = windowMs / requests;
      let use: SharedUse | undefined;
      let nowMs = 1_000_000;
      /** One process that is asked for each request when its portion was taken: an ideal of what was used. */
      let idealMs = 0;
      const held: { count: number; takenAtMs: number }[] = [];
      const taken: { atMs: number; count: number }[] = [];
      for (let step = 0; step < 300; step++) {
        nowMs += random.below(Math.ceil(interval * 2));
        const asked = { nowMs, wanted: 1 + random.below(10), replicas: random.below(4) };
        const portion = random.below(4) === 0 ? held.pop() : undefined;
        if (portion !== undefined) {
          const unused = random.below(portion.count + 1);
          use =
            returnPortion(use, { requests, windowMs }, { ...portion, nowMs, count: unused }) ?? use;
          taken.push({ atMs: portion.takenAtMs, count: portion.count - unused });
          continue;
        }
        const outcome = takePortion(use, { requests, windowMs }, asked);
        if (outcome.kind === "spent") continue;
        use = outcome.use;
        held.push({ count: outcome.count, takenAtMs: nowMs });
      }
      for (const { count, takenAtMs } of held) taken.push({ atMs: takenAtMs, count });
      for (const { atMs, count } of taken.toSorted((left, right) => left.atMs - right.atMs)) {
        idealMs = Math.max(idealMs, atMs) + count * interval;
        const excess = (idealMs - atMs - windowMs) / interval;
        if (excess > 1 / 16) t.fail(`seed ${seed}: ${excess} too many at ${atMs}`);
      }
    }
    t.pass("for 300 seeds");
  },
);
