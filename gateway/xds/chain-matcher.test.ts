/** Tests which treatment a connection gets, by evaluating the matcher tree over tables of connection facts. */
import t from "tap";
import { agent, choose } from "../testdata/chosen-chain.ts";
import type { Connection } from "../testdata/chosen-chain.ts";
import {
  everythingSnapshot,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  l4Rule,
} from "../testdata/gateway-snapshot.ts";
import { identitySeparator } from "../caller-parts.ts";

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
  { name: "TLS on any port", port: 4443, want: "intercept-tls/tls-any" },
  { name: "HTTP on any port", bytes: "http", port: 8080, want: "plain-http/http-any" },
  { name: "HTTP/2 without TLS", bytes: "http", port: 80, want: "plain-http/http-any" },
  { name: "raw bytes", bytes: "raw", port: 22, want: "refuse:deny/default-policy" },
  { name: "TLS on a port of its own", port: 8443, want: "intercept-tls/tls-8443:8443" },
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
  { name: "HTTP on a TLS port", port: 8443, bytes: "http", want: "plain-http/http-any" },
  { name: "TLS without server name", port: 443, want: "intercept-tls/tls-any" },
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
  t.equal(choose(only("https", 443), { port: 443 }), "intercept-tls/one:443");
  t.equal(choose(gatewaySnapshot({ listeners: [] }), {}), "refuse:deny/unmatched-port");
});

t.test("planChains() names the listener in the chain", async (t) => {
  const hosts = [hostPolicy("a.example.com", httpRule({ sections: ["tls-any"] }))];
  t.equal(choose({ ...everyShape, hosts }, { port: 443 }), "intercept-tls/tls-any!5432,8443,9443");
  t.equal(choose({ ...everyShape, hosts }, { port: 8443 }), "intercept-tls/tls-8443:8443");
});

t.test(
  "planChains() of a refused gateway lets nothing raw through and intercepts to say so",
  async (t) => {
    const refusal = { reason: "not-enforced", message: "No" } as const;
    const gateway = everythingSnapshot({ refusal, defaultPolicy: "allow-all", hosts: [] });
    t.equal(choose(gateway, { port: 443, sni: "pinned.example.com" }), "intercept-tls/https:443");
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

t.test(
  "planChains() takes names out of interception only where a rule names the listener",
  async (t) => {
    const listeners = [
      { name: "https", shape: "https" },
      { name: "pass", shape: "tls-passthrough" },
    ] as const;
    const hosts = [{ kind: "exact", value: "pinned.example.com" }] as const;
    const gateway = (sections?: string[]) =>
      gatewaySnapshot({ listeners, l4Rules: [l4Rule({ hosts, ...(sections && { sections }) })] });
    const connection = { sni: "pinned.example.com" };
    t.equal(choose(gateway(), connection), "intercept-tls/https");
    t.equal(choose(gateway(["https"]), connection), "intercept-tls/https");
    t.equal(
      choose(gateway(["pass"]), connection),
      "pass-server-name:allow/EgressL4Route/default/raw/0",
    );
    t.equal(choose(gateway(["pass"]), { sni: "other.example.com" }), "intercept-tls/https");
  },
);
