/** Which candidates a thread leaves out for now; decided in the process, which sees the attempts of all threads. */

import type { Ejection } from "../gateway/backend-health.ts";

/** The ejections that a thread knows. */
export class EjectedCandidates {
  #untilMs: ReadonlyMap<string, number> = new Map();

  /** Takes all that there are; those before are forgotten. `nowMs`: of a monotonic clock. */
  publish(ejections: readonly Ejection[], nowMs: number): void {
    this.#untilMs = new Map(ejections.map(({ pick, forMs }) => [pick, nowMs + forMs]));
  }

  /** Whether it is left out at a time of the same clock. */
  isEjected(pick: string, nowMs: number): boolean {
    if (this.#untilMs.size === 0) return false;
    const untilMs = this.#untilMs.get(pick);
    return untilMs !== undefined && untilMs > nowMs;
  }
}
