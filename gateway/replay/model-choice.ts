/** What is asked about a model call whose rule the engine chooses, and what it says: between the replay and the engine. */

import type { EnginePlan } from "../snapshot.ts";
import type { Candidate, RoutedRule } from "../routing-plan.ts";
import type { DenyReason } from "../snapshot-terms.ts";
import type { Missing } from "./fact.ts";

/** A model call as its record tells it. */
export interface RecordedCall {
  readonly method: string;
  /** Without its query */
  readonly path: string;
  /** Null: it named none; missing: nobody read it */
  readonly model: string | null | Missing;
  /** Who served it, and the dialects that it was translated between; null: as it was, or nobody knows */
  readonly served: {
    readonly provider: string;
    readonly translation: { readonly from: string; readonly to: string } | null;
  } | null;
}

/** A candidate that may serve the call. */
export interface ReplayedWay {
  readonly candidate: Candidate;
  /** Canonical name of whose API answers */
  readonly provider: string;
  /** Model that it is asked for; null where the request names none */
  readonly model: string | null;
}

/** What the engine makes of the call. */
export type ReplayedChoice =
  /** No rule of the plan is meant: Envoy's next one decides */
  | { readonly kind: "next" }
  | { readonly kind: "refuse"; readonly reason: DenyReason; readonly rule: RoutedRule | undefined }
  | { readonly kind: "serve"; readonly rule: RoutedRule; readonly ways: readonly ReplayedWay[] }
  | { readonly kind: "unknown"; readonly missing: string };

/** Chooses by the rules of a plan; the engine's own code does. */
export type ChooseRecorded = (plan: EnginePlan, call: RecordedCall) => ReplayedChoice;
