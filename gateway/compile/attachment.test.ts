/** Which routes attach where, and what they are told when they do not. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { parseAnyObject } from "../../crds/kinds.ts";
import {
  compiled,
  conditionOf,
  gateway,
  gatewayOf,
  hostTexts,
  httpRoute,
  l4Route,
  parent,
  parentsOf,
  statusOf,
  usualListeners,
} from "./testdata/objects.ts";

const hosts = ["a.example"];
const label = "EgressHTTPRoute default/r";

/** Compiles one route with these parents on the usual gateway and others. */
function attach(parentRefs: readonly object[], ...others: readonly ParsedObject[]) {
  const gateways = others.length > 0 ? others : [gateway()];
  return compiled(...gateways, httpRoute("r", hosts, { parentRefs }));
}

t.test("attachRoute() attaches by name in the route's own namespace", async (t) => {
  const result = attach([parent()]);
  t.same(parentsOf(result, label), ["EgressGateway default/egress Accepted: Valid and attached"]);
  t.same(hostTexts(gatewayOf(result)), hosts);
  t.same(gatewayOf(result).hosts[0]?.rules[0]?.sections, undefined);
});

t.test("attachRoute() counts routes on the listeners they are about", async (t) => {
  const result = attach([
    parent("egress", { sectionName: "tls" }),
    parent("egress", { sectionName: "http" }),
  ]);
  t.same(statusOf(result, "EgressGateway default/egress").attachedRoutes, [
    { listener: "tls", count: 1 },
    { listener: "http", count: 1 },
    { listener: "tcp", count: 0 },
  ]);
  t.same(gatewayOf(result).hosts[0]?.rules[0]?.sections, ["tls", "http"]);
  t.same(parentsOf(result, label), [
    "EgressGateway default/egress/tls Accepted: Valid and attached",
    "EgressGateway default/egress/http Accepted: Valid and attached",
  ]);
});

t.test("attachRoute() selects listeners by port", async (t) => {
  const listeners = [...usualListeners, { name: "https", protocol: "HTTPS", port: 8443 }];
  const result = attach([parent("egress", { port: 8443 })], gateway({ listeners }));
  t.same(gatewayOf(result).hosts[0]?.rules[0]?.sections, ["https"]);
});

t.test("attachRoute() takes the whole gateway when one of two references does", async (t) => {
  const result = attach([parent("egress", { sectionName: "tls" }), parent()]);
  t.equal(gatewayOf(result).hosts[0]?.rules[0]?.sections, undefined);
});

const failures = [
  {
    name: "a gateway that does not exist",
    reference: parent("none"),
    message: "EgressGateway default/none does not exist",
  },
  {
    name: "a gateway of another namespace that does not exist",
    reference: parent("egress", { namespace: "team" }),
    message: "EgressGateway team/egress does not exist",
  },
  {
    name: "an unknown listener",
    reference: parent("egress", { sectionName: "udp" }),
    message:
      'EgressGateway default/egress has no listener named "udp": its listeners are "tls", "http" or "tcp"',
  },
  {
    name: "a port that no listener has",
    reference: parent("egress", { sectionName: "tls", port: 1 }),
    message:
      'EgressGateway default/egress has no listener named "tls" for port 1: its listeners are "tls", "http" or "tcp"',
  },
  {
    name: "a listener that reads no HTTP",
    reference: parent("egress", { sectionName: "tcp" }),
    message:
      'EgressGateway default/egress reads no HTTP on listener "tcp": only an EgressL4Route decides there',
  },
];

for (const { name, reference, message } of failures) {
  t.test(`attachRoute() refuses ${name}`, async (t) => {
    const result = attach([reference]);
    t.equal(conditionOf(result, label, "Accepted"), `NoMatchingParent: ${message}`);
    t.same(gatewayOf(result).hosts, []);
  });
}

t.test("attachRoute() leaves a route accepted while one parent takes it", async (t) => {
  const result = attach([parent("none"), parent()]);
  t.equal(conditionOf(result, label, "Accepted"), "Accepted: Valid and attached");
  t.same(parentsOf(result, label), [
    "EgressGateway default/none NoMatchingParent: EgressGateway default/none does not exist",
    "EgressGateway default/egress Accepted: Valid and attached",
  ]);
});

t.test("attachRoute() lets an EgressL4Route attach where no HTTP is read", async (t) => {
  const parentRefs = [parent("egress", { sectionName: "tcp" })];
  const match = { destinationHostnames: ["db.example"] };
  const result = compiled(gateway(), l4Route("r", match, {}, { parentRefs }));
  t.same(gatewayOf(result).l4Rules[0]?.sections, ["tcp"]);
  t.same(gatewayOf(result).hosts, [], "no request is read there, so none is allowed");
});

