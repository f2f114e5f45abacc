import t from "tap";
import { LatencyHistogram } from "./latency-histogram.ts";

t.test("add() counts each time in one bucket, bounds included", async (t) => {
  const histogram = new LatencyHistogram([0.1, 1]);
  for (const seconds of [-1, 0.1, 0.2, 1, 1.5, 100]) histogram.add(seconds);
  t.strictSame(histogram.value, { bounds: [0.1, 1], counts: [2, 2, 2], sum: 102.8 });
});
