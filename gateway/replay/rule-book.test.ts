/** Tests of finding rules by what stands in routes. */
import t from "tap";
import type { CredentialUse, HttpRule } from "../snapshot.ts";
import { gatewaySnapshot } from "../testdata/gateway-snapshot.ts";
import { credentialsOf, destinationsOf, routeNamed, RuleBook } from "./rule-book.ts";

const route = { kind: "EgressHTTPRoute", namespace: "default", name: "web" };
const rewrite = { set: [], add: [], remove: [] };
const policy = { kind: "CredentialInjectionPolicy", namespace: "default", name: "key" };
const secret = {
  secret: { kind: "Secret", namespace: "default", name: "key" },
  resource: "secret/default/key/token",
};
const header: CredentialUse = {
  kind: "header",
  policy,
  secret,
  header: "x-key",
  valuePrefix: "Bearer ",
};
const signing: CredentialUse = {
  ...{ kind: "aws-sigv4", policy, secret },
  ...{ region: "eu-west-1", service: "bedrock" },
};

function ruleOf(credentials: readonly CredentialUse[], pick?: string) {
  return {
    ...{ route, ruleIndex: 0, match: {} },
    ...(pick !== undefined && { pick }),
    action: {
      ...{ kind: "forward", requestHeaders: rewrite, responseHeaders: rewrite, backends: [] },
      credentials,
    },
  } as const satisfies HttpRule;
}

const book = new RuleBook(
  gatewaySnapshot({
    hosts: [
      { host: { kind: "exact", value: "a.test" }, rules: [ruleOf([header])] },
      { host: { kind: "wildcard", value: "test" }, rules: [ruleOf([signing])] },
      { host: { kind: "exact", value: "c.test" }, rules: [ruleOf([], "way")] },
    ],
  }),
);
const named = { ...route, rule: 0 };

t.test("RuleBook finds the rule of the host, of what covers it, and of a pick", async (t) => {
  const find = (domain: string, pick?: string) => book.find(named, { pick, domains: [domain] });
  t.same(find("a.test")?.action.credentials, [header]);
  t.same(find("b.test")?.action.credentials, [signing]);
  t.equal(find("a.test", "way")?.pick, "way");
  t.equal(book.find(null, { pick: undefined, domains: ["a.test"] }), undefined);
  t.equal(book.find({ ...named, rule: 1 }, { pick: undefined, domains: [] }), undefined);
});

t.test("RuleBook knows of routes that ask nobody", async (t) => {
  t.equal(book.planOf({ name: "allow/default-policy" }), undefined);
});

t.test("routeNamed() reads the rule from the name of a route", async (t) => {
  t.same(routeNamed("allow/EgressHTTPRoute/default/web/0"), named);
  t.equal(routeNamed("allow/default-policy"), null);
  t.equal(routeNamed("anything"), null);
});

t.test("credentialsOf() tells form and place, and never a value", async (t) => {
  t.same(credentialsOf(ruleOf([header, signing, header])), [
    { name: "Secret default/key", place: "x-key", form: "secret/default/key/token Bearer " },
    { name: "Secret default/key", place: "authorization", form: "eu-west-1 bedrock" },
  ]);
});

t.test("destinationsOf() tells an alias from what names lead to", async (t) => {
  const cluster = (name: string) =>
    destinationsOf({ route: { cluster: name } }, undefined)[0]?.address;
  t.equal(cluster("forward-tls"), "");
  t.equal(cluster("alias-tls/127.0.0.1:8443"), "127.0.0.1:8443");
});
