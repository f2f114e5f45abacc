/** Tests the facts of rules that records look up by decision key. */
import t from "tap";
import { indexRuleFacts } from "./rule-facts.ts";
import {
  attempt,
  backend,
  bearer,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  query,
  sigv4,
} from "./testdata/gateway-snapshot.ts";
import type { HttpRule } from "./snapshot.ts";

const key = "allow/EgressHTTPRoute/default/route/0";

function factsOf(...rules: HttpRule[]) {
  return indexRuleFacts(gatewaySnapshot({ hosts: [hostPolicy("a.example.com", ...rules)] }));
}

t.test("indexRuleFacts() names provider and credential, and never a value", async (t) => {
  const action = forward({ credentials: [bearer("openai")] });
  t.same(factsOf(httpRule({ action, provider: "openai" })).get(key), {
    provider: "openai",
    credential: { name: "Secret default/openai", header: "authorization" },
    tier: "native",
    message: null,
  });
});

t.test("indexRuleFacts() names a placeholder before what else is injected", async (t) => {
  const placeholder = {
    kind: "placeholder",
    policy: bearer("key").policy,
    secret: bearer("key").secret,
    placeholder: "placeholder/default/key/token",
    places: ["Path"],
  } as const;
  const action = forward({ credentials: [bearer("openai"), placeholder] });
  t.same(factsOf(httpRule({ action })).get(key)?.credential, {
    name: "Secret default/key",
    header: "placeholder",
  });
});

t.test("indexRuleFacts() names the credential of a backend and of signing", async (t) => {
  const target = backend("b.example.com", { credentials: [bearer("first")] });
  t.equal(
    factsOf(httpRule({ action: forward({ backends: [target] }) })).get(key)?.credential?.name,
    "Secret default/first",
  );
  t.same(
    factsOf(httpRule({ action: forward({ credentials: [sigv4("aws")] }) })).get(key)?.credential,
    {
      name: "Secret default/aws",
      header: "authorization",
    },
  );
});

t.test("indexRuleFacts() has the sentence of a refusal that is only audited", async (t) => {
  const wouldDeny = { reason: "deny-policy", message: "Not today" } as const;
  const facts = factsOf(httpRule({ audits: true, wouldDeny }));
  t.equal(facts.get("audit/deny-policy/EgressHTTPRoute/default/route/0")?.message, "Not today");
  t.equal(facts.get(key), undefined);
});

t.test("indexRuleFacts() has null where a rule says nothing", async (t) => {
  const facts = { provider: null, credential: null, tier: "native", message: null };
  t.same(factsOf(httpRule()).get(key), facts);
});

t.test("indexRuleFacts() names the parameter of a credential in the query", async (t) => {
  const action = forward({ credentials: [query("gemini")] });
  t.same(factsOf(httpRule({ action })).get(key)?.credential, {
    name: "Secret default/gemini",
    header: "?key",
  });
});

t.test("indexRuleFacts() says engine where all requests of a decision pass it", async (t) => {
  const tierOf = (...rules: HttpRule[]) => factsOf(...rules).get(key)?.tier;
  const passing = httpRule({ engine: enginePlan() });
  t.equal(tierOf(passing), "engine");
  t.equal(tierOf(passing, passing), "engine");
  t.equal(tierOf(passing, httpRule()), "native");
  t.equal(tierOf(httpRule(), passing), "native");
  t.equal(tierOf(httpRule(), passing, passing), "native");
  const signed = forward({ credentials: [sigv4("aws")], attempt: attempt("aws") });
  t.equal(tierOf(httpRule({ action: signed })), "native", "the engine sees only its attempts");
});

t.test("indexRuleFacts() keeps the sentence of a denial under its reason", async (t) => {
  const action = { kind: "deny", status: 403, reason: "deny-policy", message: "Not here" } as const;
  t.equal(
    factsOf(httpRule({ action })).get("deny/deny-policy/EgressHTTPRoute/default/route/0")?.message,
    "Not here",
  );
});

t.test("indexRuleFacts() keeps why a gateway is refused", async (t) => {
  const refusal = { reason: "not-enforced", message: "Field x is not enforced" } as const;
  const facts = indexRuleFacts(gatewaySnapshot({ refusal })).get("deny/not-enforced");
  t.equal(facts?.message, "Field x is not enforced");
});

t.test("indexRuleFacts() says no provider where matches of one rule are for several", async (t) => {
  const hosts = [
    hostPolicy("api.openai.com", httpRule({ provider: "openai" })),
    hostPolicy("api.anthropic.com", httpRule({ provider: "anthropic" })),
  ];
  t.equal(indexRuleFacts(gatewaySnapshot({ hosts })).get(key)?.provider, null);
  const same = [
    hostPolicy("a.test", httpRule({ provider: "openai" })),
    hostPolicy("b.test", httpRule({ provider: "openai" })),
  ];
  t.equal(indexRuleFacts(gatewaySnapshot({ hosts: same })).get(key)?.provider, "openai");
});
