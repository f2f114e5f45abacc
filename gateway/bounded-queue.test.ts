/** Tests of the bounded queue against a plain array that does the same slowly. */
import t from "tap";
import { BoundedQueue } from "./bounded-queue.ts";

t.test("BoundedQueue keeps order until it is full, then gives up the oldest", async (t) => {
  const queue = new BoundedQueue<number>(3);
  t.same(
    [1, 2, 3, 4, 5].map((item) => queue.push(item)),
    [undefined, undefined, undefined, 1, 2],
  );
  t.equal(queue.size, 3);
  t.equal(queue.shift(), 3);
  t.same(queue.take(10), [4, 5]);
  t.equal(queue.shift(), undefined);
  t.equal(queue.size, 0);
});

t.test("BoundedQueue.take() takes no more than it is asked for", async (t) => {
  const queue = new BoundedQueue<string>(4);
  for (const item of ["a", "b", "c"]) queue.push(item);
  t.same(queue.take(0), []);
  t.same(queue.take(2), ["a", "b"]);
  t.equal(queue.size, 1);
});

t.test("BoundedQueue.clear() empties and tells how many there were", async (t) => {
  const queue = new BoundedQueue<string>(2);
  for (const item of ["a", "b", "c"]) queue.push(item);
  t.equal(queue.clear(), 2);
  t.equal(queue.clear(), 0);
  queue.push("d");
  t.same(queue.take(5), ["d"]);
});

t.test("BoundedQueue behaves as a plain array does on random operations", async (t) => {
  let state = 42;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  for (const capacity of [1, 2, 7]) {
    const queue = new BoundedQueue<number>(capacity);
    const model: number[] = [];
    for (let step = 0; step < 2_000; step++) {
      if (random(3) > 0) {
        const evicted = model.length === capacity ? model.shift() : undefined;
        model.push(step);
        if (queue.push(step) !== evicted) t.fail(`push ${step}`);
      } else if (queue.shift() !== model.shift()) t.fail(`shift ${step}`);
      if (queue.size !== model.length) t.fail(`size ${step}`);
    }
    t.same(queue.take(capacity), model);
  }
});

for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
  t.test(`BoundedQueue() throws when the capacity is ${capacity}`, async (t) => {
    t.throws(
      () => new BoundedQueue(capacity),
      new RangeError(`Cannot create BoundedQueue: capacity is ${capacity}, want 1 or more`),
    );
  });
}
