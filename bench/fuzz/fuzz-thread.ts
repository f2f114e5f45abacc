/** A thread that searches one target, and tells the process what it finds. Its current input lies in shared memory. */

import { parentPort, workerData } from "node:worker_threads";
import { Coverage } from "./coverage.ts";
import { CurrentInput } from "./current-input.ts";
import { search } from "./fuzz-loop.ts";
import type { SearchOutcome, SearchProgress } from "./fuzz-loop.ts";
import type { FuzzTarget, OpenTarget } from "./fuzz-target.ts";

/** What the thread is given. */
export interface ThreadOptions {
  /** URL of the module that has the targets, as `targets` */
  readonly module: string;
  readonly target: string;
  readonly seed: number;
  readonly corpus: readonly Uint8Array[];
  readonly budgetMs: number;
  readonly memory: SharedArrayBuffer;
}

/** What the thread says. */
export type ThreadMessage =
  | { readonly kind: "progress"; readonly progress: SearchProgress }
  | { readonly kind: "finding"; readonly input: Uint8Array; readonly finding: string }
  | { readonly kind: "done"; readonly outcome: SearchOutcome }
  /** The target cannot be opened */
  | { readonly kind: "unavailable"; readonly reason: string };

async function run(options: ThreadOptions): Promise<void> {
  const say = (message: ThreadMessage) => parentPort?.postMessage(message);
  // V8 counts blocks only of functions that it compiles from now on.
  using _counting = new Coverage([]);
  const loaded: { readonly targets: readonly FuzzTarget[] } = await import(options.module);
  const target = loaded.targets.find(({ name }) => name === options.target);
  if (target === undefined) throw new RangeError(`Cannot fuzz "${options.target}": no such target`);
  const open = await openTarget(target);
  if (typeof open === "string") return say({ kind: "unavailable", reason: open });
  const current = new CurrentInput(options.memory);
  const outcome = await search({
    target,
    open,
    seed: options.seed,
    corpus: options.corpus.map((input) => Buffer.from(input)),
    budgetMs: options.budgetMs,
    onInput: (input) => current.set(input),
    onFinding: (input, finding) => say({ kind: "finding", input, finding }),
    onProgress: (progress) => say({ kind: "progress", progress }),
  });
  await open.close?.();
  say({ kind: "done", outcome });
}

async function openTarget(target: FuzzTarget): Promise<OpenTarget | string> {
  try {
    return await target.open();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

if (parentPort !== null) await run(workerData);
