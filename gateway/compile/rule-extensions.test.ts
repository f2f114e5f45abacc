/** ExtensionRef filters of routes. */
import t from "tap";
import {
  aiRoute,
  compiled,
  conditionOf,
  decisions,
  gateway,
  gatewayOf,
  hostPolicy,
  httpRoute,
  l4Route,
  loggedBy,
  logging,
  object,
  target,
} from "./testdata/objects.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { compile } from "../compile.ts";
import { indexObjects } from "./object-index.ts";
import { judgeExtensions, unenforcedLogging } from "./rule-extensions.ts";

const label = "EgressHTTPRoute default/r";

function apply(kind: string, ...policies: readonly ParsedObject[]) {
  const filters = [{ type: "ExtensionRef", extensionRef: target(kind, "p") }];
  return compiled(gateway(), httpRoute("r", ["a.example"], { rules: [{ filters }] }), ...policies);
}

const limit = object("RateLimitPolicy", "p", { requests: 1, window: "1s" });
const place = "spec.rules[0].filters[0].extensionRef";

t.test("judgeExtensions() takes a LoggingPolicy that only redacts headers", async (t) => {
  const result = apply("LoggingPolicy", object("LoggingPolicy", "p", { redactHeaders: ["x-a"] }));
  t.same(decisions(hostPolicy(result, "a.example")), ["allow EgressHTTPRoute r/0"]);
  t.equal(conditionOf(result, "LoggingPolicy default/p", "Accepted"), "Accepted: Valid");
});

t.test("unenforcedLogging() names expressions that cannot be searched for", async (t) => {
  const [policy] = indexObjects([logging("p", { redactPatterns: ["a+"] })]).list("LoggingPolicy");
  if (policy === undefined) return t.fail("no policy");
  t.same(unenforcedLogging(policy), []);
  const odd = { ...policy, spec: { ...policy.spec, redactPatterns: ["a+", "(?=a)"] } };
  return t.same(unenforcedLogging(odd), [["spec", "redactPatterns", 1]]);
});

t.test("judgeExtensions() takes captures, switched on or off", async (t) => {
  for (const captures of [true, false]) {
    const spec = { captureRequest: captures, captureResponse: captures };
    const result = apply("LoggingPolicy", object("LoggingPolicy", "p", spec));
    t.same(decisions(hostPolicy(result, "a.example")), ["allow EgressHTTPRoute r/0"]);
    t.equal(conditionOf(result, "LoggingPolicy default/p", "Accepted"), "Accepted: Valid");
  }
});

t.test("judgeExtensions() gives every LoggingPolicy in the order of the filters", async (t) => {
  const index = indexObjects([logging("a", {}), logging("b", {}), logging("c", {})]);
  const scope = { index, namespace: "default", countsRequests: true };
  const found = judgeExtensions(loggedBy("b", "none", "a"), ["spec", "rules", 0], scope);
  t.same(
    found.logging.map(({ metadata }) => metadata.name),
    ["b", "a"],
  );
  t.same(
    found.missing.map(({ message }) => message),
    ["spec.rules[0].filters[1].extensionRef: LoggingPolicy default/none does not exist"],
  );
});

t.test("judgeExtensions() takes a RateLimitPolicy, once however often it is named", async (t) => {
  const filter = { type: "ExtensionRef", extensionRef: target("RateLimitPolicy", "p") };
  const result = compiled(
    gateway(),
    httpRoute("r", ["a.example"], { rules: [{ filters: [filter, filter] }] }),
    object("RateLimitPolicy", "p", { requests: 3, window: "1m", scope: "PerRoute" }),
  );
  t.same(decisions(hostPolicy(result, "a.example")), ["allow EgressHTTPRoute r/0"]);
  t.equal(conditionOf(result, "RateLimitPolicy default/p", "Accepted"), "Accepted: Valid");
  const [rule] = hostPolicy(result, "a.example").rules;
  const policy = { kind: "RateLimitPolicy", namespace: "default", name: "p" };
  t.match(rule?.engine, {
    meters: false,
    limits: [{ policy, requests: 3, windowMs: 60_000, scope: "PerRoute" }],
    why: ["counts requests for RateLimitPolicy default/p"],
  });
});

t.test("judgeExtensions() counts per agent where a RateLimitPolicy does not say", async (t) => {
  const [rule] = hostPolicy(apply("RateLimitPolicy", limit), "a.example").rules;
  t.match(rule?.engine?.limits, [{ requests: 1, windowMs: 1_000, scope: "PerAgent" }]);
});

t.test("limits of an AIProviderRoute stand in its rule where its body is read", async (t) => {
  const filters = [{ type: "ExtensionRef", extensionRef: target("RateLimitPolicy", "p") }];
  const matches = [{ provider: "openai", models: ["gpt-4o"] }];
  const result = compiled(gateway(), aiRoute("r", "openai", { matches, filters }), limit);
  const entry = hostPolicy(result, "api.openai.com").rules.find(
    ({ action }) => action.kind === "choose",
  );
  t.equal(entry?.engine?.limits, undefined);
  t.match(entry?.engine?.routing?.rules, [{ models: ["gpt-4o"], limits: [{ requests: 1 }] }]);
});

