/** Tests what is remembered of facts, and for how long. */
import t from "tap";
import { outlineOf } from "./http-transaction.ts";
import type { KnownFacts } from "./outline-cache.ts";
import { OutlineCache } from "./outline-cache.ts";
import { recordJsonParts } from "./record-json.ts";
import { entryContext, httpFacts, researcher } from "../testdata/access-log.ts";

const rules = new Map();

function known(path: string, agent: typeof researcher | null = researcher): KnownFacts {
  const outline = outlineOf(httpFacts({ target: path }), entryContext({ findAgent: () => agent }));
  return { outline, json: recordJsonParts(outline) };
}

t.test("get() gives what was set, for the same text", async (t) => {
  const cache = new OutlineCache();
  const facts = known("/a");
  cache.set("a", facts, rules);
  t.equal(cache.get("a", rules), facts);
  t.equal(cache.get("b", rules), undefined);
});

t.test("get() gives nothing that other rules decided", async (t) => {
  const cache = new OutlineCache();
  cache.set("a", known("/a"), rules);
  t.equal(cache.get("a", new Map()), undefined);
  const renewed = known("/renewed");
  const newRules = new Map();
  cache.set("a", renewed, newRules);
  t.equal(cache.get("a", newRules), renewed);
});

t.test("set() remembers nothing without an agent, who may be known later", async (t) => {
  const cache = new OutlineCache();
  cache.set("a", known("/a", null), rules);
  t.equal(cache.get("a", rules), undefined);
});

t.test("set() remembers no long text", async (t) => {
  const cache = new OutlineCache();
  const [kept, long] = ["x".repeat(1_024), "x".repeat(1_025)];
  cache.set(kept, known("/a"), rules);
  cache.set(long, known("/a"), rules);
  t.ok(cache.get(kept, rules));
  t.equal(cache.get(long, rules), undefined);
});

t.test("set() forgets what was not used while as many others came", async (t) => {
  const cache = new OutlineCache(10);
  for (const text of ["used", "unused"]) cache.set(text, known("/a"), rules);
  for (let count = 0; count < 100; count++) {
    cache.set(`other ${count}`, known("/b"), rules);
    t.ok(cache.get("used", rules), `after ${count} others`);
  }
  t.equal(cache.get("unused", rules), undefined);
  t.equal(cache.get("other 0", rules), undefined);
  t.ok(cache.get("other 99", rules));
});
