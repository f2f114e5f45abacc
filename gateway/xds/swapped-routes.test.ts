/** Routes of rules whose requests or answers are written over. */
import t from "tap";
import type { HttpAction } from "../snapshot.ts";
import {
  bearer,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "../testdata/gateway-snapshot.ts";
import { routeConfiguration } from "./route-configuration.ts";

const key = bearer("key");
const placeholder = {
  kind: "placeholder",
  policy: key.policy,
  secret: key.secret,
  placeholder: "placeholder/default/key/token",
  places: ["Header"],
} as const;
const scrubbed = { ...key, scrub: true as const };
const base = { id: "1", gateway: "default/egress", placeholders: [], scrubs: [] };

function routesOf(action: HttpAction, scheme: "tls" | "plain" = "tls") {
  const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", httpRule({ action }))] });
  const { virtualHosts = [] } = routeConfiguration(gateway, { scheme, section: "any" });
  const host = virtualHosts?.find(({ name }) => name === "a.example.com");
  return (host?.routes ?? []).map(({ name, typedPerFilterConfig }) => {
    return { name, filters: Object.keys(typedPerFilterConfig ?? {}).sort() };
  });
}

t.test("routeConfiguration() refuses upgrades where answers are searched", async (t) => {
  const action = forward({
    credentials: [scrubbed],
    swap: { ...base, scrubs: [scrubbed] },
  });
  const [trace, upgrade, plain, ...rest] = routesOf(action);
  t.match(trace?.name, /^deny\/trace-method/);
  t.equal(upgrade?.name, "deny/not-enforced/EgressHTTPRoute/default/route/0");
  t.ok(plain?.filters.includes("clrk.swap"));
  t.notOk(plain?.filters.includes("clrk.placeholder_watch"), "no placeholder is taken");
  t.same(rest, []);
});

t.test("routeConfiguration() leaves a placeholder where the agent put it", async (t) => {
  const swap = { ...base, placeholders: [placeholder], tag: "0a1b2c3d4e5f" };
  const [, upgrade, plain, ...rest] = routesOf(forward({ credentials: [placeholder], swap }));
  for (const route of [upgrade, plain]) {
    t.match(route?.name, /^allow\//);
    t.same(route?.filters, ["clrk.placeholder_watch", "clrk.swap"], "no header is taken out");
  }
  t.same(rest, []);
});

t.test("routeConfiguration() refuses a placeholder from plain HTTP", async (t) => {
  const [route] = routesOf(forward({ credentials: [placeholder], swap: base }), "plain");
  t.match(route?.name, /^deny\/credential-needs-tls/);
});
