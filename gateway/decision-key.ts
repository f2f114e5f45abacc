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
  /** Present on an allow that audit mode gives in place of a refusal */
  readonly wouldDeny?: DenyReason;
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

/**
 * Writes `allow/Kind/namespace/name/index`, `deny/reason/Kind/…`, `audit/reason/Kind/…` or, without a rule,
 * `allow/default-policy`.
 */
export function encodeDecisionKey(decision: KeyedDecision): string {
  const head = headOf(decision);
  const { route } = decision;
  if (route === undefined) return head === "allow" ? "allow/default-policy" : head;
  return `${head}/${route.kind}/${route.namespace}/${route.name}/${decision.ruleIndex ?? 0}`;
}

function headOf({ verdict, reason, wouldDeny }: KeyedDecision): string {
  if (verdict === "deny") return `deny/${reason ?? "default-policy"}`;
  return wouldDeny === undefined ? "allow" : `audit/${wouldDeny}`;
}

/** Reads a key; undefined for anything that `encodeDecisionKey` does not write. */
export function tryParseDecisionKey(key: string): KeyedDecision | undefined {
  if (key === "allow/default-policy") return { verdict: "allow" };
  const [head, ...parts] = key.split("/");
  if (head === "allow") {
    const rule = tryParseRule(parts);
    return rule?.route === undefined ? undefined : { verdict: "allow", ...rule };
  }
  if (head !== "deny" && head !== "audit") return undefined;
  const [reason = "", ...named] = parts;
  const rule = tryParseRule(named);
  if (rule === undefined) return undefined;
  if (head === "deny") return isReason(reason) ? { verdict: "deny", reason, ...rule } : undefined;
  return isRuleReason(reason) ? { verdict: "allow", wouldDeny: reason, ...rule } : undefined;
}

const ruleReasons: ReadonlySet<string> = new Set([
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
] satisfies readonly DenyReason[]);

const connectionReasons: ReadonlySet<string> = new Set([
  "unidentified",
  "unmatched-port",
  "no-server-name",
  "needs-connect",
  "guarded-address",
] satisfies readonly ConnectionDenyReason[]);

function isRuleReason(text: string): text is DenyReason {
  return ruleReasons.has(text);
}

function isReason(text: string): text is DenyReason | ConnectionDenyReason {
  return isRuleReason(text) || connectionReasons.has(text);
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
