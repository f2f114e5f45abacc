/** Tests of logic over facts that may be missing. */
import t from "tap";
import type { Truth } from "./fact.ts";
import { allTrue, anyTrue, isMissing, notTrue } from "./fact.ts";

const team = { missing: "header x-team" };
const body = { missing: "body" };
const same = (truth: Truth) => truth;

const rows: readonly {
  readonly name: string;
  readonly parts: readonly Truth[];
  readonly all: Truth;
  readonly any: Truth;
}[] = [
  { name: "none", parts: [], all: true, any: false },
  { name: "what is known", parts: [true, false], all: false, any: true },
  { name: "a missing one beside a true one", parts: [true, team], all: team, any: true },
  { name: "a missing one beside a false one", parts: [team, false], all: false, any: team },
  { name: "several missing ones", parts: [team, body], all: team, any: team },
];

for (const { name, parts, all, any } of rows) {
  t.test(`allTrue() and anyTrue() of ${name}`, async (t) => {
    t.same(allTrue(parts, same), all);
    t.same(anyTrue(parts, same), any);
  });
}

t.test("notTrue() turns only what is known", async (t) => {
  t.equal(notTrue(true), false);
  t.equal(notTrue(false), true);
  t.equal(notTrue(team), team);
});

t.test("isMissing() tells texts and truths from what stands for them", async (t) => {
  t.ok(isMissing(team));
  for (const known of ["missing", undefined, null, true]) t.notOk(isMissing(known));
});
