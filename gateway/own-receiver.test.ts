/** Tests of the receiver that an object names: the same place as a compiled gateway has. */
import t from "tap";
import type { EgressGateway } from "../crds/egress-gateway.ts";
import { parseAnyObject } from "../crds/kinds.ts";
import { compile } from "./compile.ts";
import { ownReceiverTarget, readOwnReceiver } from "./own-receiver.ts";
import { recordTargets } from "./record-targets.ts";

function gatewayWith(otlp: object | undefined, uid?: string): EgressGateway {
  const parsed = parseAnyObject({
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressGateway",
    metadata: { name: "egress", ...(uid !== undefined && { uid }) },
    spec: { listeners: [{ name: "http", protocol: "HTTP" }], ...(otlp && { otlp }) },
  });
  if (parsed.kind !== "valid" || parsed.object.kind !== "EgressGateway") throw new Error("invalid");
  return parsed.object;
}

const otlp = { endpoint: "https://c.test", headers: { "X-Key": "k", "x-key": "l", "x-team": "a" } };

t.test("ownReceiverTarget() is the place that a compiled gateway has", async (t) => {
  const gateway = gatewayWith(otlp, "u-1");
  const { snapshot, credentials } = compile({
    objects: [gateway],
    revision: 1,
    environment: { ownAddresses: [] },
  });
  const target = ownReceiverTarget(gateway);
  t.same(target, recordTargets(snapshot.gateways, credentials).get("default/egress"));
  t.same(
    target?.headers.map(([name, value]) => [name, value.reveal()]),
    [
      ["x-key", "k"],
      ["x-team", "a"],
    ],
  );
  t.notMatch(JSON.stringify(target), /"k"/);
  t.not(target?.spool, ownReceiverTarget(gatewayWith(otlp, "u-2"))?.spool, "another object");
});

t.test(
  "readOwnReceiver() knows gateways without one, and headers that are there twice",
  async (t) => {
    for (const none of [undefined, { captureBody: {} }]) {
      t.equal(ownReceiverTarget(gatewayWith(none)), undefined);
    }
    t.same(readOwnReceiver(gatewayWith(otlp))?.repeated, ["x-key"]);
  },
);
