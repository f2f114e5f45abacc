/** Tests that what others changed is neither lost nor overwritten when a change is taken back. */
import t from "tap";
import { takeBack } from "./three-way.ts";

const cases = [
  {
    name: "what nobody touched becomes what it was",
    ...{ before: { a: 1 }, after: { a: 2 }, current: { a: 2 } },
    want: { value: { a: 1 }, conflicts: [] },
  },
  {
    name: "what others changed elsewhere stays",
    ...{ before: { a: 1, b: 1 }, after: { a: 2, b: 1 }, current: { a: 2, b: 9 } },
    want: { value: { a: 1, b: 9 }, conflicts: [] },
  },
  {
    name: "what others changed in the same place stays and is told",
    ...{ before: { s: { a: 1 } }, after: { s: { a: 2 } }, current: { s: { a: 3 } } },
    want: { value: { s: { a: 3 } }, conflicts: ["s.a"] },
  },
  {
    name: "a member that came goes",
    ...{ before: { a: 1 }, after: { a: 1, b: 2 }, current: { a: 1, b: 2, c: 3 } },
    want: { value: { a: 1, c: 3 }, conflicts: [] },
  },
  {
    name: "a member that went comes",
    ...{ before: { a: 1, b: 2 }, after: { a: 1 }, current: { a: 1 } },
    want: { value: { a: 1, b: 2 }, conflicts: [] },
  },
  {
    name: "lists count as one",
    ...{ before: { l: [1] }, after: { l: [1, 2] }, current: { l: [1, 2, 3] } },
    want: { value: { l: [1, 2, 3] }, conflicts: ["l"] },
  },
  {
    name: "what is as it was needs nothing",
    ...{ before: { a: 1 }, after: { a: 2 }, current: { a: 1 } },
    want: { value: { a: 1 }, conflicts: [] },
  },
  {
    name: "what was new and is untouched is gone",
    ...{ before: null, after: { a: 2 }, current: { a: 2 } },
    want: { value: null, conflicts: [] },
  },
  {
    name: "what was new and others changed stays",
    ...{ before: null, after: { a: 2 }, current: { a: 3 } },
    want: { value: { a: 3 }, conflicts: [""] },
  },
  {
    name: "what others deleted stays deleted",
    ...{ before: { a: 1 }, after: { a: 2 }, current: null },
    want: { value: null, conflicts: [""] },
  },
];

for (const { name, before, after, current, want } of cases) {
  t.test(`takeBack(): ${name}`, async (t) => {
    t.strictSame(takeBack(before, after, current), want);
  });
}

t.test("takeBack() twice is the same as once", async (t) => {
  for (const { before, after, current } of cases) {
    const once = takeBack(before, after, current).value;
    t.strictSame(takeBack(before, after, once).value, once);
  }
});
