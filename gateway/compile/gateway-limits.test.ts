/** Ceilings of a whole gateway: what they add to each rule, and when they refuse everything. */
import t from "tap";
import type { LimitPlan } from "../snapshot.ts";
import { limitConnections } from "./gateway-limits.ts";
import {
  aiRoute,
  compiled,
  conditionOf,
  gateway,
  gatewayOf,
  hostPolicy,
  httpRoute,
  l4Route,
  object,
  target,
} from "./testdata/objects.ts";

const label = "EgressGateway default/egress";
const all = object("RateLimitPolicy", "all", { requests: 100, window: "1m" });
const own = object("RateLimitPolicy", "own", { requests: 1, window: "1s" });
const limited = gateway({ limits: { rateLimitPolicies: ["all"] } });
const byPolicy = (...names: readonly string[]) => ({
  filters: names.map((name) => ({
    type: "ExtensionRef",
    extensionRef: target("RateLimitPolicy", name),
  })),
});
const namesOf = (limits: readonly LimitPlan[] = []) => limits.map(({ policy }) => policy.name);

t.test("a gateway's limits come before those of each rule, and each once", async (t) => {
  const result = compiled(
    limited,
    httpRoute("a", ["a.example"], { rules: [byPolicy("own", "all")] }),
    httpRoute("b", ["b.example"], { rules: [{}] }),
    l4Route("c", { destinationHostnames: ["c.example"] }, byPolicy("own")),
    l4Route("d", { destinationHostnames: ["d.example"] }, {}),
    aiRoute("e", "anthropic"),
    all,
    own,
  );
  const limitsAt = (host: string) =>
    hostPolicy(result, host)?.rules.map(({ engine }) => namesOf(engine?.limits)) ?? [];
  t.same(limitsAt("a.example")[0], ["all", "own"]);
  t.same(limitsAt("b.example")[0], ["all"]);
  t.same(limitsAt("c.example")[0], ["all", "own"]);
  t.same(limitsAt("api.anthropic.com")[0], ["all"]);
  const { l4Rules } = gatewayOf(result);
  t.same(
    l4Rules.map(({ engine }) => namesOf(engine?.limits)),
    [["all", "own"], ["all"]],
  );
  t.equal(new Set(l4Rules.map(({ engine }) => engine?.id)).size, 2);
});

t.test("a limit that does not exist refuses everything on the gateway", async (t) => {
  const result = compiled(limited, httpRoute("a", ["a.example"], {}));
  t.match(gatewayOf(result).refusal, {
    reason: "not-ready",
    message: /RateLimitPolicy default\/all does not exist/,
  });
  t.equal(
    conditionOf(result, label, "ResolvedRefs"),
    "ExtensionNotFound: spec.limits.rateLimitPolicies[0]: RateLimitPolicy default/all does not exist",
  );
});

t.test("what no rule is about cannot be counted, and nothing is let by instead", async (t) => {
  const open = gateway({
    defaultPolicy: "allow-all",
    limits: { rateLimitPolicies: ["all"], maxRequestBytes: 5 },
  });
  t.match(gatewayOf(compiled(open, all)).refusal, { reason: "not-enforced" });
  const sized = gateway({ defaultPolicy: "allow-all", limits: { maxRequestBytes: 5 } });
  t.equal(gatewayOf(compiled(sized)).refusal, undefined);
});

t.test("a shared limit refuses where nothing is shared", async (t) => {
  const shared = object("RateLimitPolicy", "all", { requests: 1, window: "1s", shared: {} });
  t.match(gatewayOf(compiled(limited, shared)).refusal, { message: /needs --nats/ });
});

t.test("a rule may bound bodies below what the gateway says, and not above", async (t) => {
  const sized = (maxBytes: number) => ({
    filters: [{ type: "RequestSizeLimit", requestSizeLimit: { maxBytes } }],
  });
  const result = compiled(
    gateway({ limits: { maxRequestBytes: 1_000, maxRequestHeaderBytes: 16_384 } }),
    httpRoute("a", ["a.example"], { rules: [sized(10)] }),
    httpRoute("b", ["b.example"], { rules: [sized(5_000)] }),
    httpRoute("c", ["c.example"], {
      rules: [{ filters: [...sized(70).filters, ...sized(30).filters] }],
    }),
  );
  t.same(gatewayOf(result).requestSize, { bodyBytes: 1_000, headerBytes: 16_384 });
  const bounds = ["a.example", "b.example", "c.example"].map((host) => {
    const action = hostPolicy(result, host)?.rules[0]?.action;
    return action?.kind === "forward" ? action.maxRequestBytes : undefined;
  });
  t.same(bounds, [10, undefined, 30]);
});

t.test("limitConnections() leaves refusals as they are", async (t) => {
  const route = { kind: "EgressL4Route", namespace: "default", name: "r" };
  const rule = { route, ruleIndex: 0, cidrs: [], hosts: [], ports: [], verdict: "deny" } as const;
  const limit = { policy: route, requests: 1, windowMs: 1, scope: "PerAgent" } as const;
  t.equal(limitConnections(rule, [limit]), rule);
  const allowed = { ...rule, verdict: "allow" } as const;
  t.equal(limitConnections(allowed, []), allowed);
});
