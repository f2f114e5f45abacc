/** Unit tests of the median and spread that every report uses. */
import t from "tap";
import { quantileOfSorted, summarise } from "./statistics.ts";

t.test("summarise() gives median and extremes without changing its input", async (t) => {
  const rows = [
    { name: "one", samples: [7], want: { median: 7, min: 7, max: 7, count: 1 } },
    { name: "odd", samples: [9, 1, 5], want: { median: 5, min: 1, max: 9, count: 3 } },
    { name: "even", samples: [4, 1, 3, 2], want: { median: 2.5, min: 1, max: 4, count: 4 } },
    {
      name: "numeric order",
      samples: [10, 9, 100],
      want: { median: 10, min: 9, max: 100, count: 3 },
    },
  ];
  for (const row of rows) {
    const before = [...row.samples];
    t.same(summarise(row.samples), row.want, row.name);
    t.same(row.samples, before, `${row.name} unchanged`);
  }
});

t.test("summarise() refuses gaps when a sample is missing", async (t) => {
  t.throws(() => summarise([]), new RangeError("Cannot summarise samples: there is none"));
  t.throws(
    () => summarise([1, Number.NaN]),
    new RangeError('Cannot summarise samples: "NaN" is not a finite number'),
  );
  t.throws(
    () => summarise([Number.POSITIVE_INFINITY]),
    new RangeError('Cannot summarise samples: "Infinity" is not a finite number'),
  );
});

t.test("quantileOfSorted() interpolates between neighbours", async (t) => {
  t.equal(quantileOfSorted([1, 2, 3, 4, 5], 0.25), 2);
  t.equal(quantileOfSorted([1, 2, 3, 4], 0.75), 3.25);
  t.equal(quantileOfSorted([1, 2, 3, 4], 1), 4);
  t.equal(quantileOfSorted([3], 0.99), 3);
  t.equal(quantileOfSorted([], 0.5), 0);
});

t.test("quantileOfSorted() rejects a fraction outside 0 to 1", async (t) => {
  for (const fraction of [-0.1, 1.1, Number.NaN]) {
    t.throws(
      () => quantileOfSorted([1], fraction),
      new RangeError(`Cannot take quantile: fraction must be 0 to 1: received ${fraction}`),
    );
  }
});
