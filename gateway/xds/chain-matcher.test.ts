/** Tests which treatment a connection gets, by evaluating the matcher tree over tables of connection facts. */
import t from "tap";
import type { GatewaySnapshot, HostMatch, L4Rule } from "../snapshot.ts";
import { chooseChain } from "../testdata/chain-interpreter.ts";
import type { ConnectionFacts } from "../testdata/chain-interpreter.ts";
import {
  everythingSnapshot,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  l4Rule,
} from "../testdata/gateway-snapshot.ts";
import { planChains } from "./chain-matcher.ts";
import { chainName } from "./filter-chain.ts";
import { FILTER_STATE, identitySeparator } from "./filter-state.ts";

const agent = ["TaskAgent", "default", "researcher", "", "", ""].join(identitySeparator);

interface Connection {
  readonly caller?: string;
  readonly port?: number;
  readonly dialledHost?: string;
  readonly sni?: string;
  readonly bytes?: "tls" | "http" | "raw";
  readonly address?: string;
}

function factsOf(connection: Connection): ConnectionFacts {
  const { caller = "run:run-1", port = 443, dialledHost, sni, bytes = "tls", address } = connection;
  return {
    filterState: {
      ...(caller !== "" && { [FILTER_STATE.caller]: caller }),
      [FILTER_STATE.port]: String(port),
      ...(dialledHost !== undefined && { [FILTER_STATE.dialledHost]: dialledHost }),
    },
    tls: bytes === "tls",
    ...(bytes === "http" && { protocols: "'http/1.1'" }),
    ...(sni !== undefined && { serverName: sni }),
    ...(address !== undefined && { address }),
  };
}

function choose(gateway: GatewaySnapshot, connection: Connection): string | undefined {
  const { matcher, treatments } = planChains(gateway);
  const chosen = chooseChain(matcher, factsOf(connection));
  const known = treatments.map(chainName);
  if (chosen !== undefined && !known.includes(chosen)) throw new Error(`No chain "${chosen}"`);
  return chosen;
}

const callers: readonly {
  readonly name: string;
  readonly caller: string;
  readonly isKnown: boolean;
}[] = [
  { name: "a run", caller: "run:run-0a1b", isKnown: true },
  { name: "an agent", caller: agent, isKnown: true },
  { name: "an agent without kind", caller: agent.slice("TaskAgent".length), isKnown: true },
  { name: "nobody", caller: "", isKnown: false },
  { name: "a run without name", caller: "run:", isKnown: false },
  { name: "an absent run", caller: "run:-", isKnown: false },
  { name: "only separators", caller: identitySeparator.repeat(5), isKnown: false },
  {
    name: "no name",
    caller: ["TaskAgent", "default", "", "", "", ""].join(identitySeparator),
    isKnown: false,
  },
  {
    name: "no namespace",
    caller: ["TaskAgent", "", "x", "", "", ""].join(identitySeparator),
    isKnown: false,
  },
  { name: "other text", caller: "default/researcher", isKnown: false },
];

for (const { name, caller, isKnown } of callers) {
  t.test(`planChains() ${isKnown ? "serves" : "refuses"} ${name}`, async (t) => {
    const gateway = gatewaySnapshot({ defaultPolicy: "allow-all" });
    for (const bytes of ["tls", "http", "raw"] as const) {
      const chosen = choose(gateway, { caller, bytes, sni: "a.example.com" });
      if (!isKnown) t.equal(chosen, "refuse:deny/unidentified");
      else t.not(chosen, "refuse:deny/unidentified");
    }
  });
}

const everyShape = gatewaySnapshot({
  listeners: [
    { name: "tls-any", shape: "https" },
    { name: "http-any", shape: "http" },
    { name: "tcp-any", shape: "tcp" },
    { name: "tls-8443", shape: "tls-terminate", port: 8443 },
    { name: "pass-9443", shape: "tls-passthrough", port: 9443 },
    { name: "tcp-443", shape: "tcp", port: 5432 },
  ],
});

