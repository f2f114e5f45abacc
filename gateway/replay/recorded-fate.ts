/**
 * Refusals that no rule gave: by what the connection was, by what the upstream or a body was, or because a part of the
 * gateway was gone. The record is all that is known of them, and they stand as long as the request would go the same way.
 */

import type { EgressRecord } from "../record.ts";
import type { KnownOutcome, ReplayOutcome } from "./outcome.ts";
import { denied, joinOutcomes, notKnown } from "./outcome.ts";

/** Before any rule of any policy is asked. */
const beforeRules: ReadonlySet<string> = new Set([
  "unidentified",
  "proxy-credential",
  "connection-limit",
  "needs-connect",
  "authority-mismatch",
  "no-server-name",
  "undecided",
]);

/** By what became of the request behind its route. */
const behindRules: ReadonlySet<string> = new Set([
  "guarded-address",
  "unreachable",
  "not-ready",
  "engine-unavailable",
  "engine-failed",
  "body-malformed",
  "body-too-large",
  "not-translatable",
  "placeholder-misdirected",
  "answer-unreadable",
  "upstream-malformed",
  "limit-unavailable",
  "budget-unavailable",
]);

/** The outcome of a record that no policy can change; undefined: rules decide. */
export function fateBeforeRules({ decision, kind }: EgressRecord): KnownOutcome | undefined {
  const { verdict, reason } = decision;
  if (verdict !== "deny" || reason === null || !beforeRules.has(reason)) return undefined;
  return denied(reason, decision.route, kind === "http" ? "http" : "bytes");
}

/** What rules make of a record, with the refusal that came behind them. */
export function withFate(outcome: ReplayOutcome, { decision }: EgressRecord): ReplayOutcome {
  const { verdict, reason, route } = decision;
  if (verdict !== "deny" || reason === null || !behindRules.has(reason)) return outcome;
  if (reason === "body-too-large" && route === null) return withTooLarge(outcome);
  if (outcome.kind === "unknown" || outcome.verdict === "deny") return outcome;
  const isSameWay = JSON.stringify(outcome.route) === JSON.stringify(route);
  if (isSameWay || (route === null && isOfAddress(reason, outcome))) {
    return denied(reason, route, outcome.view);
  }
  const missing = `what becomes of a request that was refused with ${reason}`;
  return notKnown(missing, outcome.signature);
}

/** How large the body was nobody knows: it was refused for what its head said, before any route could refuse it. */
function withTooLarge(outcome: ReplayOutcome): ReplayOutcome {
  return joinOutcomes([outcome, denied("body-too-large", null)], {
    missing: "size of the body",
    by: "",
  });
}

/** What a name leads to is the same by whichever rule it is asked for, but not of a backend. */
function isOfAddress(reason: string, { destinations }: KnownOutcome): boolean {
  const isAddress = reason === "guarded-address" || reason === "unreachable";
  return (
    isAddress && destinations.every(({ backend, address }) => backend === "" && address === "")
  );
}
