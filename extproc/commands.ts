/** What a session asks of the server: plain values, so that tests can read them as a conversation. */

import type { CallFacts } from "../gateway/call-facts.ts";
import type { Reservation } from "../gateway/budgeter.ts";
import type { Command as PolicyCommand } from "../gateway/decision.ts";

/** One thing to do, in order. */
export type SessionCommand =
  /** Answer Envoy with one message */
  | { readonly kind: "send"; readonly bytes: Buffer }
  /** Start slow work; its end comes back as an event, also when it is late */
  | { readonly kind: "start-work"; readonly work: PolicyCommand }
  /** Come back with an outcome when the reservation is pending no more */
  | { readonly kind: "await-reservation"; readonly reservation: Reservation }
  /** End the stream with a gRPC status: Envoy then fails the request, unless it is answered already */
  | { readonly kind: "end"; readonly status: number; readonly message: string }
  /** The transaction is over and this is what was found; exactly once a session */
  | { readonly kind: "record"; readonly facts: CallFacts };

/** Nothing to do. */
export const nothing: readonly SessionCommand[] = [];