function shared(from: string | undefined, listener: object = usualListeners[0] ?? {}) {
  const allowedRoutes = from === undefined ? {} : { allowedRoutes: { namespaces: { from } } };
  return { ...listener, ...allowedRoutes };
}

t.test(
  "attachRoute() takes routes of other namespaces only where a listener takes all",
  async (t) => {
    const listeners = [shared("All"), shared("Same", usualListeners[1])];
    const result = attach(
      [parent("egress", { namespace: "team" })],
      gateway({ listeners }, "team/egress"),
    );
    t.same(gatewayOf(result).hosts[0]?.rules[0]?.sections, ["tls"]);
  },
);

t.test("attachRoute() refuses routes of other namespaces by default", async (t) => {
  const listeners = [shared(undefined), shared("Same", usualListeners[1])];
  const result = attach(
    [parent("egress", { namespace: "team" })],
    gateway({ listeners }, "team/egress"),
  );
  t.equal(
    conditionOf(result, label, "Accepted"),
    'NoMatchingParent: EgressGateway team/egress takes routes only from namespace "team" (allowedRoutes of listener "tls" or "http")',
  );
  t.same(gatewayOf(result).hosts, []);
});

function namespace(name: string, labels: Readonly<Record<string, string>>): ParsedObject {
  const result = parseAnyObject({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels },
  });
  if (result.kind === "invalid") throw new Error("Cannot parse namespace: it is a usual one");
  return result.object;
}

t.test("attachRoute() takes routes from namespaces whose labels a listener selects", async (t) => {
  const accepted = "EgressGateway default/egress Accepted: Valid and attached";
  const parentsWith = (selector: object, from: string, ...others: readonly ParsedObject[]) => {
    const namespaces = { from: "Selector", selector };
    const listeners = [{ ...usualListeners[0], allowedRoutes: { namespaces } }];
    const parentRefs = [parent("egress", { namespace: "default" })];
    const route = httpRoute(`${from}/r`, hosts, { parentRefs });
    return parentsOf(
      compiled(gateway({ listeners }), route, ...others),
      `EgressHTTPRoute ${from}/r`,
    );
  };
  const byTeam = { matchLabels: { team: "a" } };
  const refused = [
    'EgressGateway default/egress NoMatchingParent: EgressGateway default/egress takes routes only from namespaces with the labels of its selector (allowedRoutes of listener "tls")',
  ];
  const teams = [namespace("one", { team: "a" }), namespace("two", { team: "b" })];
  t.same(parentsWith(byTeam, "one", ...teams), [accepted]);
  t.same(parentsWith(byTeam, "two", ...teams), refused);
  t.same(parentsWith(byTeam, "default", ...teams), refused, "as little from its own");
  t.same(parentsWith(byTeam, "one"), refused, "what nothing describes has no labels");
  const byName = (operator: string) => ({
    matchExpressions: [{ key: "kubernetes.io/metadata.name", operator, values: ["one"] }],
  });
  t.same(parentsWith(byName("In"), "one"), [accepted]);
  t.same(parentsWith(byName("NotIn"), "one"), refused);
  t.same(parentsWith(byName("NotIn"), "two"), [accepted]);
  t.same(parentsWith({}, "any"), [accepted], "an empty selector means all");
});

t.test("attachRoute() takes only kinds that a listener lists", async (t) => {
  const [tls, http] = usualListeners;
  const listeners = (kinds: readonly object[]) => [{ ...tls, allowedRoutes: { kinds } }, http];
  const result = attach([parent()], gateway({ listeners: listeners([{ kind: "MCPRoute" }]) }));
  t.same(gatewayOf(result).hosts[0]?.rules[0]?.sections, ["http"]);
  const group = "gateway.networking.k8s.io";
  const other = [{ group, kind: "EgressHTTPRoute" }, { kind: "AIProviderRoute" }];
  t.equal(
    conditionOf(
      attach([parent("egress", { sectionName: "tls" })], gateway({ listeners: listeners(other) })),
      label,
      "Accepted",
    ),
    'NoMatchingParent: EgressGateway default/egress takes no EgressHTTPRoute (allowedRoutes.kinds of listener "tls")',
  );
  const own = [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute" }];
  const whole = attach([parent()], gateway({ listeners: listeners(own) }));
  t.equal(gatewayOf(whole).hosts[0]?.rules[0]?.sections, undefined);
});

t.test("attachRoute() attaches one route to several gateways", async (t) => {
  const result = attach([parent(), parent("other")], gateway(), gateway({}, "other"));
  t.same(hostTexts(gatewayOf(result)), hosts);
  t.same(hostTexts(gatewayOf(result, "other")), hosts);
});
