/** What was decided, read from an access log entry: the name of the route, or what Envoy's own checks said. */

import { isIP } from "node:net";
import { tryParseDecisionKey } from "../decision-key.ts";
import type { KeyedDecision } from "../decision-key.ts";
import { findEngineFailure, tryParseEngineRefusal } from "../engine-failure.ts";
import type { RecordDecision } from "../record.ts";
import { factsKey } from "../rule-facts.ts";
import type { RuleFacts, RuleFactsIndex } from "../rule-facts.ts";

/** Facts of an entry that name a decision. */
export interface DecisionSource {
  /** Name of the route, or the decision in filter state of a raw connection */
  readonly key: string;
  /** Envoy's response code details, or its details of the end of a raw connection */
  readonly details: string;
  /** Host that was asked for, for messages */
  readonly host: string;
  /** Host and port that were dialled, for messages */
  readonly dialled: string;
  /** An upstream was dialled, so that what failed after that may have reached it */
  readonly isForwarded: boolean;
  /** Present where the policy decided that is tried on a share of agents */
  readonly side?: string;
}

/** A decision with the facts that belong to its rule; the credential is null where it cannot have been sent. */
export interface DecidedEntry {
  readonly decision: RecordDecision;
  readonly facts: RuleFacts;
}

const noFacts: RuleFacts = { provider: null, credential: null, message: null, tier: "native" };

/** Decides what to write; an entry without any known sign of a decision is a refusal without rule. */
export function readDecision(source: DecisionSource, index: RuleFactsIndex): DecidedEntry {
  const own = ownRefusal(source);
  if (own !== undefined) return { decision: deny(own.reason, own.message), facts: noFacts };
  const key = tryParseDecisionKey(source.key);
  if (key === undefined) {
    return { decision: deny("undecided", "No route was chosen for the request"), facts: noFacts };
  }
  const facts = index.get(factsKey(source.key, source.side)) ?? index.get(source.key) ?? noFacts;
  const route = key.route ? { ...key.route, rule: key.ruleIndex ?? 0 } : null;
  const { host } = source;
  const refusal = refusalOf(source, key, facts);
  if (refusal === undefined) {
    const allowed = { verdict: "allow", reason: null, message: null, route } as const;
    if (key.wouldDeny === undefined) return { decision: allowed, facts };
    const message = facts.message ?? sentence(key.wouldDeny, host);
    return {
      decision: { ...allowed, wouldDeny: { reason: key.wouldDeny, message, route } },
      facts,
    };
  }
  const { reason, message } = refusal;
  const wasSent = key.verdict === "allow" && source.isForwarded;
  return {
    decision: { verdict: "deny", reason, message, route },
    facts: wasSent ? facts : { ...facts, credential: null },
  };
}

/** By the route, or by the engine on one that allows. */
function refusalOf(source: DecisionSource, key: KeyedDecision, facts: RuleFacts) {
  const { details, host, isForwarded } = source;
  if (key.verdict === "deny") {
    const reason = key.reason ?? "default-policy";
    return { reason, message: facts.message ?? sentence(reason, host) };
  }
  const reason = tryParseEngineRefusal(details);
  if (reason !== undefined) return { reason, message: sentence(reason, host) };
  return findEngineFailure(details, { isForwarded });
}

/**
 * The decision on a raw connection for which Envoy found no address to dial. The log does not say whether a name had
 * none at all or the guard took them: of an address it can only be the guard.
 */
export function refuseUndialled(decision: RecordDecision, host: string): RecordDecision {
  if (decision.verdict === "deny") return decision;
  const reason = isIP(host) === 0 ? "unreachable" : "guarded-address";
  const { route } = decision;
  return { verdict: "deny", reason, message: sentence(reason, host), route };
}

/** The decision on a raw connection that the engine was to be asked about, and that ended before anything was dialled. */
export function refuseUnanswered(decision: RecordDecision): RecordDecision {
  if (decision.verdict === "deny") return decision;
  const message = "the gateway's engine, which counts these connections, did not answer";
  return { ...decision, verdict: "deny", reason: "engine-unavailable", message };
}

/** Refusals of Envoy's filters in front of the routes' own. */
function ownRefusal({ details, host, dialled }: DecisionSource) {
  if (details.includes("[ambiguous-path]")) {
    return { reason: "ambiguous-path", message: sentence("ambiguous-path", host) };
  }
  if (details.startsWith("rbac_access_denied")) {
    return {
      reason: "authority-mismatch",
      message: `Host ${host} is not what the connection dialled (${dialled})`,
    };
  }
  if (details === "route_not_found") {
    return { reason: "no-rule", message: sentence("no-rule", host) };
  }
  if (details.startsWith("dns_resolution_failure") && details.includes("address_denied")) {
    return {
      reason: "guarded-address",
      message: `Host ${host} resolves to an address that is never dialled unless a route names it`,
    };
  }
  if (details === "lua_response") {
    const reason = "placeholder-misdirected";
    return { reason, message: sentence(reason, host) };
  }
  if (details === "request_payload_too_large") {
    return {
      reason: "body-too-large",
      message: "The body is larger than the rule or gateway takes",
    };
  }
  if (details.startsWith("local_rate_limited")) {
    return { reason: "connection-limit", message: "The run opens connections too fast" };
  }
  if (details.includes("basic_auth")) {
    return { reason: "proxy-credential", message: "Proxy credential missing or wrong" };
  }
  return undefined;
}

function deny(reason: string, message: string): RecordDecision {
  return { verdict: "deny", reason, message, route: null };
}

/** Sentences for refusals whose text depends on the request; they stay close to what the agent was told. */
function sentence(reason: string, host: string): string {
  switch (reason) {
    case "default-policy":
      return `no route allows host ${host} (defaultPolicy deny-all)`;
    case "no-rule":
      return `no rule for host ${host} allows this method and path`;
    case "ambiguous-path":
      return "the path holds an encoded slash, backslash or NUL, two slashes in a row, a semicolon or a doubled escape, and a path rule applies";
    case "trace-method":
      return "TRACE would show the agent the credential that the rule injects";
    case "credential-needs-tls":
      return "the rule injects a credential, which never travels from plain HTTP";
    case "unidentified":
      return "the connection proved no identity";
    case "unmatched-port":
      return "no listener of the gateway takes this port and protocol";
    case "no-server-name":
      return "the TLS connection named no server";
    case "guarded-address":
      return `address ${host} is never dialled unless a route names it`;
    case "unreachable":
      return `host ${host} has no address, or only such that are never dialled unless a route names them`;
    case "needs-connect":
      return "an https URL was sent to the proxy in plain text";
    case "rate-limited":
      return "a rate limit has nothing left";
    case "too-many-open":
      return "the agent has as many requests open as the gateway allows at one time";
    case "limit-unavailable":
      return "what other replicas let by of a shared rate limit is not known";
    case "engine-failed":
      return "the gateway failed to decide about the request";
    case "body-too-large":
      return "the body is larger than the gateway holds to decide about the request";
    case "mcp-denied":
      return "the rules of the MCP server do not allow what was asked of it";
    case "not-confirmed":
      return "a call of a tool was not confirmed";
    case "placeholder-misdirected":
      return `the request holds a placeholder that is not for host ${host}, or not for that part of a request`;
    case "answer-unreadable":
      return `the answer of host ${host} cannot be searched for the credential`;
    case "body-malformed":
      return "the body is not what the route's API takes";
    default:
      return `refused: ${reason}`;
  }
}
