import t from "tap";
import { isSameMap } from "./same-map.ts";

t.test("isSameMap() compares keys and values", async (t) => {
  const one = new Map([
    ["a", 1],
    ["b", 2],
  ]);
  t.ok(isSameMap(one, new Map([...one].toReversed())));
  t.notOk(isSameMap(one, new Map([["a", 1]])));
  t.notOk(isSameMap(one, new Map([...one, ["b", 3]])));
  t.notOk(isSameMap(one, new Map([...one, ["c", 3]])));
});
