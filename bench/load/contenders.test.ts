/** Unit tests of choosing contenders. */
import t from "tap";
import type { Contender } from "./contender.ts";
import { allContenders, orUsageError, selectAmong, selectContenders } from "./contenders.ts";

function fake(name: string, values: Partial<Contender> = {}): Contender {
  return {
    name,
    modes: ["connect"],
    injectsCredential: false,
    find: async () => ({ kind: "ready", version: "1" }),
    start: () => Promise.reject(new Error("Cannot start a fake")),
    ...values,
  };
}

const absent = { find: async () => ({ kind: "absent", reason: "not here" }) as const };
const all = [fake("a"), fake("b", absent), fake("direct", { modes: ["direct"] })];

t.test("selectContenders() takes every proxy when none is named", async (t) => {
  const selection = await selectContenders(all, undefined);
  t.same(
    selection.present.map((one) => one.name),
    ["a"],
  );
  t.same([...selection.absent], [["b", "not here"]]);
  t.same([...selection.versions], [["a", "1"]]);
});

t.test("selectContenders() keeps the report's order and looks only for those named", async (t) => {
  const selection = await selectContenders(all, ["direct", "a"]);
  t.same(
    selection.present.map((one) => one.name),
    ["a", "direct"],
  );
  t.equal(selection.absent.size, 0);
});

t.test("selectContenders() rejects a name that is not known", async (t) => {
  await t.rejects(
    selectContenders(all, ["a", "nginx"]),
    new RangeError('Cannot run contender "nginx": it is not known: known are a, b, direct'),
  );
});

t.test("allContenders() lists each once", async (t) => {
  t.same(
    allContenders({}).map((one) => one.name),
    ["clrk-native", "none", "mitmproxy", "mockttp", "direct"],
  );
});

t.test("selectAmong() takes whatever has a name and can be looked for", async (t) => {
  const find = async () => ({ kind: "ready", version: "2" }) as const;
  const selection = await selectAmong([{ name: "x", find, extra: 1 }], ["x"]);
  t.equal(selection.present[0]?.extra, 1);
});

t.test("orUsageError() refuses what cannot be run in words for the terminal", async (t) => {
  await t.rejects(orUsageError(selectContenders(all, ["nginx"])), {
    name: "UsageError",
    message: 'Cannot run contender "nginx": it is not known: known are a, b, direct',
  });
  await t.rejects(orUsageError(selectContenders(all, ["b"])), {
    name: "UsageError",
    message: "Cannot run benchmark: no contender is present: b: not here",
  });
  t.equal((await orUsageError(selectContenders(all, ["a"]))).present.length, 1);
});
