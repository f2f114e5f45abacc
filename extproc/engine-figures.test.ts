import t from "tap";
import { engineFigures } from "./engine-figures.ts";
import { createCounters, handlingBounds, ThreadCounters } from "./thread-counters.ts";

t.test("engineFigures() sums the handling of all threads, and keeps the rest apart", async (t) => {
  const memory = createCounters(2);
  const [one, two] = [new ThreadCounters(memory, 0), new ThreadCounters(memory, 1)];
  one.addHandling(0.01);
  one.addHandling(0.05);
  two.addHandling(0.2);
  two.addHandling(1_000);
  two.add("openStreams", 3);
  two.add("totalStreams", 7);
  const loop = { busySeconds: 2, idleSeconds: 8 };
  const { threads, handling } = engineFigures(
    [
      { counters: one, worker: { loop }, isServing: true, beatMs: 1_000 },
      { counters: two, worker: undefined, isServing: false, beatMs: 0 },
    ],
    1_500,
  );
  t.strictSame(threads, [
    { serving: true, ...loop, silentSeconds: 0.5, openStreams: 0, totalStreams: 0 },
    {
      serving: false,
      busySeconds: 0,
      idleSeconds: 0,
      silentSeconds: 0,
      openStreams: 3,
      totalStreams: 7,
    },
  ]);
  t.strictSame(handling.bounds, handlingBounds);
  t.strictSame(handling.counts, [2, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  t.ok(Math.abs(handling.sum - 1.00026) < 1e-9);
});
