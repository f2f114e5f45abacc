/**
 * Audit mode: which refusals are only recorded, and which stand all the same, because they protect credentials, the
 * gateway or others, or because there would be nothing to do in their place. Every reason is in the table.
 */

import { formatReference } from "../crds/meta.ts";
import type { ConnectionDenyReason } from "./decision-key.ts";
import type { AuditedDenial } from "./call-facts.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import type { Logger } from "./log.ts";
import type { DenyReason, ObjectName } from "./snapshot-terms.ts";

/** A line is to be read. */
const shownNames = 5;

/** Refusals of Envoy's own filters, beside those that rules and connections have. */
export type FilterDenyReason = "authority-mismatch" | "proxy-credential" | "connection-limit";

/** What audit mode makes of a refusal. */
export type AuditTreatment =
  | { readonly kind: "audited" }
  /** `why` ends the sentence "Refused in audit mode too, because …" */
  | { readonly kind: "enforced"; readonly why: string }
  /** Each says of which refusals it is true */
  | { readonly kind: "both"; readonly audited: string; readonly enforced: string };

/** What becomes of each reason where enforcement is `Audit`. */
export const auditTreatments: Readonly<
  Record<DenyReason | ConnectionDenyReason | FilterDenyReason, AuditTreatment>
> = {
  "default-policy": { kind: "audited" },
  "no-rule": { kind: "audited" },
  "deny-policy": {
    kind: "both",
    audited: "an EgressDenyPolicy",
    enforced: "the name of a backend leads to a guarded address",
  },
  "rate-limited": { kind: "audited" },
  "limit-unavailable": { kind: "audited" },
  "budget-exhausted": { kind: "audited" },
  "budget-unavailable": { kind: "audited" },
  "mcp-denied": { kind: "audited" },
  "not-confirmed": { kind: "audited" },
  "ambiguous-path": { kind: "audited" },
  "body-malformed": { kind: "audited" },
  "not-enforced": {
    kind: "both",
    audited:
      "a request of a form that its rule cannot judge: an upgrade, or one that was read before",
    enforced:
      "an object asks for what the gateway cannot do: nobody knows what it would have meant",
  },
  "not-translatable": {
    kind: "both",
    audited: "an upgrade, and what only its budget keeps every backend from serving",
    enforced: "no backend can express the request: there is nothing to send",
  },
  "credential-missing": {
    kind: "enforced",
    why: "the request would go out without what it needs, and whatever the agent sent in its place",
  },
  "credential-needs-tls": {
    kind: "enforced",
    why: "a credential would be readable on its way",
  },
  "trace-method": { kind: "enforced", why: "the agent would be shown the credential" },
  "placeholder-misdirected": {
    kind: "enforced",
    why: "somebody takes keys to where they do not belong",
  },
  "too-many-open": { kind: "enforced", why: "it bounds the gateway" },
  "answer-unreadable": { kind: "enforced", why: "the agent might be shown the credential" },
  "backend-missing": { kind: "enforced", why: "there is nobody to send it to" },
  "not-ready": { kind: "enforced", why: "the gateway cannot verify or decide anything yet" },
  "engine-unavailable": {
    kind: "enforced",
    why: "nobody would have looked at the request, for which the rule asks",
  },
  "engine-failed": { kind: "enforced", why: "the gateway does not know what it would let by" },
  "body-too-large": { kind: "enforced", why: "it bounds the gateway's memory" },
  "upstream-malformed": { kind: "enforced", why: "there is no answer that could be given on" },
  unidentified: { kind: "enforced", why: "nobody would know whose traffic it is" },
  "unmatched-port": { kind: "enforced", why: "no listener says how the bytes are to be read" },
  "no-server-name": { kind: "enforced", why: "there is no name to make a certificate for" },
  "needs-connect": { kind: "enforced", why: "what was meant for TLS would go out in plain text" },
  "guarded-address": {
    kind: "enforced",
    why: "what runs there trusts this machine, such as metadata services, and not the agent",
  },
  "authority-mismatch": {
    kind: "enforced",
    why: "a connection to one host would carry requests, and credentials, of another",
  },
  "proxy-credential": { kind: "enforced", why: "nobody would know whose traffic it is" },
  "connection-limit": { kind: "enforced", why: "it bounds the gateway" },
};

/** Whether audit mode lets by what a rule, its limits or its budget refuse for this reason. */
export function isAudited(reason: DenyReason): boolean {
  return auditTreatments[reason].kind === "audited";
}

/** A refusal as the engine tells it of a request that it lets by. */
export function auditedDenial(
  { reason, message }: { readonly reason: DenyReason; readonly message: string },
  { route, ruleIndex }: { readonly route: ObjectName; readonly ruleIndex: number },
): AuditedDenial {
  const { kind, namespace, name } = route;
  return { reason, message, route: { kind, namespace, name, rule: ruleIndex } };
}

/** The note of a refusal that audit mode lets by; undefined: it stands, because of its reason or of enforcement. */
export function tryLetBy(
  refusal: { readonly reason: DenyReason; readonly message: string },
  plan: { readonly route: ObjectName; readonly ruleIndex: number },
  audits: boolean | undefined,
): AuditedDenial | undefined {
  return audits === true && isAudited(refusal.reason) ? auditedDenial(refusal, plan) : undefined;
}

/** The sentence of conditions, warnings and banners about what audits, such as `EgressGateway default/egress`. */
export function auditSentence(names: readonly string[]): string {
  const shown = names.slice(0, shownNames);
  const rest = names.length - shown.length;
  const all = rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${rest} more`;
  return `AUDIT: nothing is refused by ${all}, what would be is only recorded`;
}

/** Names of what audits on a gateway: itself, or some of its routes; empty where all is enforced. */
export function auditors({
  namespace,
  name,
  audits,
  auditedRoutes = [],
}: Pick<GatewaySnapshot, "namespace" | "name" | "audits" | "auditedRoutes">): readonly string[] {
  if (audits === true) return [formatReference({ kind: "EgressGateway", namespace, name })];
  return auditedRoutes.map(formatReference);
}

/** Tells a log of what audits: with every revision, because nobody is to forget it. */
export class AuditTeller {
  readonly #log: Logger;
  #told: readonly GatewaySnapshot[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A revision takes the place of the one before. */
  tell(gateways: readonly GatewaySnapshot[]): void {
    const { warnings, ended } = auditNews(gateways, this.#told);
    this.#told = gateways;
    for (const message of warnings) this.#log.warn(message);
    for (const message of ended) this.#log.info(message);
  }
}

/** What a log is to say when a revision takes the place of another one: of all that audits, and of what does no more. */
export function auditNews(
  gateways: readonly GatewaySnapshot[],
  before: readonly GatewaySnapshot[],
): { readonly warnings: readonly string[]; readonly ended: readonly string[] } {
  const now = new Set(gateways.flatMap(auditors));
  const ended = new Set(before.flatMap(auditors).filter((name) => !now.has(name)));
  return {
    warnings: now.size === 0 ? [] : [auditSentence([...now])],
    ended: [...ended].map((name) => `${name} no longer audits`),
  };
}
