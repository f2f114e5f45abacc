/** Tests the filters of each treatment, in their order, and that names of chains are unique. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { gatewaySnapshot } from "../testdata/gateway-snapshot.ts";
import type { ConnectionTreatment } from "./filter-chain.ts";
import { chainName, filterChain } from "./filter-chain.ts";

const decision = "allow/EgressL4Route/default/raw/0";
const terms = "0a1b";
const facts = "set_filter_state";
const alias = { address: "10.0.0.9", port: 8443 };

const rows: readonly {
  readonly treatment: ConnectionTreatment;
  readonly name: string;
  readonly filters: readonly string[];
  readonly cluster?: string;
  readonly isTls?: boolean;
}[] = [
  {
    treatment: { kind: "intercept-tls", section: "any" },
    name: "intercept-tls/any",
    filters: [facts, "http_connection_manager"],
    isTls: true,
  },
  {
    treatment: { kind: "plain-http", section: "web" },
    name: "plain-http/web",
    filters: [facts, "http_connection_manager"],
  },
  {
    treatment: { kind: "pass-server-name", decision, terms },
    name: `pass-server-name:${decision}#0a1b`,
    filters: [facts, "rbac", "sni_dynamic_forward_proxy", "tcp_proxy"],
    cluster: "forward-raw",
  },
  {
    treatment: { kind: "pass-dialled-name", decision, terms },
    name: `pass-dialled-name:${decision}#0a1b`,
    filters: [facts, "sni_dynamic_forward_proxy", "tcp_proxy"],
    cluster: "forward-raw",
  },
  {
    treatment: { kind: "pass-alias", by: "server-name", alias, decision, terms },
    name: `pass-alias/server-name/10.0.0.9:8443:${decision}#0a1b`,
    filters: [facts, "rbac", facts, "tcp_proxy"],
    cluster: "original-destination",
  },
  {
    treatment: {
      kind: "pass-alias",
      by: "dialled",
      alias: { address: "fd00::1" },
      decision,
      terms,
    },
    name: `pass-alias/dialled/[fd00::1]:*:${decision}#0a1b`,
    filters: [facts, facts, "tcp_proxy"],
    cluster: "original-destination",
  },
  {
    treatment: { kind: "pass-address", decision, terms },
    name: `pass-address:${decision}#0a1b`,
    filters: [facts, "tcp_proxy"],
    cluster: "original-destination",
  },
  {
    treatment: { kind: "refuse", decision: "deny/unidentified" },
    name: "refuse:deny/unidentified",
    filters: [facts, "tcp_proxy"],
    cluster: "refused",
  },
];

for (const { treatment, name, filters, cluster, isTls = false } of rows) {
  t.test(`filterChain() of ${name}`, async (t) => {
    const chain = filterChain(gatewaySnapshot(), treatment, { name: "explicit" });
    t.equal(chain.name, name);
    t.equal(chainName(treatment), name);
    t.same(
      chain.filters?.map((filter) => filter.name?.split(".").at(-1)),
      filters,
    );
    t.equal(chain.transportSocket !== undefined, isTls);
    const { TcpProxy } = envoy.extensions.filters.network.tcp_proxy.v3;
    const proxy = tryUnpackAny(chain.filters?.at(-1)?.typedConfig ?? {}, TcpProxy);
    t.equal(proxy?.cluster, cluster);
    if (proxy !== undefined) t.equal(proxy.accessLog.length, 1, "every raw connection is recorded");
  });
}

t.test("filterChain() dials an alias on its port, or else on the dialled one", async (t) => {
  const { Config } = envoy.extensions.filters.network.set_filter_state.v3;
  const addressOf = (to: { readonly address: string; readonly port?: number }) => {
    const treatment = { kind: "pass-alias", by: "dialled", alias: to, decision, terms } as const;
    const { filters } = filterChain(gatewaySnapshot(), treatment, { name: "explicit" });
    const config = tryUnpackAny(filters?.at(-2)?.typedConfig ?? {}, Config);
    const [value] = config?.onNewConnection ?? [];
    return [value?.objectKey, value?.formatString?.textFormatSource?.inlineString];
  };
  const key = "envoy.network.transport_socket.original_dst_address";
  t.same(addressOf(alias), [key, "10.0.0.9:8443"]);
  t.same(addressOf({ address: "fd00::1" }), [key, "[fd00::1]:%FILTER_STATE(clrk.port:PLAIN)%"]);
});

t.test("filterChain() bounds the wait for a handshake", async (t) => {
  const treatment = { kind: "intercept-tls", section: "any" } as const;
  const { transportSocketConnectTimeout } = filterChain(gatewaySnapshot(), treatment, {
    name: "explicit",
  });
  t.same(transportSocketConnectTimeout, { seconds: 10, nanos: 0 });
});
