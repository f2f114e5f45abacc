/**
 * What a record says about a decision beyond its key: provider, credential name, tier and the sentence that the agent
 * was told. Computed once a snapshot, so that a record costs one look-up.
 */

import { encodeDecisionKey } from "./decision-key.ts";
import type { RecordCredential, RecordTier } from "./record.ts";
import type { CredentialUse, GatewaySnapshot, HttpRule } from "./snapshot.ts";

/** In the place of a header's name where a placeholder is swapped, wherever it stood. */
export const placeholderPlace = "placeholder";

/** Facts of one decision. */
export interface RuleFacts {
  /** Canonical provider name; null when the rule is for none */
  readonly provider: string | null;
  readonly credential: RecordCredential | null;
  /** `engine` when every request of the decision passes the engine; where only some do, each says so itself */
  readonly tier: RecordTier;
  /** Present where the engine is asked about raw connections of the rule */
  readonly countsConnections?: true;
  /** Of a refusal, also one that audit mode only records; null on allow, and where the sentence depends on the request */
  readonly message: string | null;
}

/** Facts by decision key. */
export type RuleFactsIndex = ReadonlyMap<string, RuleFacts>;

const unknownFacts: RuleFacts = { provider: null, credential: null, tier: "native", message: null };

/** Where the facts of a decision stand: those of a policy that is tried on a share of agents have their own place. */
export function factsKey(key: string, side: string | undefined): string {
  return side === undefined ? key : `${side}:${key}`;
}

/** Indexes every rule of the gateway; `side` says that a share of agents has it beside another form of it. */
export function indexRuleFacts(gateway: GatewaySnapshot, side?: string): RuleFactsIndex {
  const index = new Map<string, RuleFacts>();
  for (const [key, facts] of indexDecisions(gateway)) index.set(factsKey(key, side), facts);
  return index;
}

function indexDecisions(gateway: GatewaySnapshot): Map<string, RuleFacts> {
  const index = new Map<string, RuleFacts>();
  for (const { rules } of gateway.hosts) {
    for (const rule of rules) {
      const { key, facts } = factsOf(rule);
      const known = index.get(key);
      index.set(key, known === undefined ? facts : joinFacts(known, facts));
    }
  }
  for (const { route, ruleIndex, engine } of gateway.l4Rules) {
    const key = encodeDecisionKey({ verdict: "allow", route, ruleIndex });
    if (engine !== undefined)
      index.set(key, { ...(index.get(key) ?? unknownFacts), countsConnections: true });
  }
  const { refusal } = gateway;
  if (refusal) {
    const key = encodeDecisionKey({ verdict: "deny", reason: refusal.reason });
    index.set(key, { provider: null, credential: null, tier: "native", message: refusal.message });
  }
  return index;
}

/** Matches of one rule share its key: what they differ in is not said, rather than said wrongly. */
function joinFacts(known: RuleFacts, facts: RuleFacts): RuleFacts {
  const provider = known.provider === facts.provider ? facts.provider : null;
  const tier = known.tier === facts.tier ? facts.tier : "native";
  return { ...facts, provider, tier, credential: known.credential ?? facts.credential };
}

function factsOf({ route, ruleIndex, action, engine, wouldDeny, ...rule }: HttpRule): {
  readonly key: string;
  readonly facts: RuleFacts;
} {
  const provider = rule.provider ?? null;
  if (action.kind === "deny") {
    const { reason, message } = action;
    const key = encodeDecisionKey({ verdict: "deny", reason, route, ruleIndex });
    return { key, facts: { provider, credential: null, tier: "native", message } };
  }
  const key = encodeDecisionKey({
    verdict: "allow",
    ...(wouldDeny !== undefined && { wouldDeny: wouldDeny.reason }),
    route,
    ruleIndex,
  });
  const message = wouldDeny?.message ?? null;
  if (action.kind === "choose") {
    return { key, facts: { provider, credential: null, tier: "engine", message: null } };
  }
  const uses = [...action.credentials, ...action.backends.flatMap((b) => b.credentials)];
  // It is told first: by it the record knows that the target may hold a value.
  const use = uses.find(({ kind }) => kind === "placeholder") ?? uses[0];
  const credential = use ? credentialName(use) : null;
  const tier = engine === undefined && rule.pick === undefined ? "native" : "engine";
  return { key, facts: { provider, credential, tier, message } };
}

/** A credential as records name it: its Secret, and where it is put. */
export function credentialName(use: CredentialUse): RecordCredential {
  const { namespace, name } = use.secret.secret;
  return { name: `Secret ${namespace}/${name}`, header: placeOf(use) };
}

function placeOf(use: CredentialUse): string {
  switch (use.kind) {
    case "header":
      return use.header;
    case "query":
      return `?${use.parameter}`;
    case "aws-sigv4":
      return "authorization";
    case "placeholder":
      return placeholderPlace;
  }
}
