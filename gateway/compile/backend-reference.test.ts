/** Backends of AIProviderRoutes: weights, tiers, missing ones, and what each of them speaks. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import type { Candidate } from "../routing-plan.ts";
import type { BackendTarget } from "../snapshot.ts";
import {
  aiRoute,
  backend,
  backendRef,
  compiled,
  conditionOf,
  gateway,
  hostPolicy,
  object,
  target,
} from "./testdata/objects.ts";

const label = "AIProviderRoute default/r";

function route(backendRefs: readonly object[], ...objects: readonly ParsedObject[]) {
  return compiled(gateway(), aiRoute("r", "openai", { backendRefs }), ...objects);
}

function targets(result: ReturnType<typeof compiled>): readonly BackendTarget[] {
  const action = hostPolicy(result, "api.openai.com").rules[0]?.action;
  if (action?.kind !== "forward") throw new Error(`Cannot read backends: it is ${action?.kind}`);
  return action.backends;
}

/** Candidates for chat completions. */
function candidates(result: ReturnType<typeof compiled>): readonly Candidate[] {
  const entry = hostPolicy(result, "api.openai.com").rules.find(
    ({ match }) => match.path?.value === "/v1/chat/completions",
  );
  const [rule] = entry?.engine?.routing?.rules ?? [];
  if (rule === undefined) throw new Error("Cannot read candidates: the engine does not choose");
  return rule.candidates;
}

t.test("resolveBackends() gives hosts, ports and weights in the order written", async (t) => {
  const result = route(
    [backendRef("b", { weight: 3 }), backendRef("a", { port: 8443 })],
    backend("a", "a.example", { upstream: { host: "A.example", port: 9443 } }),
    backend("b", "b.example"),
  );
  t.same(targets(result), [
    {
      backend: { kind: "Backend", namespace: "default", name: "b" },
      host: "b.example",
      port: 443,
      weight: 3,
      credentials: [],
    },
    {
      backend: { kind: "Backend", namespace: "default", name: "a" },
      host: "a.example",
      port: 8443,
      weight: 1,
      credentials: [],
    },
  ]);
  t.equal(conditionOf(result, "Backend default/a", "Accepted"), "Accepted: Valid");
});

t.test(
  "resolveBackends() takes a backend that speaks the provider's schema by any name",
  async (t) => {
    const spec = { schema: { name: "OpenAI" } };
    t.equal(targets(route([backendRef("a")], backend("a", "a.example", spec))).length, 1);
  },
);

const missing =
  "BackendNotFound: spec.rules[0].backendRefs[0]: Backend default/none does not exist";

t.test("resolveBackends() leaves the others when one is missing, and says so", async (t) => {
  const result = route([backendRef("none"), backendRef("a")], backend("a", "a.example"));
  t.same(
    targets(result).map(({ host }) => host),
    ["a.example"],
  );
  t.equal(conditionOf(result, label, "ResolvedRefs"), missing);
  t.equal(conditionOf(result, label, "Accepted"), "Accepted: Valid and attached");
});

t.test("resolveBackends() refuses the rule when none is left", async (t) => {
  const result = route([backendRef("none")]);
  t.same(hostPolicy(result, "api.openai.com").rules[0]?.action, {
    kind: "deny",
    status: 503,
    reason: "backend-missing",
    message: `Refused because ${label} has no backend for it: spec.rules[0].backendRefs[0]: Backend default/none does not exist`,
  });
  t.equal(conditionOf(result, label, "ResolvedRefs"), missing);
});

t.test("resolveBackends() refuses the rule when all weights are 0", async (t) => {
  const refs = [backendRef("a", { weight: 0 }), backendRef("none")];
  const result = route(refs, backend("a", "a.example"));
  t.match(hostPolicy(result, "api.openai.com").rules[0]?.action, {
    kind: "deny",
    reason: "backend-missing",
    message: `Refused because ${label} has no backend for it: all of its backends have weight 0`,
  });
});

t.test("resolveBackends() keeps a weight of 0 beside others", async (t) => {
  const refs = [backendRef("a", { weight: 0 }), backendRef("b")];
  const result = route(refs, backend("a", "a.example"), backend("b", "b.example"));
  t.same(
    targets(result).map(({ weight }) => weight),
    [0, 1],
  );
});

t.test("resolveBackends() follows no reference to another namespace", async (t) => {
  const refs = [backendRef("a", { namespace: "team" })];
  const result = route(refs, backend("team/a", "a.example"), backend("a", "wrong.example"));
  t.match(hostPolicy(result, "api.openai.com").rules[0]?.action, { reason: "backend-missing" });
  t.equal(
    conditionOf(result, label, "ResolvedRefs"),
    "BackendNotFound: spec.rules[0].backendRefs[0]: Backend team/a is in another namespace, and a route may only use backends of its own",
  );
  const own = route([backendRef("a", { namespace: "default" })], backend("a", "a.example"));
  t.equal(targets(own).length, 1);
});

