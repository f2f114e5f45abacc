/** Which agents runs are of, and which invocations, as the process has told this thread. */

import type { RunAgent } from "../gateway/engine.ts";

/** Runs that are known: several times as many as the process holds, so that those that ask are never forgotten. */
const mostRuns = 16_384;

/** What is known by the id of a run; when there are too many, those go first that were not asked for longest. */
export class RunNames {
  readonly #runs = new Map<string, RunAgent>();

  /** Takes more of them. */
  add(runs: readonly RunAgent[]): void {
    for (const run of runs) this.#runs.set(run[0], run);
    for (const oldest of this.#runs.keys()) {
      if (this.#runs.size <= mostRuns) return;
      this.#runs.delete(oldest);
    }
  }

  /** `Kind/namespace/name` of its agent; undefined for a run that is not known. */
  find(runId: string): string | undefined {
    return this.#find(runId)?.[1];
  }

  /** The invocation that it is; undefined for a run that is not known. */
  invocationOf(runId: string): string | undefined {
    return this.#find(runId)?.[2];
  }

  #find(runId: string): RunAgent | undefined {
    const run = this.#runs.get(runId);
    if (run === undefined) return undefined;
    this.#runs.delete(runId);
    this.#runs.set(runId, run);
    return run;
  }
}
