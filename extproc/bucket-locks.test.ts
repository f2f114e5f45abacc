import t from "tap";
import { BucketLocks } from "./bucket-locks.ts";

function locksOf(words: Int32Array, owner: number) {
  let takenOver = 0;
  const locks = new BucketLocks({ words, owner, onTakenOver: () => takenOver++ });
  return { locks, takenOver: () => takenOver };
}

t.test("a lock is held by one, and free again thereafter", async (test) => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const { locks, takenOver } = locksOf(words, 7);
  test.equal(locks.count, 2);
  locks.lock(1);
  test.strictSame([...words], [0, 7]);
  locks.unlock(1);
  locks.lock(1);
  locks.unlock(1);
  test.strictSame([...words], [0, 0]);
  test.equal(takenOver(), 0);
});

t.test(
  "a lock that was abandoned is taken over, and its last holder cannot free it",
  async (test) => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const gone = locksOf(words, 1);
    gone.locks.lock(0);
    const next = locksOf(words, 2);
    next.locks.lock(0);
    test.equal(next.takenOver(), 1);
    gone.locks.unlock(0);
    test.strictSame([...words], [2]);
  },
);
