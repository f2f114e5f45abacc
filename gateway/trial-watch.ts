/** Counts both sides of a policy trial in one gateway process, and tells whoever asked for it. */

import { randomUUID } from "node:crypto";
import type { Clock, TimerHandle } from "./clock.ts";
import type { CompiledTrial, TrialReport } from "./policy-trial.ts";
import type { EgressRecord } from "./record.ts";
import type { SideCounts } from "./side-counts.ts";
import { addCounts, countsOf, noCounts } from "./side-counts.ts";

/** Between two reports while requests come: a condition is to end a trial within seconds. */
const reportMs = 250;

/** The watch of one process. */
export class TrialWatch {
  readonly #clock: Clock;
  readonly #onReport: (report: TrialReport) => void;
  readonly #process = randomUUID();
  #trial: CompiledTrial | undefined;
  /** Unix `ms` since when all Envoys have the trial; undefined: not yet */
  #liveSinceMs: number | undefined;
  #isLive = false;
  #old: SideCounts = noCounts;
  #new: SideCounts = noCounts;
  #timer: TimerHandle | undefined;

  /** `onReport` must not throw. */
  constructor(clock: Clock, onReport: (report: TrialReport) => void) {
    this.#clock = clock;
    this.#onReport = onReport;
  }

  /** Takes what was compiled last: counts go on as long as it is the same trial, whatever its share. */
  follow(trial: CompiledTrial | undefined): void {
    const isSame = trial?.side === this.#trial?.side;
    if (trial !== this.#trial) this.#isLive = false;
    this.#trial = trial;
    if (!isSame) {
      this.#liveSinceMs = undefined;
      [this.#old, this.#new] = [noCounts, noCounts];
    }
    if (trial?.kind === "refused") this.#report();
  }

  /** All Envoys have what was compiled last. */
  setLive(): void {
    if (this.#trial?.kind !== "served") return;
    this.#isLive = true;
    this.#liveSinceMs ??= this.#clock.now();
    this.#report();
  }

  /** Counts a record. */
  note(record: EgressRecord): void {
    if (this.#liveSinceMs === undefined || record.startUnixMs < this.#liveSinceMs) return;
    const counts = countsOf(record);
    if (record.side === undefined) this.#old = addCounts(this.#old, counts);
    else this.#new = addCounts(this.#new, counts);
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => this.#report(), reportMs);
    this.#timer.unref();
  }

  /** Ends it; nothing is told any more. Idempotent. */
  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#trial = undefined;
    this.#liveSinceMs = undefined;
  }

  #report(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const trial = this.#trial;
    if (trial === undefined) return;
    this.#onReport({
      side: trial.side,
      parts: trial.kind === "served" ? trial.share.parts : 0,
      process: this.#process,
      isLive: this.#isLive,
      ...(trial.kind === "refused" && { refusal: trial.message }),
      old: this.#old,
      new: this.#new,
    });
  }
}
