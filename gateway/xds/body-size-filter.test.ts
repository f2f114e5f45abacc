/** Tests of the filters that bound bodies; what they do is shown by bench/e2e/request-sizes.e2e.ts with a real Envoy. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { gatewaySnapshot } from "../testdata/gateway-snapshot.ts";
import { bodySizeFilters, bodySizeRouteConfig } from "./body-size-filter.ts";

const { BodySizeLimit } = envoy.extensions.filters.http.body_size_limit.v3;
function shown(gateway: Parameters<typeof bodySizeFilters>[0]) {
  return bodySizeFilters(gateway).map(({ name, disabled, typedConfig }) => ({
    name,
    isOn: disabled !== true,
    bytes: tryUnpackAny(typedConfig ?? {}, BodySizeLimit)?.maxRequestBytes?.value,
  }));
}

const ofRule = { name: "clrk.body_size_of_rule", isOn: false, bytes: undefined };

t.test("bodySizeFilters() bounds nothing by itself where the gateway does not", async (t) => {
  t.same(shown(gatewaySnapshot()), [ofRule]);
  t.same(shown(gatewaySnapshot({ requestSize: { headerBytes: 8_192 } })), [ofRule]);
});

t.test("bodySizeFilters() has one of the gateway, and one for all bounds of rules", async (t) => {
  t.same(shown(gatewaySnapshot({ requestSize: { bodyBytes: 100 } })), [
    { name: "clrk.body_size", isOn: true, bytes: 100 },
    ofRule,
  ]);
});

t.test("bodySizeRouteConfig() brings the bound to the filter of rules", async (t) => {
  const { CompositePerRoute, ExecuteFilterAction } = envoy.extensions.filters.http.composite.v3;
  const [[name, packed] = ["", undefined]] = Object.entries(bodySizeRouteConfig(70));
  t.equal(name, "clrk.body_size_of_rule");
  const action = tryUnpackAny(packed ?? {}, CompositePerRoute)?.matcher?.onNoMatch?.action;
  const executed = tryUnpackAny(action?.typedConfig ?? {}, ExecuteFilterAction);
  const bounded = tryUnpackAny(executed?.typedConfig?.typedConfig ?? {}, BodySizeLimit);
  t.equal(bounded?.maxRequestBytes?.value, 70);
});
