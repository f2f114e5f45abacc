/** CPU time of prepared translations: rounds in which all pairs take turns, so that a slow minute meets all of them. */
import { pairedFigure } from "./comparison.ts";
import type { PairedFigure } from "./comparison.ts";
import { rotated } from "./rounds.ts";
import type { Pair, PairWork } from "./translation-work.ts";

/** A pair with its work. */
export interface PreparedPair {
  readonly pair: Pair;
  readonly work: PairWork;
}

/** What a pair costs; medians over rounds with the smallest and largest round. */
export interface TranslationCost {
  /** Codec that agents speak, and codec in which it is served */
  readonly source: string;
  readonly served: string;
  /** A call of 2 KB with its answer, in `µs` */
  readonly smallCallMicros: PairedFigure | null;
  /** A request and an answer of 1 MB, each alone, in `ms` */
  readonly largeRequestMs: PairedFigure | null;
  readonly largeAnswerMs: PairedFigure | null;
  /** A piece of a stream, in `µs` */
  readonly chunkMicros: PairedFigure | null;
}

/** How long is measured. */
export interface CostOptions {
  readonly rounds: number;
  /** CPU time that one figure of one round takes at least, in `ms` */
  readonly leastMs: number;
  /** CPU time of a process in `µs`; `process.cpuUsage()`, or a made-up one in tests */
  readonly cpuMicros?: () => number;
  /** Called before every figure, so that nobody pays for the garbage of another one */
  readonly collect?: () => void;
  /** Told after every round, the unmeasured first one included */
  readonly onRound?: (round: number) => void;
}

/** Measures all pairs; a round before the first one warms up. */
export function measurePairs(
  pairs: readonly PreparedPair[],
  options: CostOptions,
): TranslationCost[] {
  const figures = new Map(
    pairs.map((one) => [one, { smallCall: [], largeRequest: [], largeAnswer: [], chunk: [] }]) as [
      PreparedPair,
      Record<FigureName, number[]>,
    ][],
  );
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const one of rotated(pairs, round)) {
      const measured = measureOnce(one.work, options);
      // The first one runs what was not compiled yet.
      if (round === 0) continue;
      for (const name of figureNames) figures.get(one)?.[name].push(measured[name]);
    }
    options.onRound?.(round);
  }
  return [...figures].map(([{ pair }, of]) => ({
    source: pair.source.name,
    served: pair.served.name,
    smallCallMicros: pairedFigure(of.smallCall),
    largeRequestMs: pairedFigure(of.largeRequest.map(toMs)),
    largeAnswerMs: pairedFigure(of.largeAnswer.map(toMs)),
    chunkMicros: pairedFigure(of.chunk),
  }));
}

const figureNames = ["smallCall", "largeRequest", "largeAnswer", "chunk"] as const;
type FigureName = (typeof figureNames)[number];

/** All in `µs`. */
function measureOnce(work: PairWork, options: CostOptions): Record<FigureName, number> {
  return {
    smallCall: costOf(work.smallCall, options),
    largeRequest: costOf(work.largeRequest, options),
    largeAnswer: costOf(work.largeAnswer, options),
    chunk: costOf(work.stream, options) / Math.max(work.chunks.length, 1),
  };
}

/** CPU time of one call of `run` in `µs`, garbage collection included: it is called until enough time was taken. */
function costOf(
  run: () => number,
  { collect, cpuMicros = processCpuMicros, leastMs }: CostOptions,
): number {
  collect?.();
  const start = cpuMicros();
  let calls = 0;
  let bytes = 0;
  // Asking for the time costs some µs: it is asked ever more seldom.
  for (let batch = 1; ; batch *= 2) {
    for (let index = 0; index < batch; index += 1) bytes += run();
    calls += batch;
    const used = cpuMicros() - start;
    if (used < leastMs * 1_000) continue;
    if (bytes === 0) throw new Error("Cannot measure translation: nothing was written");
    return used / calls;
  }
}

function processCpuMicros(): number {
  const { system, user } = process.cpuUsage();
  return user + system;
}

function toMs(micros: number): number {
  return micros / 1_000;
}
