/** What sessions refuse for the form of a request alone, and for faults of ours. */

import type { Refusal } from "./refusal.ts";

/** A model call that has nothing to read. */
export const bodiless: Refusal = {
  status: 400,
  reason: "body-malformed",
  message: "Refused because the request has no body, and a rule decides by it",
};

/** Envoy shows no bodies of such a connection: nobody would read the call, count it or choose for it. */
export const upgraded: Refusal = {
  status: 400,
  reason: "not-translatable",
  message: "Refused because a model call that asks for an upgrade cannot be read: send it without",
};

/** An answer that could not be given on. */
export const answerFault: Refusal = {
  status: 502,
  reason: "engine-failed",
  message: "Refused because the gateway failed to translate the answer",
};
