/** What CredentialInjectionPolicies are bound to, and what becomes of their targets' traffic when they fail. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { draftEgressHttpRoute } from "./egress-http-route.ts";
import { bindCredentials } from "./credential-policies.ts";
import { indexObjects } from "./object-index.ts";
import { StatusBook } from "./status-book.ts";
import {
  aiRoute,
  backend,
  backendRef,
  compiled,
  conditionOf,
  decisions,
  gateway,
  headerCredential,
  hostPolicy,
  httpRoute,
  object,
  parent,
  parentsOf,
  queryCredential,
  secret,
  statusOf,
  target,
} from "./testdata/objects.ts";

const key = secret("key", { token: "sk-1" });
const route = httpRoute("r", ["a.example"]);
const toRoute = target("EgressHTTPRoute", "r");
const label = "CredentialInjectionPolicy default/p";

function withPolicy(policy: ParsedObject, ...others: readonly ParsedObject[]) {
  return compiled(gateway(), route, policy, ...others);
}

t.test("bindCredentials() gives a route its credential", async (t) => {
  const result = withPolicy(headerCredential("p", [toRoute]), key);
  t.match(hostPolicy(result, "a.example").rules[0]?.action, {
    kind: "forward",
    credentials: [{ kind: "header", header: "authorization" }],
  });
  t.same(
    [...result.credentials].map(([name, value]) => [name, value.reveal()]),
    [["secret/default/key/token", "sk-1"]],
  );
  t.same(parentsOf(result, label), ["EgressHTTPRoute default/r Accepted: Valid and attached"]);
});

const failures = [
  {
    name: "its Secret is missing",
    secrets: [],
    reason: "SecretNotFound",
    text: "Secret default/key does not exist",
  },
  {
    name: "its Secret is in another namespace",
    secrets: [secret("team/key", { token: "sk-1" })],
    reason: "SecretNotFound",
    text: "Secret default/key does not exist",
  },
  {
    name: "its Secret lacks the key",
    secrets: [secret("key", { other: "sk-1" })],
    reason: "SecretKeyNotFound",
    text: 'Secret default/key has no key "token"',
  },
  {
    name: "the value is empty",
    secrets: [secret("key", { token: "" })],
    reason: "SecretInvalid",
    text: 'key "token" of Secret default/key is empty',
  },
  {
    name: "the value fits no header",
    secrets: [secret("key", { token: "sk-\u0000hidden" })],
    reason: "SecretInvalid",
    text: 'key "token" of Secret default/key has a character that no header can carry',
  },
];

for (const { name, secrets, reason, text } of failures) {
  t.test(`bindCredentials() refuses traffic when ${name}`, async (t) => {
    const result = withPolicy(headerCredential("p", [toRoute]), ...secrets);
    const message = `Refused because ${label} gives no credential: ${text}`;
    t.same(hostPolicy(result, "a.example").rules[0]?.action, {
      kind: "deny",
      status: 403,
      reason: "credential-missing",
      message,
      policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "p" },
    });
    t.equal(conditionOf(result, label, "ResolvedRefs"), `${reason}: ${text}`);
    t.same(statusOf(result, "EgressHTTPRoute default/r").problems, [message]);
    t.equal(result.credentials.size, 0);
    t.notMatch(JSON.stringify(result.statuses), /hidden/);
  });
}

t.test("bindCredentials() gives a route its query parameter", async (t) => {
  const result = withPolicy(queryCredential("p", [toRoute]), key);
  t.match(hostPolicy(result, "a.example").rules[0]?.action, {
    kind: "forward",
    credentials: [{ kind: "query", parameter: "key" }],
  });
  t.same([...result.credentials.keys()], ["secret/default/key/token"]);
  t.equal(conditionOf(result, label, "Accepted"), "Accepted: Valid and attached");
});

t.test("bindCredentials() refuses traffic whose query parameter has no value", async (t) => {
  const result = withPolicy(queryCredential("p", [toRoute]));
  t.same(decisions(hostPolicy(result, "a.example")), [
    "deny credential-missing EgressHTTPRoute r/0",
  ]);
  t.equal(
    conditionOf(result, label, "ResolvedRefs"),
    "SecretNotFound: Secret default/key does not exist",
  );
});

t.test(
  "bindCredentials() takes a header and a parameter of one name, not two such parameters",
  async (t) => {
    const result = compiled(
      gateway(),
      route,
      headerCredential("a", [toRoute], { headerName: "key" }),
      queryCredential("b", [toRoute]),
      queryCredential("p", [toRoute], { valuePrefix: "v1-" }),
      queryCredential("q", [toRoute], { queryParamName: "Key" }),
      key,
    );
    t.same(parentsOf(result, label), [
      'EgressHTTPRoute default/r Conflicted: CredentialInjectionPolicy default/b already writes "?key" for EgressHTTPRoute default/r',
    ]);
    t.match(hostPolicy(result, "a.example").rules[0]?.action, {
      credentials: [
        { kind: "header", policy: { name: "a" } },
        { kind: "query", policy: { name: "b" }, parameter: "key" },
        { kind: "query", policy: { name: "q" }, parameter: "Key" },
      ],
    });
  },
);

t.test("bindCredentials() tells the later of two policies for one header", async (t) => {
  const result = compiled(
    gateway(),
    route,
    headerCredential("p", [toRoute], { headerName: "AUTHORIZATION" }),
    headerCredential("a", [toRoute], { secretRef: { name: "other" } }),
    headerCredential("q", [toRoute], { headerName: "x-extra" }),
    key,
    secret("other", { token: "sk-2" }),
  );
  t.same(parentsOf(result, label), [
    'EgressHTTPRoute default/r Conflicted: CredentialInjectionPolicy default/a already writes "authorization" for EgressHTTPRoute default/r',
  ]);
  t.match(hostPolicy(result, "a.example").rules[0]?.action, {
    credentials: [
      { policy: { name: "a" }, header: "authorization" },
      { policy: { name: "q" }, header: "x-extra" },
    ],
  });
});

t.test(
  "bindCredentials() does not fall back to the later policy when the first fails",
  async (t) => {
    const result = compiled(
      gateway(),
      route,
      headerCredential("a", [toRoute], { secretRef: { name: "none" } }),
      headerCredential("p", [toRoute]),
      key,
    );
    t.same(decisions(hostPolicy(result, "a.example")), [
      "deny credential-missing EgressHTTPRoute r/0",
    ]);
  },
);

t.test("bindCredentials() takes the same target twice", async (t) => {
  const result = withPolicy(headerCredential("p", [toRoute, toRoute]), key);
  t.equal(conditionOf(result, label, "Accepted"), "Accepted: Valid and attached");
  t.match(hostPolicy(result, "a.example").rules[0]?.action, { credentials: { length: 1 } });
});

t.test("bindCredentials() says which targets are missing, and serves the others", async (t) => {
  const targets = [toRoute, target("AIProviderRoute", "none"), target("EgressGateway", "none")];
  const result = withPolicy(headerCredential("p", targets), key);
  t.same(parentsOf(result, label), [
    "EgressHTTPRoute default/r Accepted: Valid and attached",
    "AIProviderRoute default/none TargetNotFound: AIProviderRoute default/none does not exist",
    "EgressGateway default/none TargetNotFound: EgressGateway default/none does not exist",
  ]);
  t.match(conditionOf(result, label, "Accepted"), /^TargetNotFound/);
  t.same(decisions(hostPolicy(result, "a.example")), ["allow EgressHTTPRoute r/0"]);
});

t.test("bindCredentials() finds targets in the policy's own namespace only", async (t) => {
  const policy = headerCredential("team/p", [toRoute]);
  const result = withPolicy(policy, secret("team/key", { token: "sk-1" }));
  t.match(hostPolicy(result, "a.example").rules[0]?.action, { credentials: { length: 0 } });
  t.equal(result.credentials.size, 0);
});

t.test("bindCredentials() gives an MCPRoute its credential where it names hosts", async (t) => {
  const mcp = (hostnames: readonly string[]) =>
    object("MCPRoute", "m", { parentRefs: [parent()], hostnames, rules: [{}] });
  const policy = headerCredential("p", [target("MCPRoute", "m")]);
  const result = withPolicy(policy, mcp(["mcp.example"]), key);
  t.match(hostPolicy(result, "mcp.example").rules[0]?.action, {
    kind: "forward",
    credentials: [{ header: "authorization" }],
  });
  t.equal(
    conditionOf(withPolicy(policy, mcp([]), key), label, "Accepted"),
    "Invalid: MCPRoute default/m names no host, and a credential is bound to named hosts",
  );
});

t.test("bindCredentials() refuses a section that is no backend of the route", async (t) => {
  const policy = headerCredential("p", [target("AIProviderRoute", "ai", { sectionName: "none" })]);
  const ai = aiRoute("ai", "openai", { backendRefs: [backendRef("b")] });
  const result = compiled(gateway(), ai, backend("b", "b.example"), policy, key);
  t.same(parentsOf(result, label), [
    'AIProviderRoute default/ai/none Invalid: AIProviderRoute default/ai has no backend "none": its backends are "b"',
  ]);
});

t.test("bindCredentials() refuses the traffic of a route that names no host", async (t) => {
  const index = indexObjects([route, headerCredential("p", [toRoute]), key]);
  const [first] = index.list("EgressHTTPRoute");
  if (first === undefined) throw new Error("Cannot find the route in its index");
  const hostless = { ...first, spec: { ...first.spec, hostnames: [] } };
  const others = [headerCredential("p", [toRoute]), key];
  const changed = indexObjects([hostless, ...others]);
  t.same(draftEgressHttpRoute(hostless, changed).rules[0]?.hosts, [{ kind: "any", value: "" }]);
  const book = new StatusBook();
  const [binding] = bindCredentials(changed, book).get("EgressHTTPRoute default/r") ?? [];
  t.match(binding?.source, { kind: "deny", reason: "credential-missing" });
  const message =
    "EgressHTTPRoute default/r names no host, and a credential is bound to named hosts";
  const [policy] = book.build(indexObjects([headerCredential("p", [toRoute])]));
  t.match(policy?.conditions[0], { status: "False", reason: "Invalid", message });
  const result = compiled(gateway(), hostless, ...others);
  t.same(decisions(hostPolicy(result, "*")), ["deny credential-missing EgressHTTPRoute r/0"]);
});

t.test("bindCredentials() notes a line end that it left out", async (t) => {
  const result = withPolicy(headerCredential("p", [toRoute]), secret("key", { token: "sk-1\n" }));
  t.equal(result.credentials.get("secret/default/key/token")?.reveal(), "sk-1");
  t.same(statusOf(result, label).problems, [
    'Key "token" of Secret default/key ends with a line end, which is left out',
  ]);
});
