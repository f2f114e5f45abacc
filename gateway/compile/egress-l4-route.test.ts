/** EgressL4Routes as rules for connections, and as rules for the requests that the gateway reads. */
import t from "tap";
import type { CompileResult } from "../compile.ts";
import {
  backendRef,
  compiled,
  conditionOf,
  decisions,
  gateway,
  gatewayOf,
  hostPolicy,
  hostTexts,
  httpRoute,
  l4Route,
  object,
  statusOf,
  target,
  usualListeners,
} from "./testdata/objects.ts";

const label = "EgressL4Route default/r";
const route = { kind: "EgressL4Route", namespace: "default", name: "r" };

function match(fields: object, rule: object = {}) {
  return compiled(gateway(), l4Route("r", { ...fields }, { ...rule }));
}

/** Sections and authority of the rules of a host. */
function requests(result: CompileResult, host: string): string[] {
  return hostPolicy(result, host).rules.map(({ sections = ["all"], match: { headers = [] } }) => {
    const authority = headers.map(({ name, value }) => ` ${name}=${value}`).join("");
    return `${sections.join("+")}${authority}`;
  });
}

t.test("draftEgressL4Route() gives canonical connections", async (t) => {
  const result = match({
    destinationCIDRs: ["10.0.0.0/8", "8.8.8.0/24", "FD00::/8"],
    destinationHostnames: ["DB.example", "*.example.org"],
    ports: [{ port: 5432 }, { startPort: 8000, endPort: 8010 }],
    protocol: "TCP",
  });
  t.same(gatewayOf(result).l4Rules, [
    {
      route,
      ruleIndex: 0,
      cidrs: [
        { cidr: "10.0.0.0/8", namesGuarded: true },
        { cidr: "8.8.8.0/24", namesGuarded: false },
        { cidr: "fd00::/8", namesGuarded: true },
      ],
      hosts: [
        { kind: "exact", value: "db.example" },
        { kind: "wildcard", value: "example.org" },
      ],
      ports: [
        { start: 5432, end: 5432 },
        { start: 8000, end: 8010 },
      ],
      verdict: "allow",
    },
  ]);
});

t.test("draftEgressL4Route() allows requests to its hosts on any port", async (t) => {
  const result = match({ destinationHostnames: ["db.example", "*.example.org"] });
  t.same(requests(result, "db.example"), ["all"]);
  t.same(requests(result, "*.example.org"), [
    "all :authority=(?i)[^.:]+\\.example\\.org(?::[0-9]+)?",
  ]);
});

t.test("draftEgressL4Route() allows requests on its ports only", async (t) => {
  const result = match({ destinationHostnames: ["db.example"], ports: [{ port: 8443 }] });
  t.same(requests(result, "db.example"), ["all :authority=(?i)db\\.example(?::(?:8443))"]);
});

t.test("draftEgressL4Route() tells the default ports of both schemes apart", async (t) => {
  const result = match({ destinationHostnames: ["db.example"], ports: [{ port: 443 }] });
  t.same(requests(result, "db.example"), [
    "tls :authority=(?i)db\\.example(?::(?:443))?",
    "http :authority=(?i)db\\.example(?::(?:443))",
  ]);
});

t.test("draftEgressL4Route() does not tell schemes apart where only one is read", async (t) => {
  const listeners = [usualListeners[0], usualListeners[2]];
  const match443 = { destinationHostnames: ["db.example"], ports: [{ port: 443 }] };
  const result = compiled(gateway({ listeners }), l4Route("r", match443));
  t.same(requests(result, "db.example"), ["all :authority=(?i)db\\.example(?::(?:443))?"]);
});

t.test("draftEgressL4Route() allows no request where none is read", async (t) => {
  const listeners = [{ name: "tcp", protocol: "TCP" }];
  const result = compiled(
    gateway({ listeners }),
    l4Route("r", { destinationHostnames: ["db.example"] }),
  );
  t.same(gatewayOf(result).hosts, []);
  t.equal(gatewayOf(result).l4Rules.length, 1);
});

t.test("draftEgressL4Route() comes after all routes of HTTP", async (t) => {
  const result = compiled(
    gateway(),
    l4Route("a", { destinationHostnames: ["db.example"] }),
    httpRoute("z", ["db.example"], { rules: [{ matches: [{ method: "GET" }] }] }),
  );
  t.same(decisions(hostPolicy(result, "db.example")), [
    "allow EgressHTTPRoute z/0",
    "allow EgressL4Route a/0",
  ]);
});

