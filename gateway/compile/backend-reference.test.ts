/** Backends of AIProviderRoutes: weights, missing ones, and those that would need a translation. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
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
const unenforced = [
  {
    name: "another schema",
    spec: { schema: { name: "anthropic" } },
    message: "(translation from openai to anthropic of Backend default/a)",
    own: "Accepted: Valid",
  },
  {
    name: "schema custom",
    spec: { schema: { name: "custom" } },
    message: "(translation from openai to custom of Backend default/a)",
    own: "Accepted: Valid",
  },
  {
    name: "model rewrites",
    spec: { modelRewrites: [{ from: "gpt-*", to: "gpt-5" }] },
    message: "(Backend default/a with spec.modelRewrites)",
    own: "NotEnforced: spec.modelRewrites is not enforced yet",
  },
  {
    name: "changed bodies",
    spec: { bodyMutation: { ensureStreamUsage: true } },
    message: "(Backend default/a with spec.bodyMutation.ensureStreamUsage)",
    own: "NotEnforced: spec.bodyMutation.ensureStreamUsage is not enforced yet",
  },
];

for (const { name, spec, message, own } of unenforced) {
  t.test(`resolveBackends() refuses the route of a backend with ${name}`, async (t) => {
    const result = route([backendRef("a")], backend("a", "a.example", spec));
    t.match(hostPolicy(result, "api.openai.com").rules[0]?.action, { reason: "not-enforced" });
    t.equal(
      conditionOf(result, label, "Accepted"),
      `NotEnforced: spec.rules[0].backendRefs[0] ${message} is not enforced yet`,
    );
    t.equal(conditionOf(result, "Backend default/a", "Accepted"), own);
  });
}

t.test("resolveBackends() refuses the route of an InferencePool", async (t) => {
  const result = route([backendRef("a")], object("Backend", "a", pool));
  t.match(hostPolicy(result, "api.openai.com").rules[0]?.action, { reason: "not-enforced" });
  t.equal(
    conditionOf(result, "Backend default/a", "Accepted"),
    "NotEnforced: spec.inferencePoolRef is not enforced yet",
  );
});

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
