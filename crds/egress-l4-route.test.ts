/** EgressL4Route: nothing that matches more than it says. */
import t from "tap";
import { egressL4RouteKind } from "./egress-l4-route.ts";
import {
  expectObject,
  objectOf,
  parentRef,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const group = "clrk.apoxy.dev";
const most = objectOf("EgressL4Route", {
  parentRefs: [parentRef],
  rules: [
    {
      matches: [
        {
          destinationCIDRs: ["10.0.0.0/8", "2001:DB8::/32"],
          destinationHostnames: ["DB.x.com", "*.y.com."],
          ports: [{ port: 5432 }, { startPort: 6000, endPort: 6010 }],
          protocol: "TCP",
          sourceAgents: { matchLabels: { team: "a" } },
        },
      ],
      filters: [
        { type: "ExtensionRef", extensionRef: { group, kind: "LoggingPolicy", name: "all" } },
      ],
      backendRefs: [{ group, kind: "Backend", name: "db" }],
    },
  ],
});

t.test("parse() keeps all that can be said, normalised", (t) => {
  const [rule] = expectObject(egressL4RouteKind.parse(most)).spec.rules;
  t.same(rule?.matches[0], {
    destinationCIDRs: ["10.0.0.0/8", "2001:db8::/32"],
    destinationHostnames: ["db.x.com", "*.y.com"],
    ports: [{ port: 5432 }, { startPort: 6000, endPort: 6010 }],
    protocol: "TCP",
    sourceAgents: { matchLabels: { team: "a" }, matchExpressions: [] },
  });
  t.same(rule?.backendRefs, [{ group, kind: "Backend", name: "db", weight: 1 }]);
  t.end();
});

const match = "spec.rules.0.matches.0";
testAcceptance(egressL4RouteKind, most, [
  [match, { destinationCIDRs: ["0.0.0.0/0", "::/0"] }],
  [match, { destinationHostnames: ["x.com"] }],
  [match, { ports: [{ port: 443 }] }],
  [match, { protocol: "UDP" }],
  [match, { sourceAgents: { matchExpressions: [{ key: "a", operator: "Exists" }] } }],
  [`${match}.ports`, [{ startPort: 1, endPort: 1 }]],
  ["spec.rules.0.filters", undefined],
]);

const at = "spec.rules[0].matches[0]";
const something =
  'destinationCIDRs, destinationHostnames, ports, protocol or sourceAgents: to allow every address write destinationCIDRs ["0.0.0.0/0", "::/0"]';
const cidr = 'a CIDR block such as "10.0.0.0/8"';
const ports = "either port, or startPort and endPort";

testRefusals(egressL4RouteKind, most, [
  ["spec.parentRefs", [], "spec.parentRefs: found an empty list, wanted a list of 1 to 32"],
  ["spec.rules", undefined, "spec.rules: not set, wanted a list of 1 to 64"],
  ["spec.rules.0.matches", undefined, "spec.rules[0].matches: not set, wanted a list of 1 to 64"],
  [
    "spec.rules.0.matches",
    [],
    "spec.rules[0].matches: found an empty list, wanted a list of 1 to 64",
  ],
  [match, {}, `${at}: found an empty match, wanted ${something}`],
  [
    match,
    { destinationCIDRs: [], destinationHostnames: [], ports: [] },
    `${at}: found an empty match, wanted ${something}`,
  ],
  [match, { sourceAgents: {} }, `${at}: found an empty match, wanted ${something}`],
  [
    match,
    { destinationCIDRs: ["10/8"] },
    `${at}.destinationCIDRs[0]: found "10/8", wanted ${cidr}: not four numbers from 0 to 255`,
  ],
  [
    `${match}.destinationCIDRs.0`,
    "10.0.0.1",
    `${at}.destinationCIDRs[0]: found "10.0.0.1", wanted ${cidr}: no prefix length; for one address write "10.0.0.1/32"`,
  ],
  [
    `${match}.destinationCIDRs.0`,
    "10.0.0.1/8",
    `${at}.destinationCIDRs[0]: found "10.0.0.1/8", wanted ${cidr}: bits after the prefix are set; the block is "10.0.0.0/8"`,
  ],
  [
    `${match}.destinationCIDRs.0`,
    "",
    `${at}.destinationCIDRs[0]: found an empty string, wanted ${cidr}`,
  ],
  [
    `${match}.destinationCIDRs.1`,
    "::ffff:10.0.0.0/104",
    `${at}.destinationCIDRs[1]: found "10.0.0.0/8", wanted different values: item 0 has it too`,
  ],
  [
    `${match}.destinationHostnames.0`,
    "10.0.0.1",
    `${at}.destinationHostnames[0]: found "10.0.0.1", wanted a DNS name, or "*." and a DNS name: it is an IP address; use destinationCIDRs`,
  ],
  [
    `${match}.destinationHostnames.0`,
    "*",
    `${at}.destinationHostnames[0]: found "*", wanted a DNS name, or "*." and a DNS name: "*" alone is not allowed; name the hosts, or "*.example.com"`,
  ],
  [`${match}.ports.0`, {}, `${at}.ports[0]: found no port, wanted ${ports}`],
  [`${match}.ports.0`, 443, `${at}.ports[0]: found 443, wanted an object`],
  [
    `${match}.ports.0`,
    { port: 0 },
    `${at}.ports[0].port: found 0, wanted an integer from 1 to 65535`,
  ],
  [
    `${match}.ports.0`,
    { port: 1, startPort: 2, endPort: 3 },
    `${at}.ports[0]: found port and a range, wanted ${ports}`,
  ],
  [
    `${match}.ports.0`,
    { port: 1, endPort: 3 },
    `${at}.ports[0]: found port and a range, wanted ${ports}`,
  ],
  [
    `${match}.ports.0`,
    { startPort: 2 },
    `${at}.ports[0].endPort: not set, wanted both ends of the range`,
  ],
  [
    `${match}.ports.0`,
    { endPort: 2 },
    `${at}.ports[0].startPort: not set, wanted both ends of the range`,
  ],
  [
    `${match}.ports.0`,
    { startPort: 3, endPort: 2 },
    `${at}.ports[0].endPort: found 2, wanted at least startPort, which is 3`,
  ],
  [`${match}.protocol`, "SCTP", `${at}.protocol: found "SCTP", wanted "TCP" or "UDP"`],
  [
    `${match}.protocol`,
    "tcp",
    `${at}.protocol: found "tcp", wanted "TCP" or "UDP": did you mean "TCP"?`,
  ],
  [
    `${match}.destinationCidrs`,
    [],
    `${at}.destinationCidrs: unknown field; known: "destinationCIDRs", "destinationHostnames", "ports", "protocol", "sourceAgents"`,
  ],
  [
    "spec.rules.0.filters.0.type",
    "TokenBudget",
    'spec.rules[0].filters[0].type: found "TokenBudget", wanted "ExtensionRef"',
  ],
  [
    "spec.rules.0.filters.0.extensionRef",
    undefined,
    "spec.rules[0].filters[0].extensionRef: not set, wanted an object",
  ],
  [
    "spec.rules.0.filters.0.extensionRef.kind",
    "MyPolicy",
    'spec.rules[0].filters[0].extensionRef.kind: found "MyPolicy", wanted "RateLimitPolicy" or "LoggingPolicy"',
  ],
  [
    "spec.rules.0.backendRefs.0.kind",
    "Service",
    'spec.rules[0].backendRefs[0].kind: found "Service", wanted "Backend"',
  ],
]);
