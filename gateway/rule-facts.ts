/**
 * What a record says about a decision beyond its key: provider, credential name and the sentence that the agent was
 * told. Computed once a snapshot, so that a record costs one look-up.
 */

import { encodeDecisionKey } from "./decision-key.ts";
import type { RecordCredential } from "./record.ts";
import type { CredentialUse, GatewaySnapshot, HttpRule } from "./snapshot.ts";

/** Facts of one decision. */
export interface RuleFacts {
  /** Canonical provider name; null when the rule is for none */
  readonly provider: string | null;
  readonly credential: RecordCredential | null;
  /** Null on allow, and where the sentence depends on the request */
  readonly message: string | null;
}

/** Facts by decision key. */
export type RuleFactsIndex = ReadonlyMap<string, RuleFacts>;

/** Indexes every rule of the gateway. */
export function indexRuleFacts(gateway: GatewaySnapshot): RuleFactsIndex {
  const index = new Map<string, RuleFacts>();
  for (const { rules } of gateway.hosts) {
    for (const rule of rules) {
      const { key, facts } = factsOf(rule);
      const known = index.get(key);
      // Matches of one rule share its key: of two providers, none is said rather than the wrong one.
      const isShared = known !== undefined && known.provider !== facts.provider;
      index.set(key, isShared ? { ...facts, provider: null } : facts);
    }
  }
  const { refusal } = gateway;
  if (refusal) {
    const key = encodeDecisionKey({ verdict: "deny", reason: refusal.reason });
    index.set(key, { provider: null, credential: null, message: refusal.message });
  }
  return index;
}

function factsOf({ route, ruleIndex, action, ...rule }: HttpRule): {
  readonly key: string;
  readonly facts: RuleFacts;
} {
  const provider = rule.provider ?? null;
  if (action.kind === "deny") {
    const { reason, message } = action;
    const key = encodeDecisionKey({ verdict: "deny", reason, route, ruleIndex });
    return { key, facts: { provider, credential: null, message } };
  }
  const key = encodeDecisionKey({ verdict: "allow", route, ruleIndex });
  const [use] = [...action.credentials, ...action.backends.flatMap((b) => b.credentials)];
  return { key, facts: { provider, credential: use ? credentialName(use) : null, message: null } };
}

function credentialName(use: CredentialUse): RecordCredential {
  const { namespace, name } = use.secret.secret;
  const header = use.kind === "header" ? use.header : "authorization";
  return { name: `Secret ${namespace}/${name}`, header };
}
