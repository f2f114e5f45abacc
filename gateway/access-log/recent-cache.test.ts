/** Tests what is remembered, and for how long. */
import t from "tap";
import { RecentCache } from "./recent-cache.ts";

t.test("get() gives what was set last for the same text", async (t) => {
  const cache = new RecentCache<number>();
  cache.set("a", 1);
  t.equal(cache.get("a"), 1);
  t.equal(cache.get("b"), undefined);
  cache.set("a", 2);
  t.equal(cache.get("a"), 2);
});

t.test("set() remembers no long text", async (t) => {
  const [kept, long] = ["x".repeat(1_024), "x".repeat(1_025)];
  const cache = new RecentCache<number>();
  cache.set(kept, 1);
  cache.set(long, 2);
  t.same([cache.get(kept), cache.get(long)], [1, undefined]);
  const short = new RecentCache<number>({ maxTextLength: 3 });
  short.set("abc", 1);
  short.set("abcd", 2);
  t.same([short.get("abc"), short.get("abcd")], [1, undefined]);
});

t.test("set() forgets what was not asked for while as many others came", async (t) => {
  const cache = new RecentCache<number>({ maxEntries: 10 });
  for (const text of ["used", "unused"]) cache.set(text, 1);
  for (let count = 0; count < 100; count++) {
    cache.set(`other ${count}`, count);
    t.equal(cache.get("used"), 1, `after ${count} others`);
  }
  t.equal(cache.get("unused"), undefined);
  t.equal(cache.get("other 0"), undefined);
  t.equal(cache.get("other 99"), 99);
});

t.test("set() never remembers more than two generations", async (t) => {
  const cache = new RecentCache<number>({ maxEntries: 10 });
  for (let count = 0; count < 1_000; count++) cache.set(String(count), count);
  const kept = Array.from({ length: 1_000 }, (_, count) => cache.get(String(count)));
  t.ok(kept.filter((value) => value !== undefined).length <= 20);
});

t.test("set() replaces a value in a full generation without forgetting others", async (t) => {
  const cache = new RecentCache<number>({ maxEntries: 2 });
  for (const [text, value] of [
    ["a", 1],
    ["b", 2],
    ["b", 3],
    ["b", 4],
    ["b", 5],
  ] as const) {
    cache.set(text, value);
  }
  t.same([cache.get("a"), cache.get("b")], [1, 5]);
});
