/** Defaults alone, as a Kubernetes API server fills them in. */
import t from "tap";
import { fillDefaults } from "./defaulting.ts";
import { egressGatewayKind } from "./egress-gateway.ts";
import { kindExample } from "./kind-examples.ts";
import { kinds } from "./kinds.ts";
import { change, expectObject, objectOf } from "./testdata/kind-cases.ts";

const gateway = objectOf("EgressGateway", { listeners: [{ name: "a", protocol: "TLS", tls: {} }] });

t.test("fillDefaults() fills in what is absent, inside parents that are there", (t) => {
  t.same(Reflect.get(Object(fillDefaults(egressGatewayKind, gateway)), "spec"), {
    defaultPolicy: "deny-all",
    enforcement: "Enforce",
    listeners: [{ name: "a", protocol: "TLS", tls: { mode: "Passthrough" } }],
    sinks: [],
  });
  t.end();
});

t.test("fillDefaults() leaves metadata, status, spellings and mistakes as they are", (t) => {
  const written = change(change(gateway, "spec.requestTimeout", "60s"), "status.x", 1);
  const filled = fillDefaults(egressGatewayKind, change(written, "spec.listeners.0.tls", 7));
  t.match(filled, {
    metadata: { name: "sample" },
    spec: { requestTimeout: "60s", listeners: [{ tls: 7 }] },
    status: { x: 1 },
  });
  t.equal(fillDefaults(egressGatewayKind, "text"), "text");
  t.end();
});

t.test("fillDefaults() does not write to its argument", (t) => {
  const before = structuredClone(gateway);
  fillDefaults(egressGatewayKind, gateway);
  t.same(gateway, before);
  t.end();
});

for (const definition of kinds) {
  const example = kindExample(definition.kind);
  if (example === undefined) continue;
  t.test(`fillDefaults() of ${definition.kind} gives what parse() makes of it`, (t) => {
    const filled = fillDefaults(definition, example);
    t.same(expectObject(definition.parse(filled)), expectObject(definition.parse(example)));
    t.same(fillDefaults(definition, filled), filled);
    t.end();
  });
}