const shapes: readonly (Connection & { readonly name: string; readonly want: string })[] = [
  { name: "TLS on any port", port: 4443, want: "intercept-tls/" },
  { name: "HTTP on any port", bytes: "http", port: 8080, want: "plain-http/" },
  { name: "HTTP/2 without TLS", bytes: "http", port: 80, want: "plain-http/" },
  { name: "raw bytes", bytes: "raw", port: 22, want: "refuse:deny/default-policy" },
  { name: "TLS on a port of its own", port: 8443, want: "intercept-tls/" },
  {
    name: "TLS on a passthrough port",
    port: 9443,
    sni: "a.example.com",
    want: "refuse:deny/default-policy",
  },
  {
    name: "TLS on a TCP port",
    port: 5432,
    sni: "a.example.com",
    want: "refuse:deny/default-policy",
  },
  { name: "HTTP on a TCP port", port: 5432, bytes: "http", want: "refuse:deny/default-policy" },
  { name: "HTTP on a TLS port", port: 8443, bytes: "http", want: "plain-http/" },
  { name: "TLS without server name", port: 443, want: "intercept-tls/" },
  {
    name: "a name like a secret of ours",
    sni: "secret/default/openai/token",
    want: "refuse:deny/no-server-name",
  },
  { name: "the name of the trust", sni: "trust/upstream", want: "refuse:deny/no-server-name" },
  { name: "a name with a line end", sni: "a.example.com\n", want: "refuse:deny/no-server-name" },
];

for (const { name, want, ...connection } of shapes) {
  t.test(`planChains() treats ${name} as ${want}`, async (t) => {
    t.equal(choose(everyShape, connection), want);
  });
}

t.test("planChains() refuses what no listener takes", async (t) => {
  const only = (shape: "https" | "http" | "tcp", port?: number) =>
    gatewaySnapshot({
      defaultPolicy: "allow-all",
      listeners: [{ name: "one", shape, ...(port !== undefined && { port }) }],
    });
  t.equal(choose(only("https"), { bytes: "http" }), "refuse:deny/unmatched-port");
  t.equal(choose(only("https"), { bytes: "raw" }), "refuse:deny/unmatched-port");
  t.equal(choose(only("http"), { bytes: "tls" }), "refuse:deny/unmatched-port");
  t.equal(choose(only("https", 443), { port: 8443 }), "refuse:deny/unmatched-port");
  t.equal(choose(only("https", 443), { port: 443 }), "intercept-tls/");
  t.equal(choose(gatewaySnapshot({ listeners: [] }), {}), "refuse:deny/unmatched-port");
});

t.test(
  "planChains() names the listener in the chain only where rules name listeners",
  async (t) => {
    const hosts = [hostPolicy("a.example.com", httpRule({ sections: ["tls-any"] }))];
    t.equal(choose({ ...everyShape, hosts }, { port: 443 }), "intercept-tls/tls-any");
    t.equal(choose({ ...everyShape, hosts }, { port: 8443 }), "intercept-tls/tls-8443");
  },
);

t.test(
  "planChains() of a refused gateway lets nothing raw through and intercepts to say so",
  async (t) => {
    const refusal = { reason: "not-enforced", message: "No" } as const;
    const gateway = everythingSnapshot({ refusal, defaultPolicy: "allow-all", hosts: [] });
    t.equal(choose(gateway, { port: 443, sni: "pinned.example.com" }), "intercept-tls/");
    for (const bytes of ["raw", "tls"] as const) {
      const chosen = choose(gateway, {
        port: 25,
        bytes,
        address: "203.0.113.7",
        dialledHost: "x.example.com",
      });
      t.equal(chosen, "refuse:deny/not-enforced");
    }
  },
);

const name = (value: string): HostMatch =>
  value.startsWith("*.") ? { kind: "wildcard", value: value.slice(2) } : { kind: "exact", value };

const tcp = (...l4Rules: L4Rule[]) =>
  gatewaySnapshot({ listeners: [{ name: "tcp", shape: "tcp" }], l4Rules });
const pass = (...l4Rules: L4Rule[]) =>
  gatewaySnapshot({ listeners: [{ name: "pass", shape: "tls-passthrough" }], l4Rules });

const allowed = "allow/EgressL4Route/default/raw/0";
const denied = "refuse:deny/deny-policy/EgressL4Route/default/raw/0";
const byDefault = "refuse:deny/default-policy";
const byGuard = "refuse:deny/guarded-address";
const open = { cidr: "203.0.113.0/24", namesGuarded: false };
const inner = { cidr: "10.20.0.0/16", namesGuarded: true };

interface RuleRow extends Connection {
  readonly name: string;
  readonly gateway: GatewaySnapshot;
  readonly want: string;
}

