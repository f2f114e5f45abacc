/** What a policy answers about one transaction: a value, never a throw. */

import type { DenyReason } from "./snapshot.ts";

/** A header with its lower-case name, pseudo-headers such as `:path` included. */
export type HeaderPair = readonly [name: string, value: string];

/** A policy's answer. */
export type Decision =
  | { readonly kind: "continue" }
  | {
      readonly kind: "mutate";
      /** Each overwrites the header of its name */
      readonly set: readonly HeaderPair[];
      readonly remove: readonly string[];
    }
  | {
      readonly kind: "deny";
      readonly status: number;
      readonly reason: DenyReason;
      /** One sentence for the agent */
      readonly message: string;
      /** Beside those of every refusal */
      readonly headers?: readonly HeaderPair[];
    };

/**
 * Slow work that a policy waits for. Nothing of the transaction goes on meanwhile; then the policy is asked again, with
 * the outcome in `Transaction.outcome`.
 */
export interface Command {
  readonly kind: "work";
  /** Which of the workers that the process has */
  readonly worker: string;
  readonly input: unknown;
  /** After so long the outcome is `late` */
  readonly deadlineMs: number;
}

/** How the work of a command ended. */
export type WorkOutcome =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed" }
  | { readonly kind: "late" };

/** The answer of a policy that has nothing to say. */
export const goOn: Decision = { kind: "continue" };
