/** Tests of gaps in numbers of lines. */
import t from "tap";
import { LineGaps } from "./line-gaps.ts";

t.test("LineGaps counts what is missing before and between lines", async (t) => {
  const gaps = new LineGaps();
  t.equal(gaps.look("a", []), undefined);
  t.same(gaps.look("a", [1, 2, 3]), { missing: 0, last: 3 });
  t.same(gaps.look("a", [3, 4, 7]), { missing: 4, last: 7 }, "nothing was kept");
  gaps.keep("a", 3);
  t.same(gaps.look("a", [4, 5]), { missing: 0, last: 5 });
  t.same(gaps.look("a", [6, 7, 9]), { missing: 3, last: 9 });
  t.same(gaps.look("b", [2]), { missing: 1, last: 2 }, "each series has its own");
});

t.test("LineGaps takes no lower number for a gap", async (t) => {
  const gaps = new LineGaps([["a", 7]]);
  t.same(gaps.look("a", [1, 2, 4]), { missing: 1, last: 4 }, "begun anew");
  t.same(gaps.look("a", [6, 7, 8]), { missing: 0, last: 8 }, "written by one that was not over");
  t.same(gaps.look("a", [8, 4, 9, 5, 10]), { missing: 0, last: 10 }, "written by two at once");
});

t.test("LineGaps is bounded, and gives what it knows to the next", async (t) => {
  const gaps = new LineGaps();
  for (let series = 0; series <= 256; series++) gaps.keep(String(series), 5);
  gaps.keep("1", 6);
  const next = new LineGaps(gaps.entries());
  t.equal([...next.entries()].length, 256);
  t.same(next.look("0", [6]), { missing: 5, last: 6 }, "it was forgotten");
  t.same(next.look("1", [7]), { missing: 0, last: 7 });
});
