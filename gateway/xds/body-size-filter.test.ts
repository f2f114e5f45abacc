/** Tests of the filters that bound bodies; what they do is shown by bench/e2e/request-sizes.e2e.ts with a real Envoy. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import { bodySizeFilters, bodySizeRouteConfig } from "./body-size-filter.ts";

const { BodySizeLimit } = envoy.extensions.filters.http.body_size_limit.v3;
const forward = httpRule().action;

function ruleOf(maxRequestBytes: number) {
  return httpRule({ action: { ...forward, kind: "forward", maxRequestBytes } as typeof forward });
}

function shown(gateway: Parameters<typeof bodySizeFilters>[0]) {
  return bodySizeFilters(gateway).map(({ name, disabled, typedConfig }) => ({
    name,
    isOn: disabled !== true,
    bytes: tryUnpackAny(typedConfig ?? {}, BodySizeLimit)?.maxRequestBytes?.value,
  }));
}

t.test("bodySizeFilters() has none where nothing is bounded", async (t) => {
  t.same(bodySizeFilters(gatewaySnapshot()), []);
  t.same(bodySizeFilters(gatewaySnapshot({ requestSize: { headerBytes: 8_192 } })), []);
});

t.test("bodySizeFilters() has one of the gateway, and one for each bound of rules", async (t) => {
  const host = { ...hostPolicy("a.test"), rules: [ruleOf(70), ruleOf(5), ruleOf(70)] };
  t.same(shown(gatewaySnapshot({ requestSize: { bodyBytes: 100 }, hosts: [host] })), [
    { name: "clrk.body_size", isOn: true, bytes: 100 },
    { name: "clrk.body_size.5", isOn: false, bytes: 5 },
    { name: "clrk.body_size.70", isOn: false, bytes: 70 },
  ]);
});

t.test("bodySizeRouteConfig() turns the filter of a bound on", async (t) => {
  const { FilterConfig } = envoy.config.route.v3;
  const [[name, packed] = ["", undefined]] = Object.entries(bodySizeRouteConfig(70));
  t.equal(name, "clrk.body_size.70");
  const config = tryUnpackAny(packed ?? {}, FilterConfig);
  t.equal(config?.disabled, false);
  t.ok(config?.config, "an empty one: Envoy takes its absence for a mistake");
});
