/**
 * Which credentials an upstream refused: whoever can renew one wants to know at once. Read from records, so that
 * requests pay nothing for it.
 */
import type { EgressRecord } from "./record.ts";
import type { CredentialUse, GatewaySnapshot, HttpRule, Snapshot } from "./snapshot.ts";

const none: readonly CredentialUse[] = [];

/**
 * The credentials of the rule that sent the request, when an upstream answered it with 401, or a signed one with 403, by
 * which AWS says that a session has expired. Of a rule with several backends those of all: a record does not say which
 * was sent. Empty for every other record, at the cost of a comparison.
 */
export function findRefusedCredentials(
  record: EgressRecord,
  snapshot: Pick<Snapshot, "gateways"> | undefined,
): readonly CredentialUse[] {
  if (!hasRefusal(record, 401) && !hasRefusal(record, 403)) return none;
  const { route } = record.decision;
  const gateway = snapshot?.gateways.find((one) => isSameName(one, record.gateway));
  if (route === null || gateway === undefined) return none;
  const uses = gateway.hosts.flatMap(({ rules }) =>
    rules.filter((rule) => isRule(rule, route)).flatMap(usesOf),
  );
  const refused = uses.filter(
    ({ kind }) => hasRefusal(record, 401) || (kind === "aws-sigv4" && hasRefusal(record, 403)),
  );
  return [...new Map(refused.map((use) => [use.secret.resource, use])).values()];
}

/** Ours are no upstream's: a denial has no upstream, or no allowing rule. */
function hasRefusal(
  { response, routing, upstream, decision }: EgressRecord,
  status: number,
): boolean {
  if (response.status === status && upstream !== null && decision.verdict === "allow") return true;
  return routing?.attempts.some((attempt) => attempt.status === status) ?? false;
}

function isRule(
  { route, ruleIndex }: HttpRule,
  decided: NonNullable<EgressRecord["decision"]["route"]>,
): boolean {
  return ruleIndex === decided.rule && route.kind === decided.kind && isSameName(route, decided);
}

function isSameName(
  left: Pick<GatewaySnapshot, "namespace" | "name">,
  right: Pick<GatewaySnapshot, "namespace" | "name">,
): boolean {
  return left.name === right.name && left.namespace === right.namespace;
}

function usesOf({ action }: HttpRule): readonly CredentialUse[] {
  if (action.kind !== "forward") return none;
  return [...action.credentials, ...action.backends.flatMap((target) => target.credentials)];
}
