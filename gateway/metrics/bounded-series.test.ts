import t from "tap";
import { BoundedSeries } from "./bounded-series.ts";

t.test("get() keeps so many series and counts all others as one", async (t) => {
  const series = new BoundedSeries(2, () => ({ count: 0 }));
  for (const name of ["a", "a", "b", "c", "a", "d", "c", "other"]) series.get([name]).count++;
  const counts = series.list().map(({ labels, value }) => [labels[0], value.count]);
  t.strictSame(counts, [
    ["a", 3],
    ["b", 1],
    ["other", 4],
  ]);
});

t.test("get() keeps no long label, and never takes two lists of labels for one", async (t) => {
  const series = new BoundedSeries(10, () => ({ count: 0 }));
  series.get(["x".repeat(129)]).count++;
  series.get(["a", "b c"]).count++;
  series.get(["a b", "c"]).count++;
  series.get(['a"', '"b']).count++;
  series.get(["a\u0000b", "c"]).count++;
  series.get(["a", "b\u0000c"]).count++;
  t.strictSame(
    series.list().map(({ labels }) => labels),
    [["other"], ["a", "b c"], ["a b", "c"], ['a"', '"b'], ["other", "other"]],
  );
});

t.test("a million invented names grow nothing", async (t) => {
  const series = new BoundedSeries(100, () => ({ count: 0 }));
  for (let name = 0; name < 1_000_000; name++) series.get([String(name)]).count++;
  t.equal(series.list().length, 101);
  t.equal(
    series.list().reduce((sum, { value }) => sum + value.count, 0),
    1_000_000,
  );
});
