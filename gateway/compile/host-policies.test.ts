/** Merging of rules by host: order, specificity, wildcards, aliases, and the work it takes. */
import t from "tap";
import type { HostPolicy, HttpRule } from "../snapshot.ts";
import { anyHost, hostMatch } from "./host-match.ts";
import type { PlacedRule } from "./host-policies.ts";
import { mergeHostPolicies } from "./host-policies.ts";
import { unchanged } from "./header-rewrite.ts";

function rule(name: string): HttpRule {
  return {
    route: { kind: "EgressHTTPRoute", namespace: "default", name },
    ruleIndex: 0,
    match: {},
    action: {
      kind: "forward",
      requestHeaders: unchanged,
      responseHeaders: unchanged,
      credentials: [],
      backends: [],
    },
  };
}

/** `name@host`; host `*` is any. */
function placed(...texts: readonly string[]): PlacedRule[] {
  return texts.map((text) => {
    const [name = "", host = ""] = text.split("@");
    return { host: host === "*" ? anyHost : hostMatch(host), rule: rule(name) };
  });
}

function summary(policies: readonly HostPolicy[]): Record<string, string> {
  return Object.fromEntries(
    policies.map(({ host, rules }) => {
      const text = host.kind === "wildcard" ? `*.${host.value}` : host.value || "*";
      return [text, rules.map(({ route }) => route.name).join(" ")];
    }),
  );
}

t.test(
  "mergeHostPolicies() gives an exact host the rules of its wildcards and of any host",
  async (t) => {
    const merged = mergeHostPolicies(
      placed("a@*", "b@*.example.test", "c@api.example.test", "d@*.test", "e@other.example"),
      new Map(),
    );
    t.same(summary(merged), {
      "api.example.test": "a b c d",
      "other.example": "a e",
      "*.example.test": "a b d",
      "*.test": "a d",
      "*": "a",
    });
  },
);

t.test("mergeHostPolicies() lists the most specific host first", async (t) => {
  const merged = mergeHostPolicies(
    placed("a@*", "b@*.test", "c@*.b.test", "d@10.0.0.1", "e@z.test", "f@a.test", "g@*.a.test"),
    new Map(),
  );
  t.same(Object.keys(summary(merged)), [
    "a.test",
    "z.test",
    "10.0.0.1",
    "*.a.test",
    "*.b.test",
    "*.test",
    "*",
  ]);
});

t.test("mergeHostPolicies() keeps precedence over specificity", async (t) => {
  const merged = mergeHostPolicies(
    placed("first@*.example.com", "second@a.example.com"),
    new Map(),
  );
  t.equal(summary(merged)["a.example.com"], "first second");
});

t.test(
  "mergeHostPolicies() does not give a wildcard's rules to its own suffix or look-alikes",
  async (t) => {
    const merged = mergeHostPolicies(
      placed("w@*.example.com", "x@example.com", "y@badexample.com"),
      new Map(),
    );
    t.equal(summary(merged)["example.com"], "x");
    t.equal(summary(merged)["badexample.com"], "y");
  },
);

t.test(
  "mergeHostPolicies() gives addresses only their own rules and those of any host",
  async (t) => {
    const merged = mergeHostPolicies(placed("w@*.a.example", "x@10.0.0.1", "a@*"), new Map());
    t.same(summary(merged), { "10.0.0.1": "x a", "*.a.example": "w a", "*": "a" });
  },
);

t.test("mergeHostPolicies() names a rule once that a host has from two places", async (t) => {
  const shared = rule("r");
  const merged = mergeHostPolicies(
    [
      { host: hostMatch("a.example.com"), rule: shared },
      { host: hostMatch("*.example.com"), rule: shared },
    ],
    new Map(),
  );
  t.same(summary(merged), { "a.example.com": "r", "*.example.com": "r" });
});

t.test("mergeHostPolicies() gives hosts with an alias a policy of their own", async (t) => {
  const aliases = new Map([
    ["a.example.com", { address: "10.0.0.1", port: 8443 }],
    ["lone.example", { address: "10.0.0.2" }],
  ]);
  const merged = mergeHostPolicies(placed("w@*.example.com"), aliases);
  t.same(summary(merged), { "a.example.com": "w", "lone.example": "", "*.example.com": "w" });
  t.same(merged[0]?.alias, { address: "10.0.0.1", port: 8443 });
  t.same(merged[1]?.alias, { address: "10.0.0.2" });
});

t.test("mergeHostPolicies() names providers' hosts that a wildcard covers", async (t) => {
  const merged = summary(mergeHostPolicies(placed("w@*.openai.com", "a@*"), new Map()));
  t.equal(merged["api.openai.com"], "w a");
  t.equal(merged["eu.api.openai.com"], "w a");
  t.equal(merged["api.anthropic.com"], undefined, "any host covers them without a policy");
  const azure = summary(mergeHostPolicies(placed("w@*.azure.com"), new Map()));
  t.equal(azure["*.openai.azure.com"], "w");
});

t.test("mergeHostPolicies() gives nothing for nothing", async (t) => {
  t.same(mergeHostPolicies([], new Map()), []);
});

t.test("mergeHostPolicies() agrees with a search through all rules", async (t) => {
  let state = 7;
  const random = (limit: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
  const label = () => "abc"[random(3)] ?? "a";
  const host = () => {
    const name = Array.from({ length: 1 + random(3) }, label).join(".");
    return ["*", `*.${name}.x`, `${name}.x`][random(3)] ?? "*";
  };
  const rules = placed(...Array.from({ length: 200 }, (_, index) => `r${index}@${host()}`));
  for (const { host: wanted, rules: found } of mergeHostPolicies(rules, new Map())) {
    const expected = rules.filter(({ host: { kind, value } }) => {
      if (kind === "any") return true;
      if (kind === wanted.kind && value === wanted.value) return true;
      return kind === "wildcard" && wanted.value.endsWith(`.${value}`);
    });
    t.same(
      found.map(({ route }) => route.name),
      expected.map((one) => one.rule.route.name),
      `${wanted.kind} ${wanted.value}`,
    );
  }
});
