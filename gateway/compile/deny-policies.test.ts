/** EgressDenyPolicy on routes. */
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
  hostPolicy,
  httpRoute,
  l4Route,
  object,
  parent,
  parentsOf,
  statusOf,
  target,
} from "./testdata/objects.ts";

function denyPolicy(name: string, targetRefs: readonly object[], denyResponse?: object) {
  return object("EgressDenyPolicy", name, { targetRefs, ...(denyResponse && { denyResponse }) });
}

const route = httpRoute("r", ["a.example"]);
const toRoute = target("EgressHTTPRoute", "r");

function actionOf(...objects: readonly ParsedObject[]) {
  return hostPolicy(compiled(gateway(), ...objects), "a.example").rules[0]?.action;
}

t.test("denyRoutes() answers with the response of the policy", async (t) => {
  const response = { statusCode: 451, message: "Ask the owner first" };
  t.same(actionOf(route, denyPolicy("d", [toRoute], response)), {
    kind: "deny",
    status: 451,
    reason: "deny-policy",
    message: "Ask the owner first",
    policy: { kind: "EgressDenyPolicy", namespace: "default", name: "d" },
  });
});

t.test("denyRoutes() answers 403 with a sentence of its own by default", async (t) => {
  for (const response of [undefined, {}]) {
    t.match(actionOf(route, denyPolicy("d", [toRoute], response)), {
      status: 403,
      message: "Denied by EgressDenyPolicy default/d",
    });
  }
});

t.test("denyRoutes() denies the targeted route only", async (t) => {
  const result = compiled(
    gateway(),
    httpRoute("a", ["a.example"]),
    httpRoute("b", ["a.example"]),
    denyPolicy("d", [target("EgressHTTPRoute", "b")]),
  );
  t.same(decisions(hostPolicy(result, "a.example")), [
    "allow EgressHTTPRoute a/0",
    "deny deny-policy EgressHTTPRoute b/0",
  ]);
  t.same(statusOf(result, "EgressHTTPRoute default/b").problems, [
    "All of its traffic is refused by EgressDenyPolicy default/d",
  ]);
  t.equal(
    conditionOf(result, "EgressHTTPRoute default/b", "Accepted"),
    "Accepted: Valid and attached",
  );
});

t.test("denyRoutes() denies connections of an EgressL4Route, guarded addresses too", async (t) => {
  const match = { destinationCIDRs: ["0.0.0.0/0", "10.0.0.0/8"] };
  const result = compiled(
    gateway(),
    l4Route("l", match),
    denyPolicy("d", [target("EgressL4Route", "l")]),
  );
  t.match(gatewayOf(result).l4Rules, [
    {
      verdict: "deny",
      reason: "deny-policy",
      cidrs: [
        { cidr: "0.0.0.0/0", namesGuarded: true },
        { cidr: "10.0.0.0/8", namesGuarded: true },
      ],
    },
  ]);
});

t.test("denyRoutes() lets the first of two policies answer and tells the other", async (t) => {
  const result = compiled(
    gateway(),
    route,
    denyPolicy("b", [toRoute], { message: "second" }),
    denyPolicy("a", [toRoute], { message: "first" }),
  );
  t.match(hostPolicy(result, "a.example").rules[0]?.action, { message: "first" });
  t.equal(
    conditionOf(result, "EgressDenyPolicy default/b", "Accepted"),
    "Conflicted: EgressDenyPolicy default/a already denies EgressHTTPRoute default/r",
  );
  t.equal(
    conditionOf(result, "EgressDenyPolicy default/a", "Accepted"),
    "Accepted: Valid and attached",
  );
});

t.test("denyRoutes() takes the same target twice", async (t) => {
  const result = compiled(gateway(), route, denyPolicy("a", [toRoute, toRoute]));
  t.equal(
    conditionOf(result, "EgressDenyPolicy default/a", "Accepted"),
    "Accepted: Valid and attached",
  );
});

t.test("denyRoutes() says which targets do not exist, in the policy's own namespace", async (t) => {
  const result = compiled(
    gateway(),
    route,
    denyPolicy("team/d", [toRoute]),
    denyPolicy("e", [toRoute]),
  );
  t.same(parentsOf(result, "EgressDenyPolicy team/d"), [
    "EgressHTTPRoute team/r TargetNotFound: EgressHTTPRoute team/r does not exist",
  ]);
  t.equal(
    conditionOf(result, "EgressDenyPolicy default/e", "Accepted"),
    "Accepted: Valid and attached",
  );
});

t.test(
  "denyRoutes() refuses the whole route when a section is named, which it does not enforce",
  async (t) => {
    const policy = denyPolicy("d", [target("EgressHTTPRoute", "r", { sectionName: "part" })]);
    const result = compiled(gateway(), route, policy);
    t.match(hostPolicy(result, "a.example").rules[0]?.action, { reason: "not-enforced" });
    t.equal(
      conditionOf(result, "EgressDenyPolicy default/d", "Accepted"),
      "NotEnforced: spec.targetRefs[0].sectionName is not enforced yet",
    );
  },
);

t.test("denyRoutes() refuses an MCPRoute", async (t) => {
  const mcp = object("MCPRoute", "m", {
    parentRefs: [parent()],
    hostnames: ["m.example"],
    rules: [{}],
  });
  const result = compiled(gateway(), mcp, denyPolicy("d", [target("MCPRoute", "m")]));
  t.match(hostPolicy(result, "m.example").rules, [{ action: { reason: "deny-policy" } }]);
  t.equal(hostPolicy(result, "m.example").rules[0]?.engine, undefined);
});

const fallback = object("FallbackRoutingPolicy", "f", {
  targetRefs: [target("AIProviderRoute", "r")],
});

t.test("denyRoutes() refuses also what is meant to fall back, and leaves no way", async (t) => {
  const policy = denyPolicy("z", [target("AIProviderRoute", "r")]);
  const refs = [backendRef("a"), backendRef("b")];
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", { backendRefs: refs }),
    backend("a", "a.example"),
    backend("b", "b.example"),
    fallback,
    policy,
  );
  const { rules } = hostPolicy(result, "api.openai.com");
  t.ok(rules.length > 1);
  for (const { action, pick } of rules) {
    t.match(action, { kind: "deny", reason: "deny-policy" });
    t.equal(pick, undefined);
  }
});

t.test("denyRoutes() refuses the models of a limited match, and leaves the others", async (t) => {
  const policy = denyPolicy("z", [target("AIProviderRoute", "r")]);
  const matches = [{ provider: "openai", models: ["gpt-4*"] }];
  const result = compiled(gateway(), aiRoute("r", "openai", { matches }), policy);
  const { rules } = hostPolicy(result, "api.openai.com");
  for (const { action, engine } of rules) {
    t.equal(action.kind, "choose");
    t.match(engine?.routing?.rules, [
      { models: ["gpt-4*"], candidates: [], refusal: { status: 403, reason: "deny-policy" } },
    ]);
  }
});
