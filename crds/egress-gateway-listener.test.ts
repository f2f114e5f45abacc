/** Listeners of an EgressGateway: what fits together, and the shape that follows. */
import t from "tap";
import { egressGatewayKind } from "./egress-gateway.ts";
import { listenerShape } from "./egress-gateway-listener.ts";
import {
  change,
  expectObject,
  objectOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const gateway = objectOf("EgressGateway", { listeners: [{ name: "any", protocol: "TLS" }] });
const terminating = change(gateway, "spec.listeners.0.tls", { mode: "Terminate" });
const protocols = '"HTTP", "HTTPS", "TLS" or "TCP"';

for (const [listener, shape] of [
  [{ protocol: "HTTP" }, "http"],
  [{ protocol: "HTTPS" }, "https"],
  [{ protocol: "HTTPS", tls: { mode: "Terminate" } }, "https"],
  [{ protocol: "TLS" }, "tls-passthrough"],
  [{ protocol: "TLS", tls: {} }, "tls-passthrough"],
  [{ protocol: "TLS", tls: { mode: "Passthrough" } }, "tls-passthrough"],
  [{ protocol: "TLS", tls: { mode: "Terminate" } }, "tls-terminate"],
  [{ protocol: "TCP" }, "tcp"],
] as const) {
  t.test(`listenerShape() is ${shape} for ${JSON.stringify(listener)}`, (t) => {
    const value = change(gateway, "spec.listeners.0", { name: "any", ...listener });
    const parsed = expectObject(egressGatewayKind.parse(value)).spec.listeners[0];
    t.equal(parsed && listenerShape(parsed), shape);
    t.end();
  });
}

testAcceptance(egressGatewayKind, gateway, [
  ["spec.listeners.0.name", "a"],
  ["spec.listeners.0.name", "a".repeat(63)],
  ["spec.listeners.0.port", 1],
  ["spec.listeners.0.port", 65_535],
  ["spec.listeners.1", { name: "other", protocol: "TCP" }],
  ["spec.listeners.0.allowedRoutes", {}],
  ["spec.listeners.0.allowedRoutes", { namespaces: {}, kinds: [{ kind: "EgressHTTPRoute" }] }],
  [
    "spec.listeners.0.allowedRoutes",
    { namespaces: { from: "Selector", selector: { matchLabels: { a: "b" } } } },
  ],
]);

testRefusals(egressGatewayKind, gateway, [
  ["spec.listeners.0", "tls", 'spec.listeners[0]: found "tls", wanted an object'],
  [
    "spec.listeners.0",
    {},
    'spec.listeners[0].name: not set, wanted a DNS label: "a" to "z", digits and "-" inside, at most 63 characters',
    `spec.listeners[0].protocol: not set, wanted ${protocols}`,
  ],
  [
    "spec.listeners.0.name",
    "Any",
    'spec.listeners[0].name: found "Any", wanted a DNS label: "a" to "z", digits and "-" inside, at most 63 characters',
  ],
  [
    "spec.listeners.0.name",
    "a".repeat(64),
    "spec.listeners[0].name: found 64 characters, wanted at most 63 characters",
  ],
  [
    "spec.listeners.1",
    { name: "any", protocol: "TCP" },
    'spec.listeners[1].name: found "any", wanted a different name for each: item 0 has it too',
  ],
  [
    "spec.listeners.0.protocol",
    "UDP",
    `spec.listeners[0].protocol: found "UDP", wanted ${protocols}: UDP is not supported yet; leave it to the default policy`,
  ],
  [
    "spec.listeners.0.protocol",
    "tls",
    `spec.listeners[0].protocol: found "tls", wanted ${protocols}: did you mean "TLS"?`,
  ],
  [
    "spec.listeners.0.protocol",
    "QUIC",
    `spec.listeners[0].protocol: found "QUIC", wanted ${protocols}`,
  ],
  ["spec.listeners.0.protocol", 7, `spec.listeners[0].protocol: found 7, wanted ${protocols}`],
  [
    "spec.listeners.0.port",
    0,
    "spec.listeners[0].port: found 0, wanted an integer from 1 to 65535",
  ],
  [
    "spec.listeners.0.port",
    "443",
    'spec.listeners[0].port: found "443", wanted an integer from 1 to 65535',
  ],
  [
    "spec.listeners.0.port",
    65_536,
    "spec.listeners[0].port: found 65536, wanted an integer from 1 to 65535",
  ],
  [
    "spec.listeners.0.hostname",
    "x",
    'spec.listeners[0].hostname: unknown field; known: "name", "protocol", "port", "tls", "allowedRoutes"',
  ],
  [
    "spec.listeners.0.tls.mode",
    "terminate",
    'spec.listeners[0].tls.mode: found "terminate", wanted "Passthrough" or "Terminate": did you mean "Terminate"?',
  ],
  [
    "spec.listeners.0.tls",
    { caCertRef: { name: "ca" } },
    'spec.listeners[0].tls.caCertRef: found a reference, wanted none, because mode is "Passthrough", which shows no certificate of ours',
  ],
  [
    "spec.listeners.0.allowedRoutes",
    { namespaces: { from: "Selector" } },
    'spec.listeners[0].allowedRoutes.namespaces.selector: not set, wanted a selector, because from is "Selector"',
  ],
  [
    "spec.listeners.0.allowedRoutes",
    { namespaces: { from: "All", selector: {} } },
    'spec.listeners[0].allowedRoutes.namespaces.selector: found a selector, wanted none, because from is "All"',
  ],
]);

testRefusals(egressGatewayKind, terminating, [
  [
    "spec.listeners.0.protocol",
    "HTTP",
    'spec.listeners[0].tls: found a value, wanted none, because protocol is "HTTP": tls goes with protocol "TLS" or "HTTPS"',
  ],
  [
    "spec.listeners.0.protocol",
    "TCP",
    'spec.listeners[0].tls: found a value, wanted none, because protocol is "TCP": tls goes with protocol "TLS" or "HTTPS"',
  ],
]);

testRefusals(egressGatewayKind, change(gateway, "spec.listeners.0.tls", { mode: "Passthrough" }), [
  [
    "spec.listeners.0.protocol",
    "HTTPS",
    'spec.listeners[0].tls.mode: found "Passthrough", wanted "Terminate": an HTTPS listener reads requests, so it must decrypt them; Passthrough is the default of tls',
  ],
]);
