/** Ways of one rule whose requests the engine reads: who may serve, with which credentials, in which order. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import type { RoutedRule } from "../routing-plan.ts";
import type { CredentialUse, HttpAction, HttpRule } from "../snapshot.ts";
import {
  aiRoute,
  awsCredential,
  backend,
  backendRef,
  compiled,
  gateway,
  headerCredential,
  hostPolicy,
  object,
  queryCredential,
  secret,
  target,
} from "./testdata/objects.ts";

type Forward = Extract<HttpAction, { readonly kind: "forward" }>;

const host = "api.openai.com";
const chatPath = "/v1/chat/completions";
const key = secret("key", { token: "sk-1" });
const aws = secret("aws", { access_key_id: "AKIA", secret_access_key: "shh" });
const fallback = (spec: object = {}) =>
  object("FallbackRoutingPolicy", "f", { targetRefs: [target("AIProviderRoute", "r")], ...spec });
const toBackend = (name: string) => [target("AIProviderRoute", "r", { sectionName: name })];
const claude = backend("claude", "claude.example", { schema: { name: "anthropic" } });
const own = backend("own", "own.example");
const bedrock = backend("bedrock", "bedrock-runtime.us-east-1.amazonaws.com", {
  schema: { name: "bedrock" },
});

interface Chosen {
  readonly routed: RoutedRule;
  readonly rules: readonly HttpRule[];
  /** What the rule with a pick forwards to */
  readonly way: (pick: string | undefined) => Forward | undefined;
}

function chosen(refs: readonly object[], ...objects: readonly ParsedObject[]): Chosen {
  const result = compiled(gateway(), aiRoute("r", "openai", { backendRefs: refs }), ...objects);
  const { rules } = hostPolicy(result, host);
  const entry = rules.find(({ match }) => match.path?.value === chatPath);
  const [routed] = entry?.engine?.routing?.rules ?? [];
  if (routed === undefined) throw new Error("Cannot read the choice: the engine is not asked");
  const way = (pick: string | undefined) => {
    const action = rules.find((rule) => rule.pick === pick && pick !== undefined)?.action;
    return action?.kind === "forward" ? action : undefined;
  };
  return { routed, rules, way };
}

function refs(...names: readonly string[]) {
  return names.map((name) => backendRef(name));
}

const policies = (uses: readonly CredentialUse[]) => uses.map(({ policy }) => policy.name);

t.test("createChoice() gives each backend a way of its own, with its credentials", async (t) => {
  const { routed, way } = chosen(
    refs("claude", "own"),
    claude,
    own,
    headerCredential("a", toBackend("claude"), { headerName: "x-api-key" }),
    headerCredential("b", toBackend("own")),
    key,
  );
  const [first, second] = routed.candidates;
  t.match(first, {
    backend: { name: "claude" },
    provider: "anthropic",
    authority: "claude.example",
  });
  t.match(second, { backend: { name: "own" }, provider: "", authority: "own.example" });
  for (const [candidate, name, policy] of [
    [first, "claude.example", "a"],
    [second, "own.example", "b"],
  ] as const) {
    const action = way(candidate?.pick);
    t.same(
      action?.backends.map((one) => one.host),
      [name],
    );
    t.same(
      policies([...(action?.credentials ?? []), ...(action?.backends[0]?.credentials ?? [])]),
      [policy],
    );
  }
});

t.test("createChoice() gives what the agent's own provider gets to no other one", async (t) => {
  const toRoute = [target("AIProviderRoute", "r")];
  const { routed, way } = chosen(
    refs("claude", "own"),
    claude,
    own,
    headerCredential("all", toRoute),
    queryCredential("query", toRoute),
    headerCredential("gateway", [target("EgressGateway", "egress")], { headerName: "x-team" }),
    key,
  );
  const usesOf = (pick: string | undefined) => {
    const action = way(pick);
    return policies([
      ...(action?.credentials ?? []),
      ...(action?.backends ?? []).flatMap(({ credentials }) => credentials),
    ]).toSorted();
  };
  const [first, second] = routed.candidates;
  t.same(usesOf(first?.pick), []);
  t.same(first?.queryCredentials, []);
  t.same(usesOf(second?.pick), ["all", "gateway", "query"]);
  t.same(policies(second?.queryCredentials ?? []), ["query"]);
});