const passRows: readonly RuleRow[] = [
  {
    name: "the exact server name",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")] })),
    sni: "db.example.com",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "a server name in another case",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")] })),
    sni: "DB.example.com",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "a server name that only contains it",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")] })),
    sni: "db.example.com.evil.test",
    want: byDefault,
  },
  {
    name: "a name where the dot is another character",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")] })),
    sni: "dbxexample.com",
    want: byDefault,
  },
  {
    name: "one label under a wildcard",
    gateway: pass(l4Rule({ hosts: [name("*.example.com")] })),
    sni: "a.example.com",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "two labels under a wildcard",
    gateway: pass(l4Rule({ hosts: [name("*.example.com")] })),
    sni: "a.b.example.com",
    want: byDefault,
  },
  {
    name: "the suffix of a wildcard itself",
    gateway: pass(l4Rule({ hosts: [name("*.example.com")] })),
    sni: "example.com",
    want: byDefault,
  },
  {
    name: "any host",
    gateway: pass(l4Rule({ hosts: [{ kind: "any", value: "" }] })),
    sni: "a.b.test",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "no server name under any host",
    gateway: pass(l4Rule({ hosts: [{ kind: "any", value: "" }] })),
    want: byDefault,
  },
  {
    name: "a rule without name, with one",
    gateway: pass(l4Rule()),
    sni: "a.test",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "a rule without name, by address",
    gateway: pass(l4Rule()),
    address: "203.0.113.7",
    want: `pass-address:${allowed}`,
  },
  {
    name: "a rule without name, by guarded address",
    gateway: pass(l4Rule()),
    address: "10.0.0.7",
    want: byDefault,
  },
  {
    name: "a name in a range",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")], cidrs: [open] })),
    sni: "db.example.com",
    address: "203.0.113.7",
    want: `pass-address:${allowed}`,
  },
  {
    name: "the name out of the range",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")], cidrs: [open] })),
    sni: "db.example.com",
    address: "192.0.2.7",
    want: byDefault,
  },
  {
    name: "another name in the range",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")], cidrs: [open] })),
    sni: "x.example.com",
    address: "203.0.113.7",
    want: byDefault,
  },
  {
    name: "the name with no address where a range is asked",
    gateway: pass(l4Rule({ hosts: [name("db.example.com")], cidrs: [open] })),
    sni: "db.example.com",
    want: byDefault,
  },
  {
    name: "a denied name",
    gateway: {
      ...pass(l4Rule({ hosts: [name("db.example.com")], verdict: "deny" })),
      defaultPolicy: "allow-all",
    },
    sni: "db.example.com",
    want: denied,
  },
  {
    name: "a denied name on allow-all, another",
    gateway: {
      ...pass(l4Rule({ hosts: [name("db.example.com")], verdict: "deny" })),
      defaultPolicy: "allow-all",
    },
    sni: "x.example.com",
    want: "pass-server-name:allow/default-policy",
  },
  {
    name: "allow-all by address",
    gateway: { ...pass(), defaultPolicy: "allow-all" },
    address: "203.0.113.7",
    want: "pass-address:allow/default-policy",
  },
  {
    name: "allow-all by guarded address",
    gateway: { ...pass(), defaultPolicy: "allow-all" },
    address: "169.254.169.254",
    want: byGuard,
  },
];

