/**
 * What an agent is told when its request was allowed and could not be carried out: a sentence by cause. Envoy's own
 * words name addresses, libraries and settings; they stay in the record.
 */

import type { Denial, DenialFacts } from "../denial.ts";
import { engineFailureDetails } from "../engine-failure.ts";
import { CLRK_HEADERS } from "../headers.ts";
import { modelCallBytes } from "./model-call-body.ts";

/** A reply of Envoy itself that is put into our words; `when` is a CEL expression over the transaction. */
export interface FailureReply {
  readonly when: string;
  readonly facts: DenialFacts;
  /** Beside those of every denial; absent: none */
  readonly headers?: Denial["headers"];
}

/** Part of Envoy's response code details, and what it means; the first that fits is said. No apostrophes. */
const causes: readonly { readonly sign: string; readonly meaning: string }[] = [
  { sign: "dns_resolution_failure", meaning: "its name has no address in DNS" },
  {
    sign: "CERTIFICATE_VERIFY_FAILED",
    meaning: "its TLS certificate cannot be verified for this name",
  },
  { sign: "TLS_error", meaning: "the TLS handshake with it failed" },
  { sign: "Connection_refused", meaning: "it refuses connections" },
  { sign: "connection_timeout", meaning: "it did not complete a connection in time" },
  { sign: "per_try_timeout", meaning: "it sent no response headers in time" },
  { sign: "idle_timeout", meaning: "nothing was sent for too long" },
  { sign: "connection_failure", meaning: "no connection to it can be made" },
  { sign: "connection_termination", meaning: "it closed the connection before it answered" },
  { sign: "remote_reset", meaning: "it ended the request before it answered" },
  { sign: "protocol_error", meaning: "it does not answer with valid HTTP" },
];

const otherwise = "the request to it failed inside the gateway";

/** The name leads to an address that policy never dials: refused, where all other failures are an upstream's. */
export const guardedReply: FailureReply = {
  when: "response.code_details.startsWith('dns_resolution_failure') && response.code_details.contains('address_denied')",
  facts: {
    status: 403,
    reason: "guarded-address",
    message:
      "Host %REQ(:AUTHORITY)% leads to an address that is never dialled unless a route names it",
  },
};

/**
 * The engine did not answer, or ended its stream. Refused, whatever the request was; where its answer had begun, Envoy
 * cuts it instead.
 */
export const engineReply: FailureReply = {
  when: `(${engineFailureDetails.map((sign) => `response.code_details.startsWith('${sign}')`).join(" || ")})`,
  facts: {
    status: 503,
    reason: "engine-unavailable",
    message: "Refused because the gateway could not decide about the request: try again",
  },
};

/** More than a bound that was set, or than is held of a model call or for a signature, which needs the whole body. */
export const bodyTooLargeReply: FailureReply = {
  when: "response.code_details == 'request_payload_too_large'",
  facts: {
    status: 413,
    reason: "body-too-large",
    message: `The body is larger than this rule or gateway takes (of model calls and signed requests ${modelCallBytes / 1024 / 1024} MiB at most): send it in parts`,
  },
};

/** Whether no byte of the request reached anybody: there was no connection to send it by. */
const unsentSigns = [
  "dns_resolution_failure",
  "connection_failure",
  "connection_timeout",
  "no_healthy_upstream",
  "overflow",
];

/** All other failures; the status stays that of Envoy: 504 for an answer that is late, 503 for the rest. */
export const unreachableReply: FailureReply = {
  when: "response.code >= 500 && response.code_details != 'direct_response' && !response.code_details.startsWith('clrk_denied')",
  facts: {
    status: 503,
    reason: "unreachable",
    message: `Cannot reach %REQ(:AUTHORITY)%: %CEL(${meaningExpression()})%`,
  },
};

/** The same of requests that were never sent, which is told by a header beside. */
export const unsentReply: FailureReply = {
  when: `${unreachableReply.when} && (${unsentSigns.map((sign) => `response.code_details.contains('${sign}')`).join(" || ")})`,
  facts: unreachableReply.facts,
  headers: [{ name: CLRK_HEADERS.unsent, value: "true" }],
};

function meaningExpression(): string {
  const choices = causes.map(
    ({ sign, meaning }) => `response.code_details.contains('${sign}') ? '${meaning}' : `,
  );
  return `${choices.join("")}'${otherwise}'`;
}
