import t from "tap";
import { gatewayKey, parseGatewayKey } from "./snapshot.ts";

t.test("parseGatewayKey() gives what gatewayKey() named", async (t) => {
  const gateway = { namespace: "team-a", name: "egress.one" };
  t.equal(gatewayKey(gateway), "team-a/egress.one");
  t.same(parseGatewayKey(gatewayKey(gateway)), gateway);
});
