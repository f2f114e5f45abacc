/** Refusals that do not depend on any policy, as sessions give them. */

import type { Refusal } from "./refusal.ts";

/** Envoy asked by a plan that this thread does not have. */
export const unknownPlan: Refusal = {
  status: 503,
  reason: "not-ready",
  message: "Refused because the gateway does not have the rule of this request yet: try again",
};

/** A fault of ours, while nothing of the request has gone on. */
export const ownFault: Refusal = {
  status: 500,
  reason: "engine-failed",
  message: "Refused because the gateway failed to decide about the request",
};

/** Slow work is under way, and no more of the body is held meanwhile. */
export const tooMuchWaiting: Refusal = {
  status: 413,
  reason: "body-too-large",
  message: "Refused because more of the body arrived than is held while the gateway decides",
};

/** Nothing is there to decide by. */
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

/** An answer that cannot be given on. */
export const answerFault: Refusal = {
  status: 502,
  reason: "engine-failed",
  message: "Refused because the gateway failed to translate the answer",
};