const tcpRows: readonly RuleRow[] = [
  {
    name: "an address in the range",
    bytes: "raw",
    gateway: tcp(l4Rule({ cidrs: [open] })),
    address: "203.0.113.7",
    want: `pass-address:${allowed}`,
  },
  {
    name: "an address beside the range",
    bytes: "raw",
    gateway: tcp(l4Rule({ cidrs: [open] })),
    address: "203.0.114.7",
    want: byDefault,
  },
  {
    name: "a guarded address that the rule names",
    bytes: "raw",
    gateway: tcp(l4Rule({ cidrs: [inner] })),
    address: "10.20.1.1",
    want: `pass-address:${allowed}`,
  },
  {
    name: "a guarded address beside it",
    bytes: "raw",
    gateway: tcp(l4Rule({ cidrs: [inner, open] })),
    address: "10.21.1.1",
    want: byDefault,
  },
  {
    name: "a guarded address in a wider range",
    bytes: "raw",
    gateway: tcp(l4Rule({ cidrs: [{ cidr: "0.0.0.0/0", namesGuarded: false }] })),
    address: "10.20.1.1",
    want: byDefault,
  },
  {
    name: "an IPv6 address",
    bytes: "raw",
    gateway: tcp(l4Rule({ cidrs: [{ cidr: "2001:db8::/32", namesGuarded: false }] })),
    address: "2001:db8::7",
    want: `pass-address:${allowed}`,
  },
  {
    name: "a name for a rule by address",
    bytes: "raw",
    gateway: tcp(l4Rule({ cidrs: [open] })),
    dialledHost: "db.example.com",
    want: byDefault,
  },
  {
    name: "the dialled name",
    bytes: "raw",
    gateway: tcp(l4Rule({ hosts: [name("db.example.com")] })),
    dialledHost: "db.example.com",
    want: `pass-dialled-name:${allowed}`,
  },
  {
    name: "TLS to the dialled name",
    gateway: tcp(l4Rule({ hosts: [name("db.example.com")] })),
    dialledHost: "db.example.com",
    sni: "db.example.com",
    want: `pass-dialled-name:${allowed}`,
  },
  {
    name: "TLS to another name than the dialled one",
    gateway: tcp(l4Rule({ hosts: [name("db.example.com")] })),
    dialledHost: "db.example.com",
    sni: "x.example.com",
    want: byDefault,
  },
  {
    name: "the first port of a range",
    bytes: "raw",
    port: 5432,
    gateway: tcp(l4Rule({ hosts: [name("db.example.com")], ports: [{ start: 5432, end: 5439 }] })),
    dialledHost: "db.example.com",
    want: `pass-dialled-name:${allowed}`,
  },
  {
    name: "the port after the range",
    bytes: "raw",
    port: 5440,
    gateway: tcp(l4Rule({ hosts: [name("db.example.com")], ports: [{ start: 5432, end: 5439 }] })),
    dialledHost: "db.example.com",
    want: byDefault,
  },
  {
    name: "only a port, by address",
    bytes: "raw",
    port: 22,
    gateway: tcp(l4Rule({ ports: [{ start: 22, end: 22 }] })),
    address: "203.0.113.7",
    want: `pass-address:${allowed}`,
  },
  {
    name: "only a port, by name",
    bytes: "raw",
    port: 22,
    gateway: tcp(l4Rule({ ports: [{ start: 22, end: 22 }] })),
    dialledHost: "git.example.com",
    want: `pass-dialled-name:${allowed}`,
  },
  {
    name: "name and range",
    bytes: "raw",
    gateway: tcp(l4Rule({ hosts: [name("db.example.com")], cidrs: [inner] })),
    dialledHost: "db.example.com",
    address: "10.20.1.1",
    want: `pass-address:${allowed}`,
  },
  {
    name: "name and another range",
    bytes: "raw",
    gateway: tcp(l4Rule({ hosts: [name("db.example.com")], cidrs: [inner] })),
    dialledHost: "db.example.com",
    address: "203.0.113.7",
    want: byDefault,
  },
  {
    name: "a section of another listener",
    bytes: "raw",
    gateway: tcp(l4Rule({ sections: ["other"] })),
    address: "203.0.113.7",
    want: byDefault,
  },
  {
    name: "a section of this listener",
    bytes: "raw",
    gateway: tcp(l4Rule({ sections: ["tcp"] })),
    address: "203.0.113.7",
    want: `pass-address:${allowed}`,
  },
];

