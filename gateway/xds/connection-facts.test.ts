/** Tests the facts that every chain writes down first. */
import t from "tap";
import { envoy } from "../proto/gen/xds.js";
import { connectionFacts } from "./connection-facts.ts";
import type { HostSource } from "./connection-facts.ts";

function statesOf(source: HostSource, decision?: string): Map<string, string> {
  const { Config } = envoy.extensions.filters.network.set_filter_state.v3;
  const { onNewConnection } = Config.decode(connectionFacts(source, decision).typedConfig.value);
  return new Map(
    onNewConnection.map(({ objectKey, formatString }) => [
      objectKey ?? "",
      formatString?.textFormatSource?.inlineString ?? "",
    ]),
  );
}

t.test("connectionFacts() of TLS takes the host from the server name", async (t) => {
  t.same(
    [...statesOf("server-name")],
    [
      ["clrk.host", "%REQUESTED_SERVER_NAME%"],
      ["clrk.host_port", "%REQUESTED_SERVER_NAME%:%FILTER_STATE(clrk.port:PLAIN)%"],
      ["clrk.port_suffix", ":%FILTER_STATE(clrk.port:PLAIN)%"],
      ["clrk.dialled", "%FILTER_STATE(clrk.dialled_host:PLAIN)%"],
      [
        "clrk.usual",
        "%REQUESTED_SERVER_NAME%|%FILTER_STATE(clrk.port:PLAIN)%|%FILTER_STATE(clrk.dialled_host:PLAIN)%",
      ],
    ],
  );
});

t.test("connectionFacts() that expressions read are never absent", async (t) => {
  const { Config } = envoy.extensions.filters.network.set_filter_state.v3;
  for (const source of ["server-name", "dialled"] as const) {
    const { onNewConnection } = Config.decode(connectionFacts(source).typedConfig.value);
    for (const { objectKey, formatString } of onNewConnection) {
      // An absent part is printed as a dash, which none of the others can be mistaken for.
      t.equal(formatString?.omitEmptyValues, false, objectKey ?? "");
    }
  }
});

t.test("connectionFacts() of anything else takes the host that was dialled", async (t) => {
  t.equal(
    statesOf("dialled").get("clrk.usual"),
    "%FILTER_STATE(clrk.dialled_host:PLAIN)%|%FILTER_STATE(clrk.port:PLAIN)%|%FILTER_STATE(clrk.dialled_host:PLAIN)%",
  );
  t.equal(statesOf("dialled").get("clrk.host"), "%FILTER_STATE(clrk.dialled_host:PLAIN)%");
});

t.test(
  "connectionFacts() writes a decision as it stands, whatever its route is called",
  async (t) => {
    const decision = "allow/EgressL4Route/default/%REQ(cookie)%/0";
    t.equal(
      statesOf("dialled", decision).get("clrk.decision"),
      "allow/EgressL4Route/default/%%REQ(cookie)%%/0",
    );
    t.notOk(statesOf("dialled").has("clrk.decision"));
  },
);
