import t from "tap";
import { seededHash } from "./seeded-hash.ts";

t.test("seededHash() depends on every character, their order and the seed", async (test) => {
  const hashes = ["", "a", "b", "ab", "ba", "aa", "\u0000a", "a\u0000"].map((text) =>
    seededHash(text, 5),
  );
  test.equal(new Set(hashes).size, hashes.length);
  test.equal(seededHash("ab", 5), seededHash("ab", 5));
  test.not(seededHash("ab", 5), seededHash("ab", 6));
});

t.test("seededHash() spreads names that differ little over buckets evenly", async (test) => {
  const buckets = new Array<number>(64).fill(0);
  for (let index = 0; index < 64_000; index++) {
    const bucket = (seededHash(`run-${index}`, 9) >>> 0) % 64;
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  test.ok(Math.max(...buckets) < 1_200, String(Math.max(...buckets)));
  test.ok(Math.min(...buckets) > 800, String(Math.min(...buckets)));
});
