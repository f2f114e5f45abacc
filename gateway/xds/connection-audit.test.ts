/** Tests what becomes of connections in audit mode, by evaluating the whole tree. */
import t from "tap";
import type { GatewaySnapshot, HostMatch, L4Rule } from "../snapshot.ts";
import { choose } from "../testdata/chosen-chain.ts";
import type { Connection } from "../testdata/chosen-chain.ts";
import { gatewaySnapshot, hostPolicy, httpRule, l4Rule } from "../testdata/gateway-snapshot.ts";

const name = (value: string): HostMatch => ({ kind: "exact", value });
const tcp = (...l4Rules: L4Rule[]) =>
  gatewaySnapshot({ listeners: [{ name: "tcp", shape: "tcp" }], l4Rules });
const pass = (...l4Rules: L4Rule[]) =>
  gatewaySnapshot({ listeners: [{ name: "pass", shape: "tls-passthrough" }], l4Rules });

const allowed = "allow/EgressL4Route/default/raw/0";
const byDefault = "refuse:deny/default-policy";
const byGuard = "refuse:deny/guarded-address";
const open = { cidr: "203.0.113.0/24", namesGuarded: false };
const inner = { cidr: "10.20.0.0/16", namesGuarded: true };

interface RuleRow extends Connection {
  readonly name: string;
  readonly gateway: GatewaySnapshot;
  readonly want: string;
}

const audited = (gateway: GatewaySnapshot): GatewaySnapshot => ({ ...gateway, audits: true });
const wouldDeny = "audit/deny-policy/EgressL4Route/default/raw/0";
const deniedButAudited = (changes: Partial<L4Rule>) =>
  l4Rule({ verdict: "deny", audits: true, ...changes });
const auditRows: readonly RuleRow[] = [
  {
    name: "a name of no rule in audit mode",
    gateway: audited(pass(l4Rule({ hosts: [name("db.example.com")] }))),
    sni: "other.example.com",
    want: "pass-server-name:audit/default-policy",
  },
  {
    name: "an allowed name in audit mode",
    gateway: audited(pass(l4Rule({ hosts: [name("db.example.com")] }))),
    sni: "db.example.com",
    want: `pass-server-name:${allowed}`,
  },
  {
    name: "an address of no rule in audit mode",
    bytes: "raw",
    gateway: audited(tcp()),
    address: "203.0.113.7",
    want: "pass-address:audit/default-policy",
  },
  {
    name: "a guarded address in audit mode",
    bytes: "raw",
    gateway: audited(tcp()),
    dialledHost: "169.254.169.254",
    address: "169.254.169.254",
    want: byGuard,
  },
  {
    name: "a denied name in audit mode",
    bytes: "raw",
    gateway: tcp(deniedButAudited({ hosts: [name("db.example.com")] })),
    dialledHost: "db.example.com",
    want: `pass-dialled-name:${wouldDeny}`,
  },
  {
    name: "one of two names that is denied in audit mode",
    bytes: "tls",
    gateway: tcp(deniedButAudited({ hosts: [name("db.example.com")] })),
    dialledHost: "other.example.com",
    sni: "db.example.com",
    want: `pass-dialled-name:${wouldDeny}`,
  },
  {
    name: "a guarded address that an audited refusal names",
    bytes: "raw",
    gateway: tcp(deniedButAudited({ cidrs: [inner] })),
    dialledHost: "10.20.0.1",
    address: "10.20.0.1",
    want: byGuard,
  },
  {
    name: "a denied address in audit mode",
    bytes: "raw",
    gateway: tcp(deniedButAudited({ cidrs: [open] })),
    address: "203.0.113.7",
    want: `pass-address:${wouldDeny}`,
  },
  {
    name: "a connection beside an audited refusal",
    bytes: "raw",
    gateway: tcp(deniedButAudited({ cidrs: [open] })),
    address: "198.51.100.7",
    want: byDefault,
  },
  {
    name: "a host with HTTP rules on allow-all in audit mode",
    gateway: {
      ...audited(pass()),
      defaultPolicy: "allow-all",
      hosts: [hostPolicy("api.example.com", httpRule())],
    },
    sni: "api.example.com",
    want: "pass-server-name:audit/no-rule",
  },
  {
    name: "a host with an alias in audit mode",
    gateway: {
      ...audited(pass()),
      hosts: [{ ...hostPolicy("db.example.com"), alias: { address: "10.0.0.9", port: 5432 } }],
    },
    sni: "db.example.com",
    want: "pass-alias/server-name/10.0.0.9:5432:audit/default-policy",
  },
];

for (const { name: what, gateway, want, ...connection } of auditRows) {
  t.test(`planChains() decides ${what}`, async (t) => {
    t.equal(choose(gateway, connection), want);
  });
}
