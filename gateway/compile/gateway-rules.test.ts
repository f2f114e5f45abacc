/** Placing rules of attached routes: order, listeners, and refusals of whole routes. */
import t from "tap";
import type { ListenerSnapshot } from "../snapshot.ts";
import { draftEgressHttpRoute } from "./egress-http-route.ts";
import type { AttachedRoute } from "./gateway-rules.ts";
import { connectionRules, placeRules } from "./gateway-rules.ts";
import { indexObjects } from "./object-index.ts";
import type { DenyAction } from "./refusal.ts";
import {
  compiled,
  decisions,
  gateway,
  gatewayOf,
  hostPolicy,
  httpRoute,
  l4Route,
  parent,
} from "./testdata/objects.ts";

const listeners: readonly ListenerSnapshot[] = [
  { name: "tls", shape: "tls-terminate" },
  { name: "http", shape: "http" },
  { name: "raw", shape: "tls-passthrough" },
];

function attached(
  name: string,
  options: { listeners?: string[]; deny?: DenyAction } = {},
): AttachedRoute {
  const index = indexObjects([
    gateway(),
    httpRoute(name, ["a.example"], { rules: [{}, { matches: [{ method: "GET" }] }] }),
  ]);
  const [route] = index.list("EgressHTTPRoute");
  const [egress] = index.list("EgressGateway");
  if (route === undefined || egress === undefined) throw new Error("Cannot find route or gateway");
  return {
    draft: draftEgressHttpRoute(route, index),
    attachment: {
      isWhole: options.listeners === undefined,
      listeners: new Set(options.listeners ?? ["tls", "http", "raw"]),
    },
    scope: {
      gateway: egress,
      route: { kind: "EgressHTTPRoute", namespace: "default", name },
      deny: options.deny,
      routeBindings: [],
      gatewayBindings: [],
      aliases: new Map(),
      credentials: new Map(),
      mints: new Map(),
      settings: {
        requestTimeoutMs: 60_000,
        upstream: { lookupFamily: "V4Preferred", additionalTrustPem: "", guardedRanges: [] },
      },
    },
  };
}

t.test("placeRules() keeps the order of routes, rules and matches", async (t) => {
  const placed = placeRules([attached("b"), attached("a")], listeners);
  t.same(
    placed.map(({ rule }) => `${rule.route.name}/${rule.ruleIndex}`),
    ["b/0", "b/1", "a/0", "a/1"],
  );
});

t.test("placeRules() names listeners only where a route does", async (t) => {
  const [whole] = placeRules([attached("a")], listeners);
  t.equal(whole?.rule.sections, undefined);
  const [part] = placeRules([attached("a", { listeners: ["raw", "http"] })], listeners);
  t.same(part?.rule.sections, ["http"], "no request is read on a raw listener");
});

t.test("placeRules() refuses every rule of a route that is denied", async (t) => {
  const deny: DenyAction = { kind: "deny", status: 403, reason: "deny-policy", message: "No" };
  const placed = placeRules([attached("a", { deny })], listeners);
  t.same(
    placed.map(({ rule }) => rule.action),
    [deny, deny],
  );
});

t.test("connectionRules() keeps routes in precedence with their listeners", async (t) => {
  const match = { destinationHostnames: ["db.example"] };
  const result = compiled(
    gateway(),
    l4Route("b", match),
    l4Route("a", match, {}, { parentRefs: [parent("egress", { sectionName: "tcp" })] }),
  );
  t.match(gatewayOf(result).l4Rules, [
    { route: { name: "a" }, sections: ["tcp"] },
    { route: { name: "b" }, sections: undefined },
  ]);
  t.same(connectionRules([attached("a")], listeners), []);
});

t.test("placeRules() sorts routes of all kinds together by namespace and name", async (t) => {
  const listener = {
    name: "tls",
    protocol: "HTTPS",
    allowedRoutes: { namespaces: { from: "All" } },
  };
  const result = compiled(
    gateway({ listeners: [listener] }),
    httpRoute("b", ["a.example"]),
    httpRoute("aaa/z", ["a.example"], { parentRefs: [parent("egress", { namespace: "default" })] }),
    httpRoute("a", ["a.example"]),
  );
  t.same(decisions(hostPolicy(result, "a.example")), [
    "allow EgressHTTPRoute z/0",
    "allow EgressHTTPRoute a/0",
    "allow EgressHTTPRoute b/0",
  ]);
});
