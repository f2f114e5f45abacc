/**
 * Runs one target in a thread of its own and watches it: an input that never ends, or that takes the thread down, is a
 * finding like any other, and the search goes on in a new thread.
 */

import { Worker } from "node:worker_threads";
import { CurrentInput } from "./current-input.ts";
import type { SearchOutcome, SearchProgress } from "./fuzz-loop.ts";
import type { ThreadMessage, ThreadOptions } from "./fuzz-thread.ts";

/** What a run is given. */
export interface RunOptions {
  /** URL of the module that has the targets */
  readonly module: string;
  readonly target: string;
  readonly seed: number;
  readonly corpus: readonly Buffer[];
  readonly budgetMs: number;
  /** Time after which an input counts as endless, in `ms`; 10,000 when absent */
  readonly endlessMs?: number;
  readonly onFinding: (input: Buffer, finding: string) => void;
  readonly onProgress?: (progress: SearchProgress) => void;
}

/** What became of it. */
export type RunOutcome =
  | ({ readonly kind: "searched" } & SearchOutcome)
  | { readonly kind: "unavailable"; readonly reason: string };

const maxInputBytes = 1024 * 1024;
const defaultEndlessMs = 10_000;
/** Heap of a thread: far above what a target needs, so that what passes it is out of bounds. */
const maxHeapMb = 512;
/** Threads that may be lost before a target is given up. */
const maxLosses = 5;

const nothing: SearchOutcome = { executions: 0, entries: 0, covered: 0, corpus: [] };

/** Searches until the time is over; the seed of each further thread is one more. */
export async function runTarget(options: RunOptions): Promise<RunOutcome> {
  const endMs = performance.now() + options.budgetMs;
  let total = nothing;
  for (let losses = 0; losses < maxLosses; losses++) {
    const budgetMs = Math.max(1, endMs - performance.now());
    const ended = await runThread({ ...options, seed: options.seed + losses, budgetMs });
    if (ended.kind === "unavailable") return ended;
    total = join(total, ended.outcome);
    if (ended.kind === "done" || performance.now() >= endMs) break;
    options.onFinding(ended.input, ended.finding);
  }
  return { kind: "searched", ...total };
}

type ThreadEnd =
  | { readonly kind: "done"; readonly outcome: SearchOutcome }
  | { readonly kind: "unavailable"; readonly reason: string }
  | {
      readonly kind: "lost";
      readonly outcome: SearchOutcome;
      readonly input: Buffer;
      readonly finding: string;
    };

function runThread(options: RunOptions): Promise<ThreadEnd> {
  const memory = CurrentInput.createMemory(maxInputBytes);
  const current = new CurrentInput(memory);
  const { module, target, seed, corpus, budgetMs, onFinding, onProgress } = options;
  const workerData: ThreadOptions = { module, target, seed, corpus, budgetMs, memory };
  const worker = new Worker(new URL("./fuzz-thread.ts", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  let last = nothing;
  return new Promise((resolve) => {
    const finish = (end: ThreadEnd) => {
      clearInterval(watch);
      resolve(end);
      void worker.terminate();
    };
    const lose = (finding: string) =>
      finish({ kind: "lost", outcome: last, input: current.input, finding });
    const watch = watchProgress(current, options.endlessMs ?? defaultEndlessMs, lose);
    worker.on("message", (message: ThreadMessage) => {
      switch (message.kind) {
        case "progress":
          last = { ...message.progress, corpus: [] };
          onProgress?.(message.progress);
          break;
        case "finding":
          onFinding(Buffer.from(message.input), message.finding);
          break;
        case "done":
          finish({ kind: "done", outcome: copied(message.outcome) });
          break;
        case "unavailable":
          finish(message);
          break;
      }
    });
    worker.on("error", (error) => lose(describeLoss(error)));
    worker.on("exit", (code) => lose(`its thread ends with code ${code}`));
  });
}

/** Looks several times in the time that an input has. */
function watchProgress(
  current: CurrentInput,
  endlessMs: number,
  onEndless: (finding: string) => void,
): NodeJS.Timeout {
  let count = current.count;
  let sinceMs = performance.now();
  return setInterval(() => {
    const nowMs = performance.now();
    if (current.count !== count) {
      count = current.count;
      sinceMs = nowMs;
      return;
    }
    // Before its first input a thread loads its modules, and may start processes.
    const patienceMs = count === 0 ? 6 * endlessMs : endlessMs;
    if (nowMs - sinceMs > patienceMs) onEndless(`it does not end within ${endlessMs} ms`);
  }, endlessMs / 8);
}

function describeLoss(error: unknown): string {
  return `it ends its thread: ${error instanceof Error ? error.message : String(error)}`;
}

/** Buffers come out of a message as plain arrays of bytes. */
function copied(outcome: SearchOutcome): SearchOutcome {
  return { ...outcome, corpus: outcome.corpus.map((input) => Buffer.from(input)) };
}

function join(before: SearchOutcome, after: SearchOutcome): SearchOutcome {
  return {
    executions: before.executions + after.executions,
    entries: before.entries + after.entries,
    covered: Math.max(before.covered, after.covered),
    corpus: after.corpus,
  };
}
