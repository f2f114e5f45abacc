/** Unit tests of the summary of decisions. */
import t from "tap";
import { summariseTimes } from "./decision-times.ts";

t.test("summariseTimes() tells the middle, the end and the share", async (t) => {
  const micros = Float64Array.from({ length: 101 }, (_, at) => 100 - at);
  t.same(summariseTimes(micros, 50), {
    p50Micros: 50,
    p99Micros: 99,
    maxMicros: 100,
    found: 50 / 101,
  });
});
