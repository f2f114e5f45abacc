/** Tests what raw connections are let by by: whether chains stay or go when rules change, in whole plans. */
import t from "tap";
import type { GatewaySnapshot, HostMatch, L4Rule } from "../snapshot.ts";
import { gatewaySnapshot, hostPolicy, httpRule, l4Rule } from "../testdata/gateway-snapshot.ts";
import { planChains } from "./chain-matcher.ts";
import { mayMeet, partsOf, termsId } from "./connection-terms.ts";
import { chainName } from "./filter-chain.ts";

const host = (value: string): HostMatch =>
  value.startsWith("*.") ? { kind: "wildcard", value: value.slice(2) } : { kind: "exact", value };
const hosts = (...values: string[]) => values.map(host);
const port = (start: number, end = start) => ({ start, end });
const range = (cidr: string) => ({ cidr, namesGuarded: false });
const denial = (changes: Partial<L4Rule>) => l4Rule({ verdict: "deny", ruleIndex: 9, ...changes });
const listeners = [{ name: "tcp", shape: "tcp" }] as const;

function passing(rules: readonly L4Rule[], changes: Partial<GatewaySnapshot> = {}): string[] {
  const { treatments } = planChains(gatewaySnapshot({ listeners, l4Rules: rules, ...changes }));
  return treatments.map((one) => chainName(one)).filter((name) => name.startsWith("pass-"));
}

/** How many of the chains before are there no more. */
function gone(before: readonly string[], after: readonly string[]): number {
  return before.filter((name) => !after.includes(name)).length;
}

t.test("termsId() is the same for the same facts only", async (t) => {
  t.match(termsId([1, "a"]), /^[0-9a-f]{16}$/);
  t.equal(termsId([1, "a"]), termsId([1, "a"]));
  t.not(termsId([1, "a"]), termsId(["a", 1]));
});

t.test("partsOf() takes a rule apart, and none that would make too many chains", async (t) => {
  const rule = l4Rule({ hosts: hosts("a.test", "b.test"), ports: [port(1), port(2, 5)] });
  t.same(
    partsOf(rule).map((part) => [part.hosts[0]?.value, part.ports[0]?.start]),
    [
      ["a.test", 1],
      ["a.test", 2],
      ["b.test", 1],
      ["b.test", 2],
    ],
  );
  const many = Array.from({ length: 64 }, (_, index) => host(`h${index}.test`));
  const coarse = partsOf(l4Rule({ hosts: many, ports: [port(1), port(2)] }));
  t.equal(coarse.length, 64);
  t.equal(coarse[0]?.ports.length, 2);
  const whole = l4Rule({ hosts: [...many, host("one-more.test")] });
  t.same(partsOf(whole), [whole]);
});

const meetings: readonly {
  name: string;
  denied: Partial<L4Rule>;
  allowed: Partial<L4Rule>;
  want: boolean;
}[] = [
  { name: "everything", denied: {}, allowed: { hosts: hosts("a.test") }, want: true },
  {
    name: "other hosts",
    denied: { hosts: hosts("b.test") },
    allowed: { hosts: hosts("a.test") },
    want: false,
  },
  {
    name: "a host in another case",
    denied: { hosts: hosts("A.test") },
    allowed: { hosts: hosts("a.test") },
    want: true,
  },
  {
    name: "a wildcard",
    denied: { hosts: hosts("*.a.test") },
    allowed: { hosts: hosts("x.a.test") },
    want: true,
  },
  {
    name: "a wildcard above two labels",
    denied: { hosts: hosts("*.a.test") },
    allowed: { hosts: hosts("x.y.a.test") },
    want: false,
  },
  {
    name: "any host",
    denied: { hosts: [{ kind: "any", value: "" }] },
    allowed: { hosts: hosts("a.test") },
    want: true,
  },
  {
    name: "other ports",
    denied: { ports: [port(1, 9)] },
    allowed: { ports: [port(10)] },
    want: false,
  },
  {
    name: "some ports",
    denied: { ports: [port(1, 9)] },
    allowed: { ports: [port(9, 12)] },
    want: true,
  },
  {
    name: "addresses",
    denied: { cidrs: [range("203.0.113.0/24")] },
    allowed: { hosts: hosts("a.test") },
    want: true,
  },
];

for (const { name, denied, allowed, want } of meetings) {
  t.test(`mayMeet() is ${want} for a denial of ${name}`, async (t) => {
    t.equal(mayMeet(denial(denied), l4Rule(allowed)), want);
  });
}

const rule = l4Rule({ hosts: hosts("a.test", "b.test"), ports: [port(1), port(2, 5)] });
const before = passing([rule]);

