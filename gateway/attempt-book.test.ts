/** Attempts that wait for their transaction: in order, once, and in memory that is bounded. */
import t from "tap";
import { AttemptBook } from "./attempt-book.ts";
import type { Attempt } from "./call-facts.ts";

function attempt(status: number): Attempt {
  return { backend: null, startUnixMs: 0, durationMs: 1, status, reason: "" };
}

function statuses(attempts: readonly Attempt[]): number[] {
  return attempts.map(({ status }) => status);
}

t.test("take() gives the attempts of a transaction in their order, once", async (t) => {
  const book = new AttemptBook();
  book.add("a", attempt(503));
  book.add("b", attempt(500));
  book.add("a", attempt(200));
  t.same(statuses(book.take("a")), [503, 200]);
  t.same(book.take("a"), []);
  t.same(statuses(book.take("b")), [500]);
  t.equal(book.forgotten, 0);
});

t.test("take() gives none for a transaction that made none", async (t) => {
  t.same(new AttemptBook().take("constructor"), []);
});

t.test("add() keeps no more attempts of one transaction than Envoy makes", async (t) => {
  const book = new AttemptBook();
  for (let count = 0; count < 50; count++) book.add("a", attempt(count));
  t.same(statuses(book.take("a")), [0, 1, 2, 3, 4, 5, 6, 7]);
});

t.test("add() forgets the oldest transaction of too many, and counts it", async (t) => {
  const book = new AttemptBook();
  for (let count = 0; count < 16_385; count++) book.add(`span-${count}`, attempt(200));
  t.equal(book.forgotten, 1);
  t.same(book.take("span-0"), []);
  t.same(statuses(book.take("span-1")), [200]);
  t.same(statuses(book.take("span-16384")), [200]);
  book.add("more", attempt(200));
  t.equal(book.forgotten, 1, "what was taken has made room");
});