t.test("limits of an AIProviderRoute without models hold for all of its paths", async (t) => {
  const filters = [{ type: "ExtensionRef", extensionRef: target("RateLimitPolicy", "p") }];
  for (const provider of ["openai", "anthropic"]) {
    const result = compiled(gateway(), aiRoute("r", provider, { filters }), limit);
    const host = provider === "openai" ? "api.openai.com" : "api.anthropic.com";
    const forwards = hostPolicy(result, host).rules.filter(
      ({ action }) => action.kind === "forward",
    );
    t.ok(forwards.length > 0);
    for (const { engine } of forwards) {
      const rules = engine?.routing?.rules ?? [];
      const limited = rules.length > 0 ? rules.map(({ limits }) => limits) : [engine?.limits];
      t.match(
        limited,
        limited.map(() => [{ requests: 1 }]),
      );
    }
  }
});

t.test("judgeExtensions() refuses traffic under a RateLimitPolicy that is missing", async (t) => {
  const result = apply("RateLimitPolicy");
  t.same(decisions(hostPolicy(result, "a.example")), ["deny not-enforced EgressHTTPRoute r/0"]);
  t.equal(
    conditionOf(result, label, "ResolvedRefs"),
    `ExtensionNotFound: ${place}: RateLimitPolicy default/p does not exist`,
  );
});

const filters = [{ type: "ExtensionRef", extensionRef: target("RateLimitPolicy", "p") }];

t.test("judgeExtensions() counts connections, and requests where they are read", async (t) => {
  const route = l4Route("c", { destinationHostnames: ["a.example"] }, { filters });
  const result = compiled(gateway(), route, limit);
  const [rule] = gatewayOf(result).l4Rules;
  t.match(rule, {
    verdict: "allow",
    engine: {
      route: { kind: "EgressL4Route", name: "c" },
      ruleIndex: 0,
      limits: [{ policy: { name: "p" }, requests: 1, windowMs: 1_000, scope: "PerAgent" }],
    },
  });
  t.match(rule?.engine?.id, /^[0-9a-f]{16}$/);
  const requests = hostPolicy(result, "a.example")?.rules ?? [];
  t.ok(requests.length > 0);
  for (const { engine } of requests) t.match(engine?.limits, [{ policy: { name: "p" } }]);
  const without = compiled(gateway(), l4Route("c", { destinationHostnames: ["a.example"] }, {}));
  t.equal(gatewayOf(without).l4Rules[0]?.engine, undefined);
});

t.test("judgeExtensions() asks nobody about connections that are refused anyway", async (t) => {
  const denied = l4Route(
    "c",
    { destinationHostnames: ["a.example"], protocol: "UDP" },
    { filters },
  );
  const both = l4Route(
    "d",
    { destinationHostnames: ["a.example"] },
    { filters, backendRefs: [target("Backend", "b")] },
  );
  for (const rule of gatewayOf(compiled(gateway(), denied, both, limit)).l4Rules) {
    t.match(rule, { verdict: "deny" });
    t.equal(rule.engine, undefined);
  }
});

t.test("judgeExtensions() refuses a shared limit where nothing is shared", async (t) => {
  const shared = object("RateLimitPolicy", "p", { requests: 1, window: "1s", shared: {} });
  const route = httpRoute("r", ["a.example"], { rules: [{ filters }] });
  const objects = [gateway(), route, shared];
  const alone = compiled(...objects);
  t.same(decisions(hostPolicy(alone, "a.example")), ["deny not-enforced EgressHTTPRoute r/0"]);
  t.equal(
    conditionOf(alone, label, "Accepted"),
    `NotEnforced: ${place} (RateLimitPolicy default/p with spec.shared, for which the gateway needs --nats) is not enforced yet`,
  );
  t.equal(
    conditionOf(alone, "RateLimitPolicy default/p", "Accepted"),
    "NotEnforced: spec.shared is not enforced yet",
  );
  const environment = { ownAddresses: [], sharesLimits: true };
  const result = compile({ objects, revision: 1, environment });
  t.match(hostPolicy(result, "a.example")?.rules[0]?.engine?.limits, [
    { shared: { onUnreachable: "Refuse" } },
  ]);
});

t.test("judgeExtensions() refuses traffic under a LoggingPolicy that is missing", async (t) => {
  const result = apply("LoggingPolicy", object("LoggingPolicy", "team/p", {}));
  t.same(decisions(hostPolicy(result, "a.example")), ["deny not-enforced EgressHTTPRoute r/0"]);
  t.equal(
    conditionOf(result, label, "ResolvedRefs"),
    `ExtensionNotFound: ${place}: LoggingPolicy default/p does not exist`,
  );
});