const pool = {
  type: "InferencePool",
  inferencePoolRef: { group: "inference.networking.k8s.io", kind: "InferencePool", name: "p" },
};
const spoken = [
  {
    name: "another schema",
    spec: { schema: { name: "anthropic" } },
    want: { provider: "anthropic", basePath: "", modelRewrites: [], streamUsage: true },
  },
  {
    name: "schema custom and a base path",
    spec: { schema: { name: "Custom", basePath: "/x/v1" } },
    want: { provider: "", basePath: "/x/v1", modelRewrites: [] },
  },
  {
    name: "model rewrites",
    spec: { modelRewrites: [{ from: "gpt-*", to: "gpt-5" }] },
    want: { provider: "", modelRewrites: [{ from: "gpt-*", to: "gpt-5" }] },
  },
  {
    name: "usage left alone",
    spec: { bodyMutation: { ensureStreamUsage: false }, schema: { name: "Claude" } },
    want: { provider: "anthropic", streamUsage: false },
  },
];

for (const { name, spec, want } of spoken) {
  t.test(`resolveBackends() gives the engine a backend with ${name}`, async (t) => {
    const result = route([backendRef("a")], backend("a", "a.example", spec));
    t.match(candidates(result), [{ ...want, backend: { name: "a" }, authority: "a.example" }]);
    t.equal(conditionOf(result, label, "Accepted"), "Accepted: Valid and attached");
    t.equal(conditionOf(result, "Backend default/a", "Accepted"), "Accepted: Valid");
  });
}

t.test("resolveBackends() takes the wish to leave usage alone from any of them", async (t) => {
  const refs = [backendRef("a"), backendRef("b")];
  const spec = { bodyMutation: { ensureStreamUsage: false } };
  const result = route(refs, backend("a", "a.example"), backend("b", "b.example", spec));
  t.match(candidates(result), [{ streamUsage: false, pick: "" }]);
});

t.test("resolveBackends() refuses the route of a schema that nobody knows", async (t) => {
  const unknown = backend("a", "a.example", { schema: { name: "opnai" } });
  const result = route([backendRef("a")], unknown);
  t.match(hostPolicy(result, "api.openai.com").rules[0]?.action, {
    kind: "deny",
    reason: "not-enforced",
  });
  t.match(
    conditionOf(result, label, "Accepted"),
    /^ProviderNotFound: spec\.rules\[0\]\.backendRefs\[0\]: Backend default\/a: spec\.schema\.name: no provider "opnai": did you mean "openai"\? known are custom, anthropic, /,
  );
  t.match(conditionOf(result, "Backend default/a", "Accepted"), /^ProviderNotFound: spec\.schema/);
});

t.test("resolveBackends() gives an InferencePool a refusal of its own", async (t) => {
  const result = route([backendRef("a")], object("Backend", "a", pool));
  const message =
    "Backend default/a is an InferencePool, which this gateway does not serve: use a Backend of type Upstream";
  t.match(candidates(result), [
    { backend: { name: "a" }, refusal: { status: 501, reason: "backend-missing", message } },
  ]);
  t.equal(conditionOf(result, "Backend default/a", "Accepted"), "Accepted: Valid");
});

const fallback = object("FallbackRoutingPolicy", "f", {
  targetRefs: [target("AIProviderRoute", "r")],
});
const three = ["a", "b", "c"].map((name) => backend(name, `${name}.example`));
const tiers = [
  { name: "its position", more: [{}, {}, {}], policy: [fallback], want: [0, 1, 2] },
  {
    name: "its priority, 0 when only others have one",
    more: [{ priority: 2 }, {}, { priority: 1 }],
    policy: [fallback],
    want: [2, 0, 1],
  },
];
for (const { name, more, policy, want } of tiers) {
  t.test(`resolveBackends() gives each backend the tier of ${name}`, async (t) => {
    const refs = ["a", "b", "c"].map((one, index) => backendRef(one, more[index]));
    t.same(
      candidates(route(refs, ...three, ...policy)).map(({ tier }) => tier),
      want,
    );
  });
}

t.test(
  "resolveBackends() dials an alias of the gateway, on the backend's port unless it has one",
  async (t) => {
    const hostAliases = [
      { ip: "10.0.0.5", hostnames: ["a.example"] },
      { ip: "10.0.0.6", hostnames: ["b.example"], port: 9000 },
    ];
    const upstream = { host: "a.example", port: 8443 };
    const result = compiled(
      gateway({ upstreamTLS: { hostAliases } }),
      aiRoute("r", "openai", { backendRefs: [backendRef("a"), backendRef("b"), backendRef("c")] }),
      backend("a", "a.example", { upstream }),
      backend("b", "b.example"),
      backend("c", "192.168.0.9"),
    );
    t.same(
      targets(result).map(({ alias }) => alias),
      [
        { address: "10.0.0.5", port: 8443 },
        { address: "10.0.0.6", port: 9000 },
        { address: "192.168.0.9", port: 443 },
      ],
    );
  },
);
