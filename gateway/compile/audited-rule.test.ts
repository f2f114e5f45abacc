/** What objects become where the gateway or a route only audits. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import {
  aiRoute,
  backend,
  backendRef,
  compiled,
  conditionOf,
  decisions,
  gateway,
  gatewayOf,
  headerCredential,
  hostPolicy,
  httpRoute,
  l4Route,
  object,
  parent,
  secret,
  statusOf,
  target,
} from "./testdata/objects.ts";

const audit = { enforcement: "Audit" };
const key = secret("key", { token: "sk-1" });
const no = (...targetRefs: object[]) => object("EgressDenyPolicy", "no", { targetRefs });
const noWeb = no(target("EgressHTTPRoute", "web"));
const web = httpRoute("web", ["a.example"]);
const limit = object("RateLimitPolicy", "few", { requests: 1, window: "1m" });
const few = [{ type: "ExtensionRef", extensionRef: target("RateLimitPolicy", "few") }];
const tokens = [{ type: "TokenBudget", tokenBudget: { maxTokensPerDay: 9_000 } }];

function ruleAt(host: string, index: number, ...objects: ParsedObject[]) {
  const rule = hostPolicy(compiled(...objects), host).rules[index];
  if (rule === undefined) throw new Error(`Cannot find rule ${index} of "${host}"`);
  return rule;
}

t.test("enforcement adds nothing to a snapshot", async (t) => {
  const objects = [web, noWeb, aiRoute("ai", "openai", { filters: few }), limit];
  const text = JSON.stringify(compiled(gateway(), ...objects).snapshot);
  t.notMatch(text, /audit|wouldDeny|letBy/);
  const spelled = compiled(gateway({ enforcement: "Enforce" }), ...objects).snapshot;
  t.equal(JSON.stringify(spelled), text);
});

for (const { name, objects } of [
  { name: "its gateway audits", objects: [gateway(audit), web] },
  { name: "it audits", objects: [gateway(), httpRoute("web", ["a.example"], audit)] },
]) {
  t.test(`a denied route forwards where ${name}, with its credentials`, async (t) => {
    const inject = headerCredential("inject", [target("EgressHTTPRoute", "web")]);
    const rule = ruleAt("a.example", 0, ...objects, noWeb, inject, key);
    t.match(rule, {
      audits: true,
      wouldDeny: { reason: "deny-policy", message: "Denied by EgressDenyPolicy default/no" },
      action: { kind: "forward", credentials: [{ header: "authorization" }] },
    });
  });
}

t.test("a denied MCPRoute goes unread to the backends that its route has for all", async (t) => {
  const refs = [backendRef("one")];
  const mcp = (...rules: object[]) =>
    object("MCPRoute", "m", {
      parentRefs: [parent()],
      hostnames: ["a.example"],
      rules,
      ...audit,
    });
  const noMcp = no(target("MCPRoute", "m"));
  const one = backend("one", "one.example");
  const actionOf = (...objects: ParsedObject[]) =>
    ruleAt("a.example", 0, gateway(), noMcp, ...objects).action;
  t.match(actionOf(mcp({ backendRefs: refs }), one), { backends: [{ host: "one.example" }] });
  t.match(actionOf(mcp({ backendRefs: refs })), { kind: "deny", reason: "backend-missing" });
  const apart = [
    { matches: [{ servers: ["https://a.example/1"] }], backendRefs: refs },
    { matches: [{ servers: ["https://a.example/2"] }] },
  ];
  t.match(actionOf(mcp(...apart), one), { kind: "forward", backends: [] });
  const pool = object("Backend", "one", {
    type: "InferencePool",
    inferencePoolRef: { group: "a.b", kind: "Pool", name: "p" },
  });
  t.match(actionOf(mcp({ backendRefs: refs }), pool), { kind: "deny", status: 501 });
});

t.test("a denied route counts nothing, as one that is refused", async (t) => {
  const limited = httpRoute("web", ["a.example"], { rules: [{ filters: few }] });
  t.equal(ruleAt("a.example", 0, gateway(audit), limited, noWeb, limit).engine, undefined);
  const { engine } = ruleAt("a.example", 0, gateway(audit), limited, limit);
  t.match(engine, { audits: true, limits: [{ requests: 1 }] });
});

t.test("what cannot be enforced or carried out is refused in audit mode too", async (t) => {
  const lost = headerCredential("inject", [target("EgressHTTPRoute", "web")]);
  const missing = compiled(gateway(audit), web, lost);
  t.same(decisions(hostPolicy(missing, "a.example")), [
    "deny credential-missing EgressHTTPRoute web/0",
  ]);
  const nowhere = httpRoute("web", ["a.example"], { rules: [{ filters: few }] });
  t.same(decisions(hostPolicy(compiled(gateway(audit), nowhere), "a.example")), [
    "deny not-enforced EgressHTTPRoute web/0",
  ]);
  const udp = l4Route(
    "raw",
    { destinationCIDRs: ["10.0.0.0/8"] },
    { backendRefs: [backendRef("b")] },
  );
  const both = compiled(gateway(audit), udp, no(target("EgressL4Route", "raw")));
  t.match(gatewayOf(both).l4Rules, [{ verdict: "deny", reason: "not-enforced" }]);
  t.notOk("audits" in (gatewayOf(both).l4Rules[0] ?? {}), "also where a policy denies it");
  const section = no(target("EgressHTTPRoute", "web", { sectionName: "x" }));
  t.same(decisions(hostPolicy(compiled(gateway(audit), web, section), "a.example")), [
    "deny not-enforced EgressHTTPRoute web/0",
  ]);
});

t.test("a call that a budget cannot count goes without any credential", async (t) => {
  const route = aiRoute("ai", "anthropic", { filters: tokens });
  const inject = headerCredential("inject", [target("AIProviderRoute", "ai")]);
  const all = headerCredential("all", [target("EgressGateway", "egress")], {
    headerName: "X-Other",
  });
  const result = compiled(gateway(audit), route, inject, all, key);
  const rest = hostPolicy(result, "api.anthropic.com").rules.find(({ wouldDeny }) => wouldDeny);
  t.match(rest, { wouldDeny: { reason: "no-rule" }, action: { kind: "forward" } });
  t.equal(rest?.action.kind === "forward" && rest.action.credentials.length, 0);
  const enforced = hostPolicy(compiled(gateway(), route, inject, all, key), "api.anthropic.com");
  t.equal(enforced.rules.at(-1)?.action.kind, "deny");
});

t.test("rules that the engine chooses say that they audit, each by itself", async (t) => {
  const models = (name: string, model: string, spec: object = {}) =>
    aiRoute(name, "openai", { matches: [{ provider: "openai", models: [model] }] }, { ...spec });
  const routingOf = (...objects: ParsedObject[]) =>
    hostPolicy(compiled(...objects), "api.openai.com").rules.find(
      ({ action, match }) =>
        action.kind === "choose" && match.path?.value === "/v1/chat/completions",
    )?.engine?.routing;
  t.match(routingOf(gateway(audit), models("a", "gpt-4o")), {
    letBy: "elsewhere",
    otherwise: "deny",
    rules: [{ audits: true }],
  });
  const mixed = routingOf(gateway(), models("a", "gpt-4o", audit), models("b", "gpt-5"));
  t.notOk(mixed !== undefined && "letBy" in mixed, "one of them enforces");
  t.equal(mixed?.rules[0]?.audits, true);
  t.equal(mixed?.rules[1]?.audits, undefined);
  const noA = no(target("AIProviderRoute", "a"));
  const denied = routingOf(gateway(audit), models("a", "gpt-4o"), noA);
  t.match(denied?.rules, [{ wouldDeny: { reason: "deny-policy" }, candidates: [{ weight: 1 }] }]);
  t.equal(denied?.rules[0]?.refusal, undefined);
});

t.test("a denied connection keeps its verdict, and says that it is audited", async (t) => {
  const raw = l4Route("raw", { destinationCIDRs: ["10.0.0.0/8"] });
  const noRaw = no(target("EgressL4Route", "raw"));
  t.match(gatewayOf(compiled(gateway(audit), raw, noRaw)).l4Rules, [
    { verdict: "deny", reason: "deny-policy", audits: true, cidrs: [{ namesGuarded: true }] },
  ]);
  const [enforced] = gatewayOf(compiled(gateway(), raw, noRaw)).l4Rules;
  t.equal(enforced?.audits, undefined);
});

t.test("conditions say what does not enforce, and why", async (t) => {
  const result = compiled(gateway(audit), web, noWeb);
  t.equal(
    conditionOf(result, "EgressGateway default/egress", "Enforcing"),
    "Audit: AUDIT: nothing is refused by EgressGateway default/egress, what would be is only recorded",
  );
  t.equal(
    conditionOf(result, "EgressHTTPRoute default/web", "Enforcing"),
    "Audit: EgressGateway default/egress audits all of its routes",
  );
  t.same(statusOf(result, "EgressHTTPRoute default/web").problems, [
    "All of its traffic would be refused by EgressDenyPolicy default/no",
  ]);
  const alone = compiled(gateway(), httpRoute("web", ["a.example"], audit));
  t.match(conditionOf(alone, "EgressHTTPRoute default/web", "Enforcing"), "EgressHTTPRoute");
  t.equal(conditionOf(alone, "EgressGateway default/egress", "Enforcing"), "none");
  t.match(gatewayOf(alone).auditedRoutes, [{ name: "web" }]);
});
