/** Routes of what no rule is about, and of what audit mode lets by. */
import t from "tap";
import { encodeMessage } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot, HttpRule } from "../snapshot.ts";
import {
  bearer,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "../testdata/gateway-snapshot.ts";
import { auditRoutes, letByRoutes } from "./open-route.ts";
import { RESOURCE } from "./resource-names.ts";
import { routeConfiguration } from "./route-configuration.ts";

function routesOf(gateway: GatewaySnapshot, domain: string, scheme: "tls" | "plain" = "tls") {
  const { RouteConfiguration } = envoy.config.route.v3;
  const scope = { scheme, section: "any" } as const;
  const bytes = encodeMessage(RouteConfiguration, routeConfiguration(gateway, scope));
  const hosts = RouteConfiguration.decode(bytes).virtualHosts;
  return hosts.find(({ domains }) => domains.includes(domain))?.routes ?? [];
}

const audited = (host: string, ...rules: HttpRule[]) =>
  gatewaySnapshot({ audits: true, hosts: [hostPolicy(host, ...rules)] });
const names = (routes: readonly { readonly name: string }[]) => [
  ...new Set(routes.map(({ name }) => name)),
];
const open = httpRule({ audits: true, action: forward({ credentials: [bearer("key")] }) });
const byPath = { ...open, match: { path: { kind: "prefix", value: "/v1" } as const } };
const denial = { reason: "deny-policy", message: "No" } as const;
const rule = "EgressHTTPRoute/default/route/0";

t.test("a gateway that audits lets by what no rule is about, and says which it was", async (t) => {
  const gateway = audited("a.example.com", byPath);
  t.same(names(routesOf(gateway, "*")), ["audit/default-policy"]);
  t.same(names(routesOf(gateway, "a.example.com")), [
    "audit/ambiguous-path",
    `deny/trace-method/${rule}`,
    `allow/${rule}`,
    "audit/no-rule",
  ]);
});

t.test("what no rule is about gets no credential, nor does an ambiguous path", async (t) => {
  const routes = routesOf(audited("a.example.com", byPath), "a.example.com");
  const others = routes.filter(({ name }) => name.startsWith("audit/"));
  t.ok(others.length >= 2);
  for (const { typedPerFilterConfig } of others) t.same(typedPerFilterConfig, {});
  t.notOk(
    routes.some(({ metadata }) => metadata !== null && metadata !== undefined),
    "the filter that refuses such paths is off",
  );
  t.match(others[0]?.match, {
    headers: [{ name: ":path" }],
    dynamicMetadata: [{ invert: true }],
  });
});

t.test("allow-all needs no audit for what it lets by", async (t) => {
  const gateway = { ...audited("a.example.com", open), defaultPolicy: "allow-all" } as const;
  t.same(names(routesOf(gateway, "*")), ["allow/default-policy"]);
});

t.test("a rule that would refuse has that in its name, and its guard", async (t) => {
  const would = httpRule({ audits: true, wouldDeny: denial });
  t.same(names(routesOf(audited("a.example.com", would), "a.example.com")), [
    `audit/deny-policy/${rule}`,
    "audit/no-rule",
  ]);
  const clusters = (one: HttpRule) =>
    routesOf(audited("10.0.0.5", one), "10.0.0.5", "plain")
      .filter(({ name }) => name.endsWith(rule))
      .map(({ route }) => route?.cluster);
  t.same(clusters(httpRule({ audits: true })), [RESOURCE.forwardNamedAddress]);
  t.same(clusters(would), [RESOURCE.forwardPlain], "an address that is denied is not named");
});

t.test("what the engine would refuse has a way for each reason, before all rules", async (t) => {
  const judged = httpRule({ audits: true, engine: enginePlan({ mcp: { rules: [] } }) });
  const routes = routesOf(
    gatewaySnapshot({ hosts: [hostPolicy("a.example.com", judged)] }),
    "a.example.com",
  );
  t.same(names(routes), [
    "audit/no-rule",
    "audit/body-malformed",
    "audit/mcp-denied",
    "audit/ambiguous-path",
    `audit/not-enforced/${rule}`,
    `allow/${rule}`,
  ]);
  const [upgrade, first] = routes;
  t.equal(upgrade?.name, first?.name, "for upgrades as well");
  t.match(first?.match?.dynamicMetadata, [
    { filter: "clrk", value: { stringMatch: { exact: "let-by/no-rule" } } },
  ]);
  t.match(first, { requestBodyBufferLimit: {}, typedPerFilterConfig: {} });
});

t.test("letByRoutes() and auditRoutes() have nothing where rules are enforced", async (t) => {
  const gateway = gatewaySnapshot();
  const policy = hostPolicy("a.example.com");
  const scope = { gateway, policy, provider: undefined, scope: { scheme: "tls" } } as const;
  const match = { prefix: "/" };
  t.equal(letByRoutes(httpRule(), { match, reason: "not-enforced" }, scope), undefined);
  t.same(auditRoutes([httpRule({ engine: enginePlan({ mcp: { rules: [] } }) })], true, scope), []);
});

t.test("a gateway that cannot work refuses everything, also where it audits", async (t) => {
  const refusal = { reason: "not-ready", message: "No roots" } as const;
  const gateway = { ...audited("a.example.com", open), refusal };
  t.same(names(routesOf(gateway, "*")), ["deny/not-ready"]);
});