t.test("createChoice() keeps a query credential of one backend from the others", async (t) => {
  const { routed, way } = chosen(
    refs("one", "two"),
    backend("one", "one.example"),
    backend("two", "two.example"),
    queryCredential("q", toBackend("two")),
    key,
  );
  t.same(
    routed.candidates.map(({ backend: name, queryCredentials }) => [
      name?.name,
      policies(queryCredentials),
    ]),
    [
      ["one", []],
      ["two", ["q"]],
    ],
    "Envoy deals no shares where the engine writes something for one of them",
  );
  for (const { pick } of routed.candidates) t.equal(way(pick)?.backends.length, 1);
});

t.test("createChoice() keeps a signature of one backend from the others", async (t) => {
  const { routed } = chosen(
    refs("one", "bedrock"),
    backend("one", "one.example"),
    backend("bedrock", "bedrock-runtime.us-east-1.amazonaws.com"),
    awsCredential("s", toBackend("bedrock")),
    aws,
  );
  t.same(
    routed.candidates.map(({ signing }) => signing?.policy.name),
    [undefined, "s"],
  );
});

t.test("createChoice() leaves shares of equal backends to Envoy", async (t) => {
  const { routed, rules } = chosen(refs("one", "two"), ...equals());
  t.match(routed.candidates, [{ pick: "", backend: null, provider: "openai", weight: 1 }]);
  t.equal(routed.candidates.length, 1);
  const action = rules.find(({ match }) => match.path?.value === chatPath)?.action;
  t.equal(action?.kind === "forward" && action.backends.length, 2);
});

t.test("createChoice() has attempts sign where the way is known by the path", async (t) => {
  const { routed, rules } = chosen(
    refs("bedrock"),
    backend("bedrock", "bedrock-runtime.us-east-1.amazonaws.com"),
    awsCredential("s", toBackend("bedrock")),
    aws,
  );
  t.equal(routed.candidates[0]?.signing, undefined, "or the request would be signed twice");
  const action = rules.find(({ match }) => match.path?.value === chatPath)?.action;
  t.match(action, { kind: "forward", backends: [{ attempt: { signing: { kind: "aws-sigv4" } } }] });
});

function equals() {
  return [backend("one", "one.example"), backend("two", "two.example")];
}

t.test("createChoice() deals by weight alone where no policy makes an order", async (t) => {
  const list = [backendRef("claude", { weight: 3, priority: 4 }), backendRef("own")];
  const { routed } = chosen(list, claude, own);
  t.equal(routed.fallback, undefined);
  t.same(
    routed.candidates.map(({ tier, weight }) => [tier, weight]),
    [
      [0, 3],
      [0, 1],
    ],
  );
});

t.test(
  "createChoice() gives a backend without a share no way, which Envoy would refuse",
  async (t) => {
    const list = [backendRef("claude"), backendRef("own", { weight: 0 })];
    const { routed, way } = chosen(list, claude, own);
    t.same(
      routed.candidates.map(({ weight }) => weight),
      [1, 0],
    );
    t.ok(way(routed.candidates[0]?.pick));
    t.equal(way(routed.candidates[1]?.pick), undefined);
  },
);

t.test("createChoice() tells apart a backend that is named twice", async (t) => {
  const { routed } = chosen(refs("own", "own"), own, fallback());
  const picks = routed.candidates.map(({ pick }) => pick);
  t.equal(new Set(picks).size, 2);
});

t.test("createChoice() says why a candidate serves nobody, and keeps the others", async (t) => {
  const { routed, way } = chosen(
    refs("claude", "own"),
    claude,
    own,
    headerCredential("a", toBackend("claude"), { secretRef: { name: "none" } }),
  );
  const [first, second] = routed.candidates;
  t.match(first?.refusal, { status: 403, reason: "credential-missing" });
  t.equal(way(first?.pick), undefined);
  t.equal(second?.refusal, undefined);
});

t.test("createChoice() sends no credential by plain HTTP", async (t) => {
  const local = backend("local", "local.example", {
    upstream: { host: "local.example", tls: false, port: 8080 },
    schema: { name: "anthropic" },
  });
  const { routed, way } = chosen(
    refs("local", "own"),
    local,
    own,
    headerCredential("a", toBackend("local")),
    key,
    fallback(),
  );
  const [first] = routed.candidates;
  t.match(first, { authority: "local.example:8080", refusal: { reason: "credential-needs-tls" } });
  t.equal(way(first?.pick), undefined);
  t.equal(routed.fallback, undefined, "nobody is left to fall back to");
});