t.test(
  "draftEgressL4Route() allows no request for a block of addresses, and says so",
  async (t) => {
    const result = match({ destinationCIDRs: ["10.0.0.0/8"] });
    t.same(hostTexts(gatewayOf(result)), []);
    t.same(statusOf(result, label).problems, [
      "spec.rules[0] names addresses only: requests that the gateway reads are decided by host, so of them it allows only plain HTTP to a block of one address",
    ]);
  },
);

t.test("draftEgressL4Route() allows plain HTTP to a block of one address", async (t) => {
  const cidrs = ["10.0.0.5/32", "2001:db8::5/128"];
  const result = match({ destinationCIDRs: cidrs, ports: [{ port: 8080 }] });
  t.same(requests(result, "10.0.0.5"), ["http :authority=10\\.0\\.0\\.5(?::(?:8080))"]);
  t.same(requests(result, "2001:db8::5"), ["http :authority=(?i)\\[2001:db8::5\\](?::(?:8080))"]);
});

t.test(
  "draftEgressL4Route() allows every destination when it names none, and says so",
  async (t) => {
    const result = match({ protocol: "TCP" });
    t.match(gatewayOf(result).l4Rules, [{ cidrs: [], hosts: [], ports: [], verdict: "allow" }]);
    t.same(requests(result, "*"), ["all"]);
    t.same(statusOf(result, label).problems, [
      "spec.rules[0] names no address and no host: it allows every destination",
    ]);
    const ports = match({ ports: [{ port: 8080 }] });
    t.same(requests(ports, "*"), ["all :authority=(?:\\[[^\\]]*\\]|[^:\\[\\]]+)(?::(?:8080))"]);
    t.same(statusOf(ports, label).problems, [
      "spec.rules[0] names no address and no host: it allows every destination on its ports",
    ]);
  },
);

const hosts = { destinationHostnames: ["db.example"] };

const unenforced = [
  {
    name: "agents by label",
    fields: { ...hosts, sourceAgents: { matchLabels: { app: "a" } } },
    rule: {},
    message: "spec.rules[0].matches[0].sourceAgents is not enforced yet",
  },
  {
    name: "backends",
    fields: hosts,
    rule: { backendRefs: [backendRef("b")] },
    message: "spec.rules[0].backendRefs is not enforced yet",
  },
];

for (const { name, fields, rule, message } of unenforced) {
  t.test(
    `draftEgressL4Route() refuses connections and requests of a route with ${name}`,
    async (t) => {
      const result = match(fields, rule);
      t.equal(conditionOf(result, label, "Accepted"), `NotEnforced: ${message}`);
      t.match(gatewayOf(result).l4Rules, [{ verdict: "deny", reason: "not-enforced" }]);
      t.same(decisions(hostPolicy(result, "db.example")), ["deny not-enforced EgressL4Route r/0"]);
    },
  );
}

t.test("draftEgressL4Route() takes a selector that means every agent", async (t) => {
  const result = match({ ...hosts, sourceAgents: {} });
  t.match(gatewayOf(result).l4Rules, [{ verdict: "allow" }]);
});

t.test("draftEgressL4Route() makes no rule for TCP of a match about UDP", async (t) => {
  const result = match({ destinationHostnames: ["dns.example"], protocol: "UDP" });
  t.equal(
    conditionOf(result, label, "Accepted"),
    "NotEnforced: spec.rules[0].matches[0].protocol (UDP) is not enforced yet",
  );
  t.same(gatewayOf(result).l4Rules, []);
  t.same(gatewayOf(result).hosts, []);
});

t.test("draftEgressL4Route() refuses the rule whose LoggingPolicy is missing", async (t) => {
  const filters = [{ type: "ExtensionRef", extensionRef: target("LoggingPolicy", "p") }];
  const missing = match(hosts, { filters });
  t.match(gatewayOf(missing).l4Rules, [{ verdict: "deny", reason: "not-enforced" }]);
  t.same(decisions(hostPolicy(missing, "db.example")), ["deny not-enforced EgressL4Route r/0"]);
  t.match(conditionOf(missing, label, "ResolvedRefs"), /^ExtensionNotFound/);
  const present = compiled(
    gateway(),
    l4Route("r", hosts, { filters }),
    object("LoggingPolicy", "p", {}),
  );
  t.match(gatewayOf(present).l4Rules, [{ verdict: "allow" }]);
});