/** Of five chains: two hosts at two ports each, and one for TLS that says another host of the rule than was dialled. */
const changes: readonly {
  readonly name: string;
  readonly rules: readonly L4Rule[];
  readonly gateway?: Partial<GatewaySnapshot>;
  readonly want: number;
}[] = [
  { name: "nothing", rules: [rule], want: 0 },
  { name: "a rule more", rules: [rule, l4Rule({ ruleIndex: 1 })], want: 0 },
  {
    name: "a host more",
    rules: [{ ...rule, hosts: hosts("a.test", "b.test", "c.test") }],
    want: 1,
  },
  { name: "a host less", rules: [{ ...rule, hosts: hosts("a.test") }], want: 3 },
  { name: "fewer ports", rules: [{ ...rule, ports: [port(1), port(2, 4)] }], want: 3 },
  { name: "a denial of another host", rules: [denial({ hosts: hosts("c.test") }), rule], want: 0 },
  { name: "a denial behind it", rules: [rule, denial({})], want: 0 },
  { name: "a denial that audits", rules: [denial({ audits: true }), rule], want: 0 },
  { name: "a denial of a host", rules: [denial({ hosts: hosts("a.test") }), rule], want: 3 },
  { name: "a denial of a port", rules: [denial({ ports: [port(1)] }), rule], want: 3 },
  { name: "a denial of everything", rules: [denial({}), rule], want: 5 },
  {
    name: "a guard",
    rules: [rule],
    gateway: {
      upstream: { lookupFamily: "V4Preferred", additionalTrustPem: "", guardedRanges: [] },
    },
    want: 5,
  },
  {
    name: "another listener",
    rules: [rule],
    gateway: { listeners: [{ name: "other", shape: "tcp" }] },
    want: 5,
  },
];

for (const { name, rules, gateway, want } of changes) {
  t.test(`planChains() lets ${want} of 5 raw chains go for ${name}`, async (t) => {
    t.equal(before.length, 5);
    t.equal(gone(before, passing(rules, gateway)), want);
  });
}

const tcp = { name: "tcp", shape: "tcp" } as const;
const listenerEdits: readonly {
  readonly name: string;
  readonly listeners: GatewaySnapshot["listeners"];
  readonly want: number;
}[] = [
  {
    name: "a listener that reads TLS from now on",
    listeners: [tcp, { name: "tls", shape: "tls-terminate" }],
    want: 5,
  },
  {
    name: "a listener that reads HTTP from now on",
    listeners: [tcp, { name: "plain", shape: "http" }],
    want: 5,
  },
  {
    name: "a listener that reads TLS at a port of the rule",
    listeners: [tcp, { name: "tls", shape: "tls-terminate", port: 3 }],
    // Those of both hosts at ports 2 to 5, and of both at once at any.
    want: 3,
  },
  {
    name: "a listener at a port that the rule has not",
    listeners: [tcp, { name: "tls", shape: "tls-terminate", port: 443 }],
    want: 0,
  },
  {
    name: "another listener for what this one takes first",
    listeners: [tcp, { name: "later", shape: "tcp" }],
    want: 0,
  },
];

for (const { name, listeners: edited, want } of listenerEdits) {
  t.test(`planChains() lets ${want} of 5 raw chains go for ${name}`, async (t) => {
    t.equal(gone(before, passing([rule], { listeners: edited })), want);
  });
}

t.test("planChains() lets raw bytes go where a listener takes TLS alone from now on", async (t) => {
  const addresses = [l4Rule({ cidrs: [range("203.0.113.0/24")] })];
  const edited = passing(addresses, { listeners: [{ name: "tcp", shape: "tls-passthrough" }] });
  t.equal(gone(passing(addresses), edited), 1);
});

t.test("planChains() lets what passes by default go when a listener takes a port", async (t) => {
  const open = (...listeners: GatewaySnapshot["listeners"]) =>
    passing([], { defaultPolicy: "allow-all", listeners });
  const all = open(tcp);
  t.not(all.length, 0);
  t.equal(gone(all, open(tcp, { name: "tls", shape: "tls-terminate", port: 443 })), all.length);
});

t.test("planChains() lets what passes by default go when a rule is about more hosts", async (t) => {
  const open = (...names: string[]) =>
    passing([], {
      defaultPolicy: "allow-all",
      hosts: names.map((one) => hostPolicy(one, httpRule())),
    });
  t.equal(gone(open("a.test"), open("a.test")), 0);
  t.equal(gone(open("a.test"), open("a.test", "b.test")), open("a.test").length);
});

t.test("planChains() lets what a denial audits go when it audits no more", async (t) => {
  const audited = passing([denial({ audits: true })]);
  t.not(audited.length, 0);
  t.equal(gone(audited, passing([denial({})])), audited.length);
});
