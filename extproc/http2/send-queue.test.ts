/** Tests of answers that wait. */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { SendQueue } from "./send-queue.ts";

t.test("take() gives back what was added, in order and in pieces", async (t) => {
  const random = seededRandom(6);
  const queue = new SendQueue();
  let added = "";
  let taken = "";
  for (let step = 0; step < 5_000; step++) {
    if (random.below(2) === 0) {
      const text = String(step).repeat(random.below(30) + 1);
      queue.add(Buffer.from(text));
      added += text;
    } else if (!queue.isEmpty) taken += queue.take(random.below(50) + 1).toString();
  }
  while (!queue.isEmpty) taken += queue.take(1_000).toString();
  t.equal(taken, added);
  t.equal(queue.heldBytes, 0);
});

t.test("add() copies, and counts what holding costs", async (t) => {
  const queue = new SendQueue();
  const bytes = Buffer.from("hello");
  queue.add(bytes);
  bytes.fill("!");
  t.equal(queue.heldBytes, SendQueue.costOf(5));
  t.ok(queue.heldBytes > 5);
  t.equal(queue.take(3).toString(), "hel");
  t.equal(queue.heldBytes, SendQueue.costOf(5), "held until the whole piece is taken");
  t.equal(queue.take(100).toString(), "lo");
  t.equal(queue.heldBytes, 0);
});

t.test("take() of an empty queue is empty", async (t) => {
  t.equal(new SendQueue().take(10).length, 0);
});

t.test("isStalled() looks at what was taken since the last look", async (t) => {
  const queue = new SendQueue();
  queue.add(Buffer.alloc(100));
  t.equal(queue.isStalled(10), false, "first look");
  t.equal(queue.isStalled(10), true);
  queue.take(9);
  t.equal(queue.isStalled(10), true);
  queue.take(10);
  t.equal(queue.isStalled(10), false);
  t.equal(queue.isStalled(10), true);
});
