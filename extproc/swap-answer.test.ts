/** Values in heads of answers. */
import t from "tap";
import { scrubHead } from "./swap-answer.ts";
import { placeholder, placeholderUse, swapEntry, swapPlan, value } from "./testdata/swaps.ts";

const { answers } = swapEntry(swapPlan({ scrubs: [placeholderUse()] }));

function scrub(...entries: readonly (readonly [string, string])[]) {
  if (answers === undefined) throw new Error("Cannot scrub: nothing is looked for");
  return scrubHead(entries, answers);
}

t.test("scrubHead() writes over values, and leaves all else", async (t) => {
  t.same(scrub([":status", "200"], ["x", "y"]), { set: [], remove: [] });
  t.same(scrub(["x", `a ${value}`], ["location", `/?k=${value}`], ["y", btoa(value)]), {
    set: [
      ["x", `a ${placeholder}`],
      ["location", `/?k=${placeholder}`],
      ["y", btoa(placeholder)],
    ],
    remove: [],
  });
});

t.test("scrubHead() joins what it cannot set apart, and takes out cookies", async (t) => {
  const entries = [
    ["x", "one"],
    ["x", value],
    ["set-cookie", "a=1"],
  ] as const;
  t.same(scrub(...entries), { set: [["x", `one, ${placeholder}`]], remove: [] });
  t.same(scrub(["set-cookie", value]), { set: [["set-cookie", placeholder]], remove: [] });
  t.same(scrub(["set-cookie", "a=1"], ["set-cookie", value]), { set: [], remove: ["set-cookie"] });
});

t.test("scrubHead() takes out names that hold a value, and digests of the body", async (t) => {
  const entries = [
    [`x-${value.toLowerCase()}`, "1"],
    ["content-md5", "x"],
    ["digest", "y"],
  ] as const;
  const { remove } = scrub(...entries);
  t.same(remove, [`x-${value.toLowerCase()}`, "content-md5", "digest"]);
});