const allowAfter = l4Rule({ ruleIndex: 1 });
const guardedAfter = l4Rule({ ruleIndex: 1, cidrs: [inner] });
const denyRows: readonly RuleRow[] = [
  {
    name: "a denied dialled name behind another server name",
    gateway: tcp(l4Rule({ verdict: "deny", hosts: [name("bad.example.com")] }), allowAfter),
    dialledHost: "bad.example.com",
    sni: "good.example.com",
    want: denied,
  },
  {
    name: "a denied server name behind another dialled name",
    gateway: tcp(l4Rule({ verdict: "deny", hosts: [name("bad.example.com")] }), allowAfter),
    dialledHost: "good.example.com",
    sni: "bad.example.com",
    want: denied,
  },
  {
    name: "a denied range",
    bytes: "raw",
    gateway: tcp(l4Rule({ verdict: "deny", cidrs: [open] }), allowAfter),
    address: "203.0.113.7",
    want: denied,
  },
  {
    name: "an address beside a denied range",
    bytes: "raw",
    gateway: tcp(l4Rule({ verdict: "deny", cidrs: [open] }), allowAfter),
    address: "192.0.2.7",
    want: "pass-address:allow/EgressL4Route/default/raw/1",
  },
  {
    name: "a denied port on a guarded address that a later rule names",
    bytes: "raw",
    port: 22,
    gateway: tcp(l4Rule({ verdict: "deny", ports: [{ start: 22, end: 22 }] }), guardedAfter),
    address: "10.20.1.1",
    want: denied,
  },
  {
    name: "a denied name in a range, by name",
    bytes: "raw",
    gateway: tcp(
      l4Rule({ verdict: "deny", hosts: [name("bad.example.com")], cidrs: [open] }),
      allowAfter,
    ),
    dialledHost: "bad.example.com",
    want: denied,
  },
  {
    name: "a denied name in another range",
    bytes: "raw",
    gateway: tcp(
      l4Rule({ verdict: "deny", hosts: [name("bad.example.com")], cidrs: [open] }),
      allowAfter,
    ),
    dialledHost: "bad.example.com",
    address: "192.0.2.7",
    want: "pass-address:allow/EgressL4Route/default/raw/1",
  },
  {
    name: "everything denied",
    bytes: "raw",
    gateway: tcp(l4Rule({ verdict: "deny" }), allowAfter),
    address: "203.0.113.7",
    want: denied,
  },
  {
    name: "a denial with a reason of its own",
    bytes: "raw",
    gateway: tcp(l4Rule({ verdict: "deny", reason: "not-enforced" })),
    address: "203.0.113.7",
    want: "refuse:deny/not-enforced/EgressL4Route/default/raw/0",
  },
];

const anyone = { defaultPolicy: "allow-all" } as const;
const guardRows: readonly RuleRow[] = [
  {
    name: "allow-all by guarded address, dialled by it",
    bytes: "raw",
    gateway: { ...tcp(), ...anyone },
    dialledHost: "127.0.0.1",
    address: "127.0.0.1",
    want: byGuard,
  },
  {
    name: "allow-all by guarded IPv6 address, dialled by it",
    bytes: "raw",
    gateway: { ...tcp(), ...anyone },
    dialledHost: "::1",
    address: "::1",
    want: byGuard,
  },
  {
    name: "allow-all by a name whose captured address is guarded",
    bytes: "raw",
    gateway: { ...tcp(), ...anyone },
    dialledHost: "db.example.com",
    address: "10.0.0.7",
    want: "pass-dialled-name:allow/default-policy",
  },
  {
    name: "allow-all by a server name whose captured address is guarded",
    gateway: { ...pass(), ...anyone },
    sni: "db.example.com",
    address: "10.0.0.7",
    want: "pass-server-name:allow/default-policy",
  },
  {
    name: "allow-all without a guard",
    bytes: "raw",
    gateway: {
      ...tcp(),
      ...anyone,
      upstream: { lookupFamily: "All", additionalTrustPem: "", guardedRanges: [] },
    },
    dialledHost: "127.0.0.1",
    address: "127.0.0.1",
    want: "pass-dialled-name:allow/default-policy",
  },
];

