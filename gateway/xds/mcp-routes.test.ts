/** Tests that no request gets to a rule which the engine decides without being read for it. */
import t from "tap";
import { encodeMessage } from "../any.ts";
import { maxMcpBytes } from "../mcp-plan.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot, HttpMatch, HttpRule } from "../snapshot.ts";
import {
  backend,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "../testdata/gateway-snapshot.ts";
import { routeConfiguration } from "./route-configuration.ts";

function routesOf(gateway: GatewaySnapshot, domain: string) {
  const { RouteConfiguration } = envoy.config.route.v3;
  const scope = { scheme: "tls", section: "any" } as const;
  const bytes = encodeMessage(RouteConfiguration, routeConfiguration(gateway, scope));
  const hosts = RouteConfiguration.decode(bytes).virtualHosts;
  return hosts.find(({ domains }) => domains.includes(domain))?.routes ?? [];
}

const rule = (ruleIndex: number, changes: Partial<HttpRule> = {}) =>
  httpRule({ ruleIndex, ...changes });
const chat: HttpMatch = { method: "POST", path: { kind: "exact", value: "/v1/chat/completions" } };
const chatPlan = (otherwise: "next" | "deny") => enginePlan({ routing: { rules: [], otherwise } });

t.test("routeConfiguration() has MCP bodies held, and refuses what cannot be read", async (t) => {
  const entry = rule(1, { match: chat, action: { kind: "choose" }, engine: chatPlan("next") });
  const judged = rule(2, { engine: enginePlan({ mcp: { rules: [] } }) });
  const routes = (...rules: HttpRule[]) =>
    routesOf(
      gatewaySnapshot({ hosts: [hostPolicy("a.example.com", ...rules)] }),
      "a.example.com",
    ).filter(({ name }) => name.endsWith("/2"));
  const upgrade = "deny/not-enforced/EgressHTTPRoute/default/route/2";
  const allowed = "allow/EgressHTTPRoute/default/route/2";
  const namesOfRoutes = routes(judged).map(({ name }) => name);
  t.same(namesOfRoutes, [upgrade, allowed]);
  t.match(routes(judged)[1], { requestBodyBufferLimit: { value: maxMcpBytes } });
  t.same(
    routes(entry, judged).map(({ name }) => name),
    [upgrade, upgrade, allowed],
    "what an entry has let by is read no more",
  );
});

t.test("routeConfiguration() has MCP requests wait for one of their ways", async (t) => {
  const { ways, entry } = {
    ways: ["a", "b"].map((host) =>
      rule(2, {
        pick: host,
        isJudged: true,
        match: {},
        action: forward({ backends: [backend(`${host}.internal`)] }),
      }),
    ),
    entry: rule(2, {
      action: { kind: "choose" },
      engine: enginePlan({ mcp: { rules: [], destinations: [] } }),
    }),
  };
  const routes = routesOf(
    gatewaySnapshot({ hosts: [hostPolicy("a.example.com", ...ways, entry)] }),
    "a.example.com",
  );
  const [first, second, upgrade, reread, waiting] = routes;
  t.match(first?.match?.dynamicMetadata, [{ value: { stringMatch: { exact: "a" } } }]);
  t.match(first?.route?.weightedClusters?.clusters, [{ hostRewriteLiteral: "a.internal" }]);
  t.match(second?.requestBodyBufferLimit, { value: maxMcpBytes });
  t.match(upgrade?.directResponse?.body?.inlineString, /upgraded connection cannot be/);
  t.match(reread?.match?.dynamicMetadata, [{ invert: false, value: { presentMatch: true } }]);
  t.ok(reread?.directResponse);
  t.match(waiting, {
    route: { cluster: "refused" },
    match: { dynamicMetadata: [{ invert: true }] },
    requestBodyBufferLimit: { value: maxMcpBytes },
  });
  t.equal(routes.length, 5);
});

function budgetPlan() {
  const counts = [{ name: "n", scope: "day", unit: "tokens", limit: 1 }] as const;
  const route = { kind: "AIProviderRoute", namespace: "default", name: "r" };
  const about = { route, ruleIndex: 0, endpoints: [], models: [], meters: true };
  const rules = [{ ...about, candidates: [], budget: { counts } }];
  return enginePlan({ routing: { rules, otherwise: "deny" } });
}

t.test("routeConfiguration() refuses calls of a budget that were read before", async (t) => {
  const budgeted = rule(1, { match: chat, engine: budgetPlan() });
  const routesWith = (...others: readonly HttpRule[]) =>
    routesOf(
      gatewaySnapshot({ hosts: [hostPolicy("a.example.com", ...others, budgeted)] }),
      "a.example.com",
    );
  const alone = routesWith();
  t.equal(alone.length, 2, "upgrades, which the engine refuses, and all else");
  for (const { route, responseHeadersToAdd, metadata } of alone) {
    t.ok(route);
    t.not(metadata, null, "no path that could mean another one passes");
    t.match(responseHeadersToAdd, [{ header: { key: "x-clrk-served" } }]);
  }
  const choosing = rule(0, { match: chat, action: { kind: "choose" }, engine: chatPlan("next") });
  const [refusal] = routesWith(choosing).filter(({ name }) => name.includes("not-enforced"));
  t.match(refusal?.match?.dynamicMetadata, [{ invert: false, value: { presentMatch: true } }]);
  t.match(refusal?.directResponse?.body?.inlineString, /keeps calls within a budget, and this/);
});
