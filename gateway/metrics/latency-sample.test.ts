import t from "tap";
import { LatencySample } from "./latency-sample.ts";

t.test("percentiles() are of the last 128, by nearest rank", async (t) => {
  const sample = new LatencySample();
  t.strictSame(sample.percentiles(50, 95), [null, null]);
  sample.add(7);
  t.strictSame(sample.percentiles(50, 95), [7, 7]);
  for (let ms = 1; ms <= 300; ms++) sample.add(ms);
  t.strictSame(sample.percentiles(0, 50, 95, 100), [173, 236, 294, 300]);
});