t.test(
  "createChoice() names the port of a backend only where it is not the scheme's",
  async (t) => {
    const at = (name: string, upstream: object) =>
      backend(name, "x", { upstream, schema: { name: "anthropic" } });
    const { routed } = chosen(
      refs("a", "b", "c", "d", "e"),
      at("a", { host: "a.example" }),
      at("b", { host: "b.example", port: 80 }),
      at("c", { host: "c.example", port: 80, tls: false }),
      at("d", { host: "d.example", port: 443, tls: false }),
      at("e", { host: "2001:db8::1", port: 8443 }),
    );
    t.same(
      routed.candidates.map(({ authority }) => authority),
      ["a.example", "b.example:80", "c.example", "d.example:443", "[2001:db8::1]:8443"],
    );
  },
);

const retried = [
  { name: "one less than there are backends", names: ["a", "b", "c"], spec: {}, want: 2 },
  { name: "what the policy says", names: ["a", "b", "c"], spec: { numRetries: 1 }, want: 1 },
  { name: "more than there are backends", names: ["a"], spec: { numRetries: 3 }, want: 3 },
  { name: "none for one backend", names: ["a"], spec: {}, want: undefined },
  {
    name: "none when the policy says so",
    names: ["a", "b"],
    spec: { numRetries: 0 },
    want: undefined,
  },
  {
    name: "five at most by itself",
    names: ["a", "b", "c", "d", "e", "f", "g"],
    spec: {},
    want: 5,
  },
];
for (const { name, names, spec, want } of retried) {
  t.test(`createChoice() tries again: ${name}`, async (t) => {
    const objects = names.map((one) => backend(one, `${one}.example`));
    const { routed } = chosen(refs(...names), ...objects, fallback({ retry: spec }));
    t.equal(routed.fallback?.retries, want);
  });
}

t.test("createChoice() waits for an attempt as long as the gateway, unless told", async (t) => {
  const times = (spec: object) => {
    const { routed } = chosen(refs("one", "two"), ...equals(), fallback({ retry: spec }));
    return routed.fallback?.perTryTimeoutMs;
  };
  t.equal(times({ perTryTimeout: "7s" }), 7_000);
  t.ok((times({}) ?? 0) >= 30_000);
});

t.test("createChoice() gives every attempt its own credentials, and the walk none", async (t) => {
  const { routed, way } = chosen(
    refs("claude", "bedrock", "own"),
    claude,
    bedrock,
    own,
    headerCredential("a", toBackend("claude"), { headerName: "x-api-key" }),
    awsCredential("s", toBackend("bedrock")),
    headerCredential("o", toBackend("own")),
    aws,
    key,
    fallback(),
  );
  const walk = way(routed.fallback?.pick);
  t.same(walk?.credentials, []);
  t.same(
    walk?.backends.map(({ credentials, attempt }) => [
      policies(credentials),
      attempt?.fallback?.candidate,
      attempt?.fallback?.provider,
      attempt?.signing?.policy.name,
    ]),
    [
      [["a"], 0, "openai", undefined],
      [["s"], 1, "openai", "s"],
      [["o"], 2, "openai", undefined],
    ],
  );
  t.equal(new Set(walk?.backends.map(({ attempt }) => attempt?.id)).size, 3);
});

t.test(
  "createChoice() has attempts keep the guard, but for addresses that are named",
  async (t) => {
    const { routed, way } = chosen(
      refs("own", "address"),
      own,
      backend("address", "10.1.2.3"),
      fallback(),
    );
    const ranges = way(routed.fallback?.pick)?.backends.map(
      ({ attempt }) => attempt?.fallback?.guardedRanges,
    );
    t.ok(ranges?.[0]?.includes("10.0.0.0/8"));
    t.same(ranges?.[1], []);
  },
);

t.test("createChoice() changes picks with what they lead to, and with nothing else", async (t) => {
  const picksOf = (...objects: readonly ParsedObject[]) => {
    const { routed } = chosen(refs("claude", "own"), ...objects, key);
    return routed.candidates.map(({ pick }) => pick);
  };
  const first = picksOf(claude, own);
  t.match(first, [/^[0-9a-f]{16}$/, /^[0-9a-f]{16}$/]);
  t.same(picksOf(own, claude), first);
  const moved = picksOf(claude, backend("own", "moved.example"));
  t.equal(moved[0], first[0]);
  t.not(moved[1], first[1]);
  const credentialed = picksOf(claude, own, headerCredential("a", toBackend("claude")));
  t.not(credentialed[0], first[0]);
  t.equal(credentialed[1], first[1]);
});
