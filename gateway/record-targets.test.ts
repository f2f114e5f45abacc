/** Tests of the places that gateways name: what is bound to which folder of the spool. */
import t from "tap";
import { recordTargets } from "./record-targets.ts";
import { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewaySnapshot } from "./testdata/gateway-snapshot.ts";

const endpoint = "https://collector.test:4318";

/** Folder of the spool of a gateway with one receiver that has these headers. */
function spoolOf(headers: Readonly<Record<string, string>>, change: Partial<GatewaySnapshot> = {}) {
  const otlp = { ...{ endpoint, headerNames: Object.keys(headers), traces: true, logs: true } };
  const gateway = { ...gatewaySnapshot(), otlp, ...change };
  const key = `${gateway.namespace}/${gateway.name}`;
  const credentials = new Map(
    Object.entries(headers).map(([name, value]) => [`otlp/${key}/${name}`, new SecretValue(value)]),
  );
  const target = recordTargets([gateway], credentials).get(key);
  return target?.kind === "otlp" ? target.spool : undefined;
}

t.test("what waits for one tenant of a receiver is for no other one", async (t) => {
  const one = spoolOf({ "x-scope-orgid": "team-a", authorization: "Bearer one" });
  t.match(one, /^[0-9a-f]{32}$/);
  t.not(spoolOf({ "x-scope-orgid": "team-b", authorization: "Bearer one" }), one);
  t.not(spoolOf({ authorization: "Bearer one" }), one, "without it, too");
  t.not(spoolOf({ "x-scope-orgid": "team-a", "x-api-key": "k" }), one, "another credential");
  t.equal(spoolOf({ "x-scope-orgid": "team-a", authorization: "Bearer one" }), one);
});

t.test("a key that is renewed leaves what waits where it is", async (t) => {
  for (const name of ["authorization", "x-api-key", "dd-api-key", "x-access-token"]) {
    t.equal(spoolOf({ [name]: "one" }), spoolOf({ [name]: "two" }), name);
  }
});
