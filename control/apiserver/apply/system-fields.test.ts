import t from "tap";
import { hasPath } from "./field-set.ts";
import { isSameButTimes, systemFields, wholeSeconds } from "./system-fields.ts";

t.test("systemFields has the identity of an object, not its labels", (t) => {
  t.ok(hasPath(systemFields, ["f:metadata", "f:uid"]));
  t.ok(hasPath(systemFields, ["f:metadata"]));
  t.notOk(hasPath(systemFields, ["f:metadata", "f:labels"]));
  t.notOk(hasPath(systemFields, ["f:metadata", "f:finalizers"]));
  t.end();
});

t.test("wholeSeconds() cuts the fraction", (t) => {
  t.equal(wholeSeconds(new Date("2026-11-29T01:02:03.999Z")), "2026-11-29T01:02:03Z");
  t.end();
});

t.test("isSameButTimes() ignores times and resourceVersion only", (t) => {
  const object = (time: string, more = {}) => ({
    metadata: { resourceVersion: time, managedFields: [{ manager: "a", time }], ...more },
  });
  t.ok(isSameButTimes(object("1"), object("2")));
  t.notOk(isSameButTimes(object("1"), object("1", { labels: {} })));
  t.notOk(isSameButTimes(object("1"), { metadata: { managedFields: [{ manager: "b" }] } }));
  t.end();
});
