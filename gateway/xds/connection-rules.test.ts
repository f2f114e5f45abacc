/** Tests what L4 rules and the default policy make of connections, by evaluating the whole tree. */
import t from "tap";
import type { GatewaySnapshot, HostMatch, L4Rule } from "../snapshot.ts";
import { choose } from "../testdata/chosen-chain.ts";
import type { Connection } from "../testdata/chosen-chain.ts";
import { gatewaySnapshot, hostPolicy, httpRule, l4Rule } from "../testdata/gateway-snapshot.ts";

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

const ruled = (gateway: GatewaySnapshot): GatewaySnapshot => ({
  ...gateway,
  ...anyone,
  hosts: [
    hostPolicy("api.example.com", httpRule()),
    hostPolicy("*.wild.example.com", httpRule()),
    hostPolicy("raw.example.com", httpRule({ route: l4Rule().route })),
    { ...hostPolicy("db.example.com", httpRule()), alias: { address: "10.0.0.9" } },
  ],
});
const byRule = "refuse:deny/no-rule";
const ruledRows: readonly RuleRow[] = [
  { name: "a host with HTTP rules, passed through", sni: "api.example.com", want: byRule },
  { name: "the same with a dot", sni: "API.example.com.", want: byRule },
  { name: "a host under a wildcard with HTTP rules", sni: "a.b.wild.example.com", want: byRule },
  { name: "a host with HTTP rules and an alias", sni: "db.example.com", want: byRule },
  {
    name: "a host that only an L4 route names",
    sni: "raw.example.com",
    want: "pass-server-name:allow/default-policy",
  },
].map((row) => ({ ...row, gateway: ruled(pass()) }));

const rows = [...passRows, ...tcpRows, ...denyRows, ...guardRows, ...aliasRows, ...ruledRows];
for (const { name: what, gateway, want, ...connection } of rows) {
  t.test(`planChains() decides ${what}`, async (t) => {
    t.equal(choose(gateway, connection), want);
  });
}