const aliased = (gateway: GatewaySnapshot): GatewaySnapshot => ({
  ...gateway,
  hosts: [
    { ...hostPolicy("db.example.com"), alias: { address: "10.0.0.9", port: 5432 } },
    { ...hostPolicy("v6.example.com"), alias: { address: "fd00::1" } },
    hostPolicy("other.example.com"),
  ],
});
const dbAlias = "10.0.0.9:5432";
const aliasRows: readonly RuleRow[] = [
  {
    name: "the server name of an alias",
    gateway: aliased(pass(l4Rule({ hosts: [name("db.example.com")] }))),
    sni: "DB.example.com",
    address: "203.0.113.7",
    want: `pass-alias/server-name/${dbAlias}:${allowed}`,
  },
  {
    name: "the server name of an alias that the rule does not name",
    gateway: aliased(pass(l4Rule({ hosts: [name("other.example.com")] }))),
    sni: "db.example.com",
    want: byDefault,
  },
  {
    name: "the server name of an alias under a wildcard",
    gateway: aliased(pass(l4Rule({ hosts: [name("*.example.com")] }))),
    sni: "v6.example.com",
    want: `pass-alias/server-name/[fd00::1]:*:${allowed}`,
  },
  {
    name: "a server name without alias beside one",
    gateway: aliased(pass(l4Rule({ hosts: [name("*.example.com")] }))),
    sni: "other.example.com",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "a server name that only begins like an alias",
    gateway: aliased(pass(l4Rule())),
    sni: "db.example.com.evil.test",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "an alias on a port that the rule does not name",
    gateway: aliased(pass(l4Rule({ ports: [{ start: 443, end: 443 }] }))),
    port: 8443,
    sni: "db.example.com",
    want: byDefault,
  },
  {
    name: "the dialled name of an alias",
    bytes: "raw",
    gateway: aliased(tcp(l4Rule({ hosts: [name("db.example.com")] }))),
    dialledHost: "db.example.com",
    want: `pass-alias/dialled/${dbAlias}:${allowed}`,
  },
  {
    name: "the dialled name of an alias where anything is allowed, by a captured address",
    bytes: "raw",
    gateway: aliased(tcp(l4Rule())),
    dialledHost: "db.example.com",
    address: "203.0.113.7",
    want: `pass-alias/dialled/${dbAlias}:${allowed}`,
  },
  {
    name: "the dialled name of an alias in a range, by the address",
    bytes: "raw",
    gateway: aliased(tcp(l4Rule({ hosts: [name("db.example.com")], cidrs: [open] }))),
    dialledHost: "db.example.com",
    address: "203.0.113.7",
    want: `pass-address:${allowed}`,
  },
  {
    name: "TLS to another name than the dialled one of an alias",
    gateway: aliased(tcp(l4Rule({ hosts: [name("db.example.com")] }))),
    dialledHost: "db.example.com",
    sni: "v6.example.com",
    want: byDefault,
  },
  {
    name: "TLS to one allowed name inside another, which has an alias",
    gateway: aliased(tcp(l4Rule({ hosts: [name("db.example.com"), name("other.example.com")] }))),
    dialledHost: "db.example.com",
    sni: "other.example.com",
    want: `pass-alias/dialled/${dbAlias}:${allowed}`,
  },
  {
    name: "a denied name that has an alias",
    bytes: "raw",
    gateway: aliased(
      tcp(l4Rule({ verdict: "deny", hosts: [name("db.example.com")] }), l4Rule({ ruleIndex: 1 })),
    ),
    dialledHost: "db.example.com",
    want: denied,
  },
  {
    name: "an alias on deny-all",
    bytes: "raw",
    gateway: aliased(tcp()),
    dialledHost: "db.example.com",
    want: byDefault,
  },
  {
    name: "an alias on allow-all, by dialled name",
    bytes: "raw",
    gateway: aliased({ ...tcp(), ...anyone }),
    dialledHost: "db.example.com",
    address: "10.0.0.9",
    want: `pass-alias/dialled/${dbAlias}:allow/default-policy`,
  },
  {
    name: "an alias on allow-all, by server name",
    gateway: aliased({ ...pass(), ...anyone }),
    sni: "db.example.com",
    want: `pass-alias/server-name/${dbAlias}:allow/default-policy`,
  },
  {
    name: "the address of an alias on allow-all",
    bytes: "raw",
    gateway: aliased({ ...tcp(), ...anyone }),
    dialledHost: "10.0.0.9",
    address: "10.0.0.9",
    want: byGuard,
  },
];

const rows = [...passRows, ...tcpRows, ...denyRows, ...guardRows, ...aliasRows];
for (const { name: what, gateway, want, ...connection } of rows) {
  t.test(`planChains() decides ${what}`, async (t) => {
    t.equal(choose(gateway, connection), want);
  });
}

t.test(
  "planChains() takes names out of interception only where a rule names the listener",
  async (t) => {
    const listeners = [
      { name: "https", shape: "https" },
      { name: "pass", shape: "tls-passthrough" },
    ] as const;
    const hosts = [name("pinned.example.com")];
    const gateway = (sections?: string[]) =>
      gatewaySnapshot({ listeners, l4Rules: [l4Rule({ hosts, ...(sections && { sections }) })] });
    const connection = { sni: "pinned.example.com" };
    t.equal(choose(gateway(), connection), "intercept-tls/");
    t.equal(choose(gateway(["https"]), connection), "intercept-tls/");
    t.equal(choose(gateway(["pass"]), connection), `pass-server-name:${allowed}`);
    t.equal(choose(gateway(["pass"]), { sni: "other.example.com" }), "intercept-tls/");
  },
);
