/**
 * The name that a decision has inside Envoy (route and filter chain names), so that an access log entry says by
 * itself what was decided and by which rule. Readable in Envoy's own dumps; parsed back by the record receiver.
 */

import type { DenyReason, ObjectName } from "./snapshot.ts";

/** A verdict with the rule that gave it; no rule means the gateway's default policy or a check of the gateway itself. */
export interface KeyedDecision {
  readonly verdict: "allow" | "deny";
  /** Present on deny */
  readonly reason?: DenyReason | ConnectionDenyReason;
  readonly route?: ObjectName;
  readonly ruleIndex?: number;
}

/** Reasons that are decided for a connection before any rule is asked. */
export type ConnectionDenyReason =
  | "unidentified"
  | "unmatched-port"
  | "no-server-name"
  | "needs-connect"
  | "guarded-address";

/** Writes `allow/Kind/namespace/name/index`, `deny/reason/Kind/…` or, without a rule, `allow/default-policy`. */
export function encodeDecisionKey(decision: KeyedDecision): string {
  const head =
    decision.verdict === "deny" ? `deny/${decision.reason ?? "default-policy"}` : "allow";
  const { route } = decision;
  if (route === undefined) return decision.verdict === "deny" ? head : "allow/default-policy";
  return `${head}/${route.kind}/${route.namespace}/${route.name}/${decision.ruleIndex ?? 0}`;
}

/** Reads a key; undefined for anything that `encodeDecisionKey` does not write. */
export function tryParseDecisionKey(key: string): KeyedDecision | undefined {
  const parts = key.split("/");
  const verdict = parts.shift();
  if (verdict !== "allow" && verdict !== "deny") return undefined;
  if (verdict === "allow" && key === "allow/default-policy") return { verdict };
  const reason = verdict === "deny" ? parts.shift() : undefined;
  if (reason !== undefined && !isReason(reason)) return undefined;
  if (verdict === "deny" && reason === undefined) return undefined;
  const rule = tryParseRule(parts);
  if (rule === undefined || (verdict === "allow" && rule.route === undefined)) return undefined;
  return { verdict, ...(reason !== undefined && { reason }), ...rule };
}

const reasons: ReadonlySet<string> = new Set([
  "default-policy",
  "no-rule",
  "deny-policy",
  "not-enforced",
  "credential-missing",
  "credential-needs-tls",
  "backend-missing",
  "ambiguous-path",
  "trace-method",
  "not-ready",
  "engine-unavailable",
  "engine-failed",
  "body-too-large",
  "body-malformed",
  "not-translatable",
  "rate-limited",
  "limit-unavailable",
  "upstream-malformed",
  "mcp-denied",
  "unidentified",
  "unmatched-port",
  "no-server-name",
  "needs-connect",
  "guarded-address",
] satisfies readonly (DenyReason | ConnectionDenyReason)[]);

function isReason(text: string): text is DenyReason | ConnectionDenyReason {
  return reasons.has(text);
}

function tryParseRule(
  parts: readonly string[],
): { route?: ObjectName; ruleIndex?: number } | undefined {
  if (parts.length === 0) return {};
  const [kind, namespace, name, index] = parts;
  if (parts.length !== 4 || !kind || !namespace || !name || !/^\d{1,6}$/.test(index ?? "")) {
    return undefined;
  }
  return { route: { kind, namespace, name }, ruleIndex: Number(index) };
}
