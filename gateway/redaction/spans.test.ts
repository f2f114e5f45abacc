/** Spans: merged, and written over once. */
import t from "tap";
import { mergeSpans, replaceSpans } from "./spans.ts";

t.test("mergeSpans() orders spans and joins those that overlap", async (t) => {
  t.same(
    mergeSpans([
      { start: 8, end: 9 },
      { start: 0, end: 3, by: "x" },
      { start: 2, end: 5 },
      { start: 5, end: 6 },
    ]),
    [
      { start: 0, end: 5, by: "x" },
      { start: 5, end: 6 },
      { start: 8, end: 9 },
    ],
  );
});

t.test("replaceSpans() keeps what is outside", async (t) => {
  t.equal(replaceSpans("abcdef", [], "-"), "abcdef");
  t.equal(
    replaceSpans(
      "abcdef",
      [
        { start: 4, end: 6 },
        { start: 0, end: 1, by: "A" },
      ],
      "-",
    ),
    "Abcd-",
  );
  t.equal(replaceSpans("abc", [{ start: 0, end: 3 }], "-"), "-");
});
