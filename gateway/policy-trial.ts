/**
 * A policy that is tried on a share of agents: what a gateway is told of it, and what it says of both policies while it
 * serves them.
 */

import type { CanaryShare } from "./canary-share.ts";
import { readCounts } from "./side-counts.ts";
import type { SideCounts } from "./side-counts.ts";
import type { Snapshot } from "./snapshot.ts";

/** Where a gateway puts what it knows of a trial: PUT of a `TrialReport`, answered by 204. */
export const TRIAL_REPORT_PATH = "/v1/trial-report";

/** What is tried, and on whom. */
export interface PolicyTrial<Objects> {
  /** Unique for ever; `[a-z0-9-]+` */
  readonly side: string;
  readonly share: CanaryShare;
  readonly objects: Objects;
}

/** A trial as it is compiled. */
export type CompiledTrial =
  | {
      readonly kind: "served";
      readonly side: string;
      readonly share: CanaryShare;
      readonly snapshot: Snapshot;
    }
  | { readonly kind: "refused"; readonly side: string; readonly message: string };

/** What one gateway process knows of a trial. */
export interface TrialReport {
  readonly side: string;
  readonly parts: number;
  /** Differs from process to process: counts begin at 0 with each */
  readonly process: string;
  /** Envoy has it. What came before is not counted */
  readonly isLive: boolean;
  /** Why it is not served; all agents have the other policy then */
  readonly refusal?: string;
  /** Since it was live for the first time: of agents that have the old policy, and the new one */
  readonly old: SideCounts;
  readonly new: SideCounts;
}

/** Reads a report of a gateway process; undefined for what is none. */
export function readTrialReport(value: unknown): TrialReport | undefined {
  const { side, parts, process, isLive, refusal, old, new: changed } = Object(value);
  const texts = [side, process].every((text) => typeof text === "string" && text.length <= 64);
  const isReason = refusal === undefined || typeof refusal === "string";
  const [oldCounts, newCounts] = [readCounts(old), readCounts(changed)];
  if (!texts || !isReason || typeof isLive !== "boolean" || typeof parts !== "number") {
    return undefined;
  }
  if (oldCounts === undefined || newCounts === undefined) return undefined;
  const reason = refusal === undefined ? {} : { refusal };
  return { side, parts, process, isLive, ...reason, old: oldCounts, new: newCounts };
}
