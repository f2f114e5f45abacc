/** The engine in numbers for collectors of metrics, put together when they ask. */
import type { EngineFigures } from "../gateway/engine.ts";
import type { EngineWorker } from "./engine-worker.ts";
import type { ThreadCounters } from "./thread-counters.ts";
import { handlingBounds } from "./thread-counters.ts";

/** One thread's place, as far as it is told of. */
export interface FigureSlot {
  readonly counters: ThreadCounters;
  readonly worker: Pick<EngineWorker, "loop"> | undefined;
  readonly isServing: boolean;
  /** When its last sign of life was seen, in `ms` of `performance.now()` */
  readonly beatMs: number;
}

/** Figures of the threads in those places. */
export function engineFigures(slots: readonly FigureSlot[], nowMs: number): EngineFigures {
  const counts = new Array<number>(handlingBounds.length + 1).fill(0);
  let sum = 0;
  for (const { counters } of slots) {
    const { handling } = counters;
    sum += handling.sum;
    for (const [at, count] of handling.counts.entries()) counts[at] = (counts[at] ?? 0) + count;
  }
  return {
    threads: slots.map(({ counters, worker, isServing, beatMs }) => ({
      serving: isServing,
      ...(worker?.loop ?? { busySeconds: 0, idleSeconds: 0 }),
      silentSeconds: isServing ? Math.max(0, nowMs - beatMs) / 1_000 : 0,
      openStreams: counters.get("openStreams"),
      totalStreams: counters.get("totalStreams"),
    })),
    handling: { bounds: handlingBounds, counts, sum },
  };
}
