/** Questions whether calls of tools may go on, as the engine's threads ask them and the process answers. Plain data. */

import type { McpConfirmed } from "./call-facts.ts";
import type { McpConfirmation } from "./mcp-plan.ts";
import type { ObjectName } from "./snapshot-terms.ts";

/** One call as it is shown to whoever decides. */
export interface ConfirmedCall {
  readonly tool: string;
  /** JSON text without credentials, as much of it as is shown; empty where there are none */
  readonly arguments: string;
  /** Whether less than all is shown */
  readonly isCut: boolean;
}

/** The question about one request. An answer is about its bytes and no others: they wait in Envoy. */
export interface ConfirmationQuestion {
  /** Of the transaction */
  readonly transactionId: string;
  /** As the connection proves it */
  readonly caller: string;
  /** `namespace/name` of the EgressGateway */
  readonly gateway: string;
  readonly route: ObjectName;
  /** Scheme, host and path */
  readonly server: string;
  /** All of them go on, or none; at least one */
  readonly calls: readonly ConfirmedCall[];
  /** SHA-256 of the request's body, in hexadecimal */
  readonly bodySha256: string;
  readonly plan: McpConfirmation;
  /** By what a cancellation finds it: the session that the request names, and ids of its calls */
  readonly session: string;
  readonly requestKeys: readonly string[];
}

/** The answer. `full`: nobody was asked, because too many questions are open. */
export interface ConfirmationAnswer {
  readonly outcome: McpConfirmed["outcome"] | "full";
  readonly by: McpConfirmed["by"];
  /** A sentence of whoever decided, or why there was no decision; perhaps empty */
  readonly reason: string;
}

/** A request that the agent waits for no more. */
export interface Cancellation {
  readonly caller: string;
  readonly server: string;
  readonly session: string;
  readonly requestKey: string;
}

/** Who asks questions for the engine's threads. */
export interface ConfirmationDoor {
  /** Asks; the answer comes once, unless the function returned withdraws the question. */
  ask(question: ConfirmationQuestion, onAnswer: (answer: ConfirmationAnswer) => void): () => void;
  /** Withdraws the question about a request, if there is one. */
  cancel(cancellation: Cancellation): void;
}

/** How questions ended, and how many are open. */
export interface ConfirmationCounts {
  readonly open: number;
  readonly approved: number;
  readonly denied: number;
  readonly timedOut: number;
  readonly withdrawn: number;
  /** Denied because too many were open */
  readonly refused: number;
}

/** An open question for people. */
export interface OpenConfirmation {
  /** By which it is answered */
  readonly id: string;
  /** `Kind/namespace/name`; null where the caller proved nothing */
  readonly agent: string | null;
  /** Execution of the agent; empty where there is none */
  readonly execution: string;
  readonly gateway: string;
  readonly route: ObjectName;
  readonly server: string;
  readonly calls: readonly ConfirmedCall[];
  readonly bodySha256: string;
  /** Who is asked */
  readonly asks: "webhook" | "cli";
  /** ISO 8601 */
  readonly askedAt: string;
  readonly expiresAt: string;
}
