import t from "tap";
import type { KeyedDecision } from "./decision-key.ts";
import { encodeDecisionKey, tryParseDecisionKey } from "./decision-key.ts";

const route = { kind: "AIProviderRoute", namespace: "default", name: "openai" };

const cases: readonly { key: string; decision: KeyedDecision }[] = [
  { key: "allow/default-policy", decision: { verdict: "allow" } },
  { key: "deny/default-policy", decision: { verdict: "deny", reason: "default-policy" } },
  { key: "deny/guarded-address", decision: { verdict: "deny", reason: "guarded-address" } },
  { key: "deny/unmatched-port", decision: { verdict: "deny", reason: "unmatched-port" } },
  {
    key: "allow/AIProviderRoute/default/openai/2",
    decision: { verdict: "allow", route, ruleIndex: 2 },
  },
  {
    key: "deny/credential-missing/AIProviderRoute/default/openai/0",
    decision: { verdict: "deny", reason: "credential-missing", route, ruleIndex: 0 },
  },
  { key: "audit/no-rule", decision: { verdict: "allow", wouldDeny: "no-rule" } },
  {
    key: "audit/deny-policy/AIProviderRoute/default/openai/0",
    decision: { verdict: "allow", wouldDeny: "deny-policy", route, ruleIndex: 0 },
  },
];

t.test("encodeDecisionKey() writes what tryParseDecisionKey() reads", async (t) => {
  for (const { key, decision } of cases) {
    t.equal(encodeDecisionKey(decision), key);
    t.strictSame(tryParseDecisionKey(key), decision, key);
  }
});

t.test("tryParseDecisionKey() refuses what is not a key", async (t) => {
  for (const key of [
    "",
    "-",
    "allow",
    "deny",
    "allow/",
    "allow/x",
    "deny/because",
    "audit",
    "audit/",
    "audit/because",
    "audit/guarded-address",
    "audit/no-rule/Kind/ns/name",
    "allow/Kind/ns/name",
    "allow/Kind/ns/name/x",
    "allow/Kind/ns/name/1/more",
    "allow/Kind//name/1",
    "deny/constructor",
    "permit/Kind/ns/name/1",
  ]) {
    t.equal(tryParseDecisionKey(key), undefined, JSON.stringify(key));
  }
});
