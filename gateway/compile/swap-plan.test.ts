/** What is written over for whom, what refuses it, and what is watched for. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { compile } from "../compile.ts";
import { placeholderTag } from "../placeholder.ts";
import {
  aiRoute,
  awsCredential,
  backend,
  backendRef,
  conditionOf,
  forwardOf,
  gateway,
  gatewayOf,
  headerCredential,
  hostPolicy,
  httpRoute,
  object,
  parentsOf,
  queryCredential,
  secret,
  target,
} from "./testdata/objects.ts";

const placeholderKey = Buffer.alloc(32, 5);
const tag = placeholderTag(placeholderKey);
const value = "mk-7Hd8sK2lQ9pZ4xV6bN1mC3wE5rT0yU";
const key = secret("key", { token: value });
const web = httpRoute("web", ["a.example"]);
const toWeb = [target("EgressHTTPRoute", "web")];
const resource = "secret/default/key/token";

function compiled(...objects: readonly ParsedObject[]) {
  return compile({ objects, revision: 1, environment: { ownAddresses: [], placeholderKey } });
}

function swapping(name: string, targetRefs: readonly object[], spec: object = {}): ParsedObject {
  return object("CredentialInjectionPolicy", name, {
    targetRefs,
    secretRef: { name: "key" },
    target: "Placeholder",
    placeholder: {},
    ...spec,
  });
}

t.test(
  "swapPlan() swaps a placeholder in headers and basic authentication by default",
  async (t) => {
    const result = compiled(gateway(), web, swapping("p", toWeb), key);
    const { swap, credentials } = forwardOf(result, "a.example");
    const use = {
      kind: "placeholder",
      secret: { resource },
      placeholder: "placeholder/default/key/token",
      places: ["BasicAuth", "Header"],
    };
    t.match(credentials, [use]);
    t.match(swap, { gateway: "default/egress", placeholders: [use], scrubs: [], tag });
    t.equal(gatewayOf(result).placeholderTag, tag);
    t.equal(result.credentials.get(resource)?.reveal(), value);
    t.equal(result.credentials.get("placeholder/default/key/token")?.reveal().length, value.length);
    t.match(hostPolicy(result, "a.example").rules[0]?.engine, {
      hidesTarget: true,
      why: ["swaps placeholders"],
    });
  },
);

t.test("swapPlan() is the same for every order of places, and over rotations", async (t) => {
  const planOf = (places: readonly string[], token: string) =>
    forwardOf(
      compiled(
        gateway(),
        web,
        swapping("p", toWeb, { placeholder: { in: places } }),
        secret("key", { token }),
      ),
      "a.example",
    ).swap?.id;
  t.equal(planOf(["Path", "Query"], value), planOf(["Query", "Path"], value.replace("7", "8")));
  t.not(planOf(["Path"], value), planOf(["Query"], value));
});

t.test("swapPlan() is made for what answers are searched for, without a placeholder", async (t) => {
  const policy = headerCredential("p", toWeb, { scrubResponse: true });
  const result = compiled(gateway(), web, policy, key);
  const { swap } = forwardOf(result, "a.example");
  t.match(swap, { placeholders: [], scrubs: [{ kind: "header", scrub: true }] });
  t.notOk("tag" in (swap ?? {}));
  t.notOk("placeholderTag" in gatewayOf(result));
  t.match(hostPolicy(result, "a.example").rules[0]?.engine?.why, [
    "takes credentials out of answers",
  ]);
  const without = compiled(gateway(), web, headerCredential("p", toWeb), key);
  t.equal(forwardOf(without, "a.example").swap, undefined);
  t.equal(hostPolicy(without, "a.example").rules[0]?.engine, undefined);
});

t.test("swapPlan() takes two values of one route, and one policy for each", async (t) => {
  const other = secret("other", { token: value.replace("7", "9") });
  const result = compiled(
    gateway(),
    web,
    swapping("p", toWeb),
    swapping("q", toWeb, { secretRef: { name: "other" } }),
    swapping("r", toWeb),
    key,
    other,
  );
  t.equal(forwardOf(result, "a.example").swap?.placeholders.length, 2);
  t.match(parentsOf(result, "CredentialInjectionPolicy default/r"), [
    /Conflicted: CredentialInjectionPolicy default\/p already writes "placeholder of default\/key\/token"/,
  ]);
});

t.test("watchPlan() has the other backends refuse a placeholder of one", async (t) => {
  const refs = [backendRef("one"), backendRef("two")];
  const result = compiled(
    gateway(),
    aiRoute("r", "anthropic", { backendRefs: refs }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    swapping("p", [target("AIProviderRoute", "r", { sectionName: "one" })]),
    key,
  );
  const { rules } = hostPolicy(result, "api.anthropic.com");
  const action = rules.map((rule) => rule.action).find((one) => one.kind === "forward");
  const swaps = action?.kind === "forward" ? action.backends.map(({ swap }) => swap) : [];
  t.match(swaps, [
    { placeholders: [{ kind: "placeholder" }], tag },
    { placeholders: [], tag },
  ]);
});

t.test(
  "a credential in the query of one backend stays there when it is searched for",
  async (t) => {
    const result = compiled(
      gateway(),
      aiRoute("r", "mistral", { backendRefs: [backendRef("one"), backendRef("two")] }),
      backend("one", "one.example"),
      backend("two", "two.example"),
      queryCredential("p", [target("AIProviderRoute", "r", { sectionName: "one" })], {
        scrubResponse: true,
      }),
      key,
    );
    const plans = hostPolicy(result, "api.mistral.ai").rules.map(({ engine }) => engine);
    for (const plan of plans) t.same(plan?.queryCredentials ?? [], []);
  },
);

function fallbackRules(...objects: readonly ParsedObject[]) {
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", { backendRefs: [backendRef("one"), backendRef("two")] }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    object("FallbackRoutingPolicy", "f", { targetRefs: [target("AIProviderRoute", "r")] }),
    key,
    ...objects,
  );
  const { rules } = hostPolicy(result, "api.openai.com");
  const walk = rules.flatMap(({ action }) =>
    action.kind === "forward" && action.fallback !== undefined ? [action] : [],
  )[0];
  const routed = rules.flatMap(({ engine }) => engine?.routing?.rules ?? [])[0];
  return { rules, walk, routed };
}

t.test("where backends are tried one after another each attempt has a plan", async (t) => {
  const own = swapping("p", [target("AIProviderRoute", "r", { sectionName: "one" })]);
  const { walk, routed } = fallbackRules(own);
  t.match(walk?.backends, [
    { swap: { placeholders: [{ kind: "placeholder" }], scrubs: [] } },
    { swap: { placeholders: [], scrubs: [] } },
  ]);
  t.equal(walk?.swap, undefined, "the request itself is left alone");
  t.same(
    routed?.candidates.map(({ swap }) => swap),
    walk?.backends.map(({ swap }) => swap?.id),
  );
});

t.test("where backends are tried one after another all answers are searched", async (t) => {
  const of = (name: string, section: string) =>
    headerCredential(name, [target("AIProviderRoute", "r", { sectionName: section })], {
      scrubResponse: true,
    });
  const { walk, routed } = fallbackRules(of("p", "one"), of("q", "two"));
  t.match(walk?.swap, { placeholders: [], scrubs: [{ kind: "header" }, { kind: "header" }] });
  t.notOk("tag" in (walk?.swap ?? {}));
  t.ok(walk?.backends.every(({ swap }) => swap === undefined));
  t.ok(routed?.candidates.every(({ swap }) => swap === undefined));
});

t.test("a placeholder in requests that are signed for an attempt refuses", async (t) => {
  const toRoute = [target("AIProviderRoute", "r")];
  const aws = awsCredential("a", toRoute, { region: "eu-west-1" });
  const parts = secret("aws", { access_key_id: "AKIA", secret_access_key: "s" });
  const { walk, rules } = fallbackRules(swapping("p", toRoute), aws, parts);
  t.equal(walk, undefined);
  t.ok(
    rules.some(
      ({ action }) => action.kind === "deny" && /signed for a backend/.test(action.message),
    ),
  );
});

const impossible = [
  {
    name: "is too short",
    token: "hunter2",
    text: 'key "token" of Secret default/key has fewer than 20 letters and digits behind its prefix, 12 of them in a row, so that it can have no placeholder',
  },
  {
    name: "holds digits only",
    token: "1".repeat(40),
    text: 'key "token" of Secret default/key holds no letter, so that it can have no placeholder',
  },
];

for (const { name, token, text } of impossible) {
  t.test(`a value that ${name} has no placeholder, and its route refuses`, async (t) => {
    const result = compiled(gateway(), web, swapping("p", toWeb), secret("key", { token }));
    const label = "CredentialInjectionPolicy default/p";
    t.equal(conditionOf(result, label, "ResolvedRefs"), `SecretInvalid: ${text}`);
    t.match(hostPolicy(result, "a.example").rules[0]?.action, { reason: "credential-missing" });
    t.notOk("placeholderTag" in gatewayOf(result), "nobody was given any");
  });
}

t.test("no placeholder is made without a key for them", async (t) => {
  const result = compile({
    objects: [gateway(), web, swapping("p", toWeb), key],
    revision: 1,
    environment: { ownAddresses: [] },
  });
  t.match(hostPolicy(result, "a.example").rules[0]?.action, { reason: "credential-missing" });
});
