/** Rollouts as they are kept and told: one policy that is tried on a share of agents, and what became of it. */
import type { ObjectReference } from "../../crds/meta.ts";
import type { SideCounts } from "../../gateway/side-counts.ts";

/** Where a control process is asked about rollouts, over its Unix socket `rollout.sock`: HTTP/1.1 with JSON bodies. */
export const ROLLOUT_PATH = {
  /** GET: `RolloutList`. POST `RolloutRequest`: the `Rollout` that began (201) */
  rollouts: "/v1/rollouts",
  /** POST `RolloutStep`: a larger share, or all agents */
  promote: "/v1/rollouts/promote",
  /** POST `RolloutStep` */
  abort: "/v1/rollouts/abort",
  /** POST `RolloutStep`: takes back what was promoted last */
  undo: "/v1/rollouts/undo",
} as const;

/** Most bytes of a request. */
export const maxRolloutBytes = 1024 * 1024;

/** Everything that is known, newest first. */
export interface RolloutList {
  readonly items: readonly Rollout[];
}

/** What is to be tried. */
export interface RolloutRequest {
  readonly by: string;
  /** As they are written in manifests */
  readonly objects: readonly unknown[];
  /** Of 10,000 */
  readonly parts: number;
  readonly forMs: number;
  readonly abortOn: readonly string[];
  readonly minRequests: number;
}

/** What is to become of one. */
export interface RolloutStep {
  readonly by: string;
  /** Only to promote: to so many of 10,000 agents; absent: to all */
  readonly parts?: number;
}

/** Where a rollout is. What is not over yet is one of the first four, and at most one rollout is. */
export type RolloutPhase =
  | "starting"
  | "running"
  | "promoting"
  | "undoing"
  | "promoted"
  | "aborted"
  | "undone";

/** One rollout. */
export interface Rollout {
  /** Also the name of its side at the gateways */
  readonly id: string;
  readonly by: string;
  readonly phase: RolloutPhase;
  /** ISO 8601 */
  readonly startedAt: string;
  readonly parts: number;
  readonly seed: number;
  readonly forMs: number;
  /** ISO 8601, since it was live; absent: it is not yet */
  readonly endsAt?: string;
  /** ISO 8601 */
  readonly endedAt?: string;
  readonly abortOn: readonly string[];
  readonly minRequests: number;
  readonly changes: readonly ObjectChange[];
  /** By process of a gateway */
  readonly counts: Readonly<Record<string, { readonly old: SideCounts; readonly new: SideCounts }>>;
  /** Everything that happened, oldest first */
  readonly events: readonly RolloutEvent[];
  /** Why its end is not on the disk, and what a restart would make of that; absent: all of it is */
  readonly unsaved?: string;
}

/** One thing that happened. */
export interface RolloutEvent {
  /** ISO 8601 */
  readonly at: string;
  /** User; `clrk` for what happened by itself */
  readonly by: string;
  readonly what: string;
}

/** One object that a rollout changes, without its status and what an API server writes into metadata. */
export interface ObjectChange {
  readonly ref: ObjectReference;
  readonly apiVersion: string;
  /** Null: there was none */
  readonly before: unknown;
  readonly after: unknown;
  /** SHA-256 of the object as it stands in a file, which loses against `after` as long as it stays so */
  readonly fileHash?: string;
}

/** Whether a share of the agents has it. */
export function isTried({ phase }: Pick<Rollout, "phase">): boolean {
  return phase === "starting" || phase === "running";
}

/** Whether nothing becomes of it any more by itself. */
export function isOver({ phase }: Pick<Rollout, "phase">): boolean {
  return phase === "promoted" || phase === "aborted" || phase === "undone";
}
