/** Unit tests of what tables in shared memory have in common. */
import t from "tap";
import { createSeededMemory, headerBytes, SharedBuckets } from "./shared-buckets.ts";

t.test(
  "spotOf() is the same for all threads of one memory, and another one elsewhere",
  async (t) => {
    const memory = createSeededMemory(headerBytes + 4 * 8);
    const [one, two] = [new SharedBuckets(memory, 8), new SharedBuckets(memory, 8)];
    const spot = one.spotOf("a");
    t.same(two.spotOf("a"), spot);
    t.notSame(one.spotOf("b"), spot);
    t.ok(spot.bucket >= 0 && spot.bucket < 8);
    const other = new SharedBuckets(createSeededMemory(headerBytes + 4 * 8), 8).spotOf("a");
    t.notSame([other.high, other.low], [spot.high, spot.low]);
    t.equal(one.takenOver, 0);
  },
);
