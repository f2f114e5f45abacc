/** AIProviderRoutes as rules: providers, endpoints, and what is not enforced. */
import t from "tap";
import { findProviderByName } from "../../providers/registry.ts";
import {
  aiRoute,
  backend,
  backendRef,
  compiled,
  conditionOf,
  decisions,
  gateway,
  gatewayOf,
  hostPolicy,
  hostTexts,
  loggedBy,
  logging,
  object,
  target,
} from "./testdata/objects.ts";

const label = "AIProviderRoute default/r";

function route(rule: object, provider = "openai") {
  return compiled(gateway(), aiRoute("r", provider, { ...rule }));
}

t.test("draftAiProviderRoute() allows the hosts of a provider, by any of its names", async (t) => {
  for (const name of ["azure_openai", "Azure-OpenAI", "AZURE"]) {
    const result = route({}, name);
    t.same(hostTexts(gatewayOf(result)), [
      "*.services.ai.azure.com",
      "*.cognitiveservices.azure.com",
      "*.openai.azure.com",
    ]);
    t.equal(hostPolicy(result, "*.openai.azure.com").rules[0]?.provider, "azure_openai");
  }
});

t.test("draftAiProviderRoute() makes paths of endpoints", async (t) => {
  const endpoints = ["/v1/models", "/v1/chat/*"];
  const result = route({ matches: [{ provider: "openai", endpoints }] });
  t.same(
    hostPolicy(result, "api.openai.com").rules.map(({ match }) => match),
    [
      { method: "POST", path: { kind: "exact", value: "/v1/chat/completions" } },
      { path: { kind: "exact", value: "/v1/models" } },
      { path: { kind: "regex", value: "/v1/chat/(?s:.*)" } },
    ],
  );
});

t.test("draftAiProviderRoute() keeps each match to the hosts of its own provider", async (t) => {
  const result = route({
    matches: [{ provider: "anthropic", endpoints: ["/v1/messages"] }, { provider: "openai" }],
  });
  t.same(
    hostPolicy(result, "api.anthropic.com").rules.map(({ match, provider }) => [provider, match]),
    [["anthropic", { path: { kind: "exact", value: "/v1/messages" } }]],
  );
  t.same(
    hostPolicy(result, "api.openai.com").rules.map(({ match, provider }) => [provider, match]),
    [
      ["openai", { method: "POST", path: { kind: "exact", value: "/v1/chat/completions" } }],
      ["openai", {}],
    ],
  );
});

t.test("draftAiProviderRoute() takes models that are not limited", async (t) => {
  for (const models of [[], ["*"], ["gpt-*", "*"]]) {
    const result = route({ matches: [{ provider: "openai", models }] });
    const { rules } = hostPolicy(result, "api.openai.com");
    t.same(
      rules.map(({ action, match, engine }) => [action.kind, match.path, engine?.routing?.rules]),
      [
        ["forward", chatPath, [{ ...aloneRule }]],
        ["forward", undefined, undefined],
      ],
      "only how the usage of streams is told differs",
    );
  }
});

t.test("draftAiProviderRoute() has the engine choose where models are limited", async (t) => {
  const result = route({ matches: [{ provider: "openai", models: ["gpt-4*"] }] });
  const { rules } = hostPolicy(result, "api.openai.com");
  const entries = rules.filter(({ action }) => action.kind === "choose");
  t.same(
    entries.map(({ match }) => match.path?.value),
    findProviderByName("openai")?.operations?.flatMap(({ paths }) => paths),
    "every call that is known, and no other request",
  );
  for (const { match, engine } of entries) {
    t.equal(match.method, "POST");
    t.match(engine?.routing, {
      otherwise: "deny",
      rules: [{ models: ["gpt-4*"], candidates: [{ backend: null, provider: "openai" }] }],
    });
  }
  t.same(
    rules.filter(({ pick }) => pick !== undefined).map(({ action }) => action.kind),
    ["forward"],
    "one way, however many paths lead to it",
  );
  t.equal(rules.length, entries.length + 1);
});

t.test("draftAiProviderRoute() leaves calls of a limited match to the next rule", async (t) => {
  const rules = [
    { matches: [{ provider: "openai", models: ["gpt-4*"] }] },
    { matches: [{ provider: "openai" }] },
  ];
  const result = compiled(gateway(), aiRoute("r", "openai", {}, { rules }));
  const entry = hostPolicy(result, "api.openai.com").rules.find(
    ({ match }) => match.path?.value === "/v1/chat/completions",
  );
  t.same(
    entry?.engine?.routing?.rules.map(({ ruleIndex, models }) => [ruleIndex, models]),
    [
      [0, ["gpt-4*"]],
      [1, []],
    ],
  );
});

t.test("draftAiProviderRoute() has each call captured by the rule that it goes by", async (t) => {
  const rules = [
    { matches: [{ provider: "openai", models: ["gpt-4*"] }] },
    { matches: [{ provider: "openai" }], filters: loggedBy("all") },
  ];
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", {}, { rules }),
    logging("all", { captureRequest: true }),
  );
  const entries = hostPolicy(result, "api.openai.com").rules.filter(
    ({ action }) => action.kind === "choose",
  );
  const paths = findProviderByName("openai")?.operations?.flatMap((one) => one.paths);
  t.same(
    entries.map(({ match }) => match.path?.value),
    paths,
  );
  for (const { engine } of entries) {
    const [limited, open] = engine?.routing?.rules ?? [];
    t.equal(limited?.capture, undefined);
    t.not(open?.capture, undefined);
  }
});

const foreign = backend("claude", "a.example", { schema: { name: "anthropic" } });

t.test("draftAiProviderRoute() lets only model calls go to another provider", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", { backendRefs: [backendRef("claude")] }),
    foreign,
  );
  const { rules } = hostPolicy(result, "api.openai.com");
  t.ok(rules.some(({ action }) => action.kind === "choose"));
  t.same(rules.at(-1)?.match, {});
  t.match(rules.at(-1)?.action, {
    kind: "deny",
    status: 403,
    reason: "not-translatable",
    message: `Refused because ${label} has other providers serve calls to openai, and only plain model calls can be translated: no WebSocket, and no other request of its API`,
  });
});

t.test("draftAiProviderRoute() sends all else to the backends that speak its API", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", {
      backendRefs: [backendRef("claude"), backendRef("own"), backendRef("moved")],
    }),
    foreign,
    backend("own", "b.example", { modelRewrites: [{ from: "*", to: "gpt-5" }] }),
    backend("moved", "c.example", { schema: { name: "openai", basePath: "/x" } }),
  );
  const action = hostPolicy(result, "api.openai.com").rules.at(-1)?.action;
  t.same(action?.kind === "forward" && action.backends.map(({ host }) => host), ["b.example"]);
});

t.test("draftAiProviderRoute() tries backends one after another by a policy", async (t) => {
  const backendRefs = [backendRef("a"), backendRef("b")];
  const objects = [
    aiRoute("r", "openai", { backendRefs }),
    backend("a", "a.example"),
    backend("b", "b.example"),
  ];
  const policy = object("FallbackRoutingPolicy", "f", {
    targetRefs: [target("AIProviderRoute", "r")],
  });
  const walks = (result: ReturnType<typeof compiled>) =>
    hostPolicy(result, "api.openai.com").rules.filter(
      ({ action }) => action.kind === "forward" && action.fallback !== undefined,
    );
  t.equal(walks(compiled(gateway(), ...objects)).length, 0);
  t.equal(walks(compiled(gateway(), ...objects, policy)).length, 1);
});

const chatPath = { kind: "exact", value: "/v1/chat/completions" };
const aloneRule = {
  route: { kind: "AIProviderRoute", namespace: "default", name: "r" },
  ruleIndex: 0,
  endpoints: [],
  models: [],
  meters: true,
  candidates: [
    {
      pick: "",
      backend: null,
      provider: "openai",
      basePath: "",
      authority: "",
      tier: 0,
      weight: 1,
      modelRewrites: [],
      streamUsage: true,
      queryCredentials: [],
    },
  ],
};

const unenforced = [
  {
    name: "a plugin's policy",
    rule: { filters: [{ type: "ExtensionRef", extensionRef: target("MyPolicy", "p") }] },
    message: "spec.rules[0].filters[0].extensionRef (MyPolicy default/p) is not enforced yet",
  },
];

for (const { name, rule, message } of unenforced) {
  t.test(`draftAiProviderRoute() refuses a whole route with ${name}`, async (t) => {
    const rules = [
      { matches: [{ provider: "openai" }], ...rule },
      { matches: [{ provider: "anthropic" }] },
    ];
    const result = compiled(gateway(), aiRoute("r", "openai", {}, { rules }));
    t.equal(conditionOf(result, label, "Accepted"), `NotEnforced: ${message}`);
    for (const host of ["api.openai.com", "api.anthropic.com"]) {
      const actions = hostPolicy(result, host).rules.map(({ action }) => action);
      t.ok(actions.length > 0);
      for (const action of actions) {
        t.same(action, {
          kind: "deny",
          status: 403,
          reason: "not-enforced",
          message: `Refused because ${label} cannot be enforced: ${message}`,
        });
      }
    }
  });
}

t.test("draftAiProviderRoute() names the nearest provider for an unknown one", async (t) => {
  const result = route({ matches: [{ provider: "anthropic" }, { provider: "opnai" }] });
  t.match(
    conditionOf(result, label, "Accepted"),
    /^ProviderNotFound: spec\.rules\[0\]\.matches\[1\]\.provider: no provider "opnai": did you mean "openai"\? known are anthropic, aws_bedrock, .*gemini, .*litellm \(nothing is refused by it, because its hosts are unknown\)$/,
  );
  t.same(decisions(hostPolicy(result, "api.anthropic.com")), [
    "deny not-enforced AIProviderRoute r/0",
  ]);
  t.throws(() => hostPolicy(result, "api.openai.com"));
});

t.test("draftAiProviderRoute() suggests nothing when no name is near", async (t) => {
  const result = route({ matches: [{ provider: "zzzzzzzz" }] });
  t.match(conditionOf(result, label, "Accepted"), /no provider "zzzzzzzz": known are anthropic,/);
});

t.test("draftAiProviderRoute() takes hosts in place of the provider's own", async (t) => {
  for (const [provider, name] of [
    ["Custom", "openai_compatible"],
    ["vllm", "openai_compatible"],
    ["anthropic", "anthropic"],
  ]) {
    const hostnames = ["llm.example", "*.llm.example"];
    const result = route({ matches: [{ provider, hostnames }] });
    t.same(
      gatewayOf(result).hosts.flatMap(({ host, rules }) => (rules.length > 0 ? [host.value] : [])),
      ["llm.example", "llm.example"],
    );
    const { rules } = hostPolicy(result, "llm.example");
    t.ok(rules.every((rule) => rule.provider === name));
    t.match(rules.at(-1), { engine: { meters: true, provider: name } });
  }
});

t.test("draftAiProviderRoute() refuses a host that is an address", async (t) => {
  const result = route({ matches: [{ provider: "custom", hostnames: ["10.0.0.1"] }] });
  t.equal(
    conditionOf(result, label, "Accepted"),
    "NotEnforced: spec.rules[0].matches[0].hostnames[0] (an address) is not enforced yet",
  );
});

t.test("draftAiProviderRoute() does not enforce provider custom without hosts", async (t) => {
  const result = route({ matches: [{ provider: "Custom" }] });
  t.equal(
    conditionOf(result, label, "Accepted"),
    'NotEnforced: spec.rules[0].matches[0].provider "custom" names no hosts and is not enforced without them: name those of the server in hostnames',
  );
  t.same(gatewayOf(result).hosts, []);
});

t.test("draftAiProviderRoute() has no provider for names that objects inherit", async (t) => {
  const result = route({ matches: [{ provider: "constructor" }] });
  t.match(conditionOf(result, label, "Accepted"), /^ProviderNotFound/);
});

t.test(
  "draftAiProviderRoute() bounds requests, by whoever knows which rule they mean",
  async (t) => {
    const filters = [{ type: "RequestSizeLimit", requestSizeLimit: { maxBytes: 9 } }];
    const rulesOf = (...matches: readonly object[]) =>
      hostPolicy(
        compiled(gateway(), aiRoute("ai", "openai", { matches, filters })),
        "api.openai.com",
      ).rules;
    const plain = rulesOf({ provider: "openai" });
    t.ok(plain.length > 0);
    for (const { action, engine } of plain) {
      t.match(action, { kind: "forward", maxRequestBytes: 9 });
      for (const rule of engine?.routing?.rules ?? []) t.equal(rule.maxRequestBytes, 9);
    }
    const chosen = rulesOf({ provider: "openai", models: ["gpt-5*"] });
    const entries = chosen.filter(({ action }) => action.kind === "choose");
    t.ok(entries.length > 0);
    for (const { engine } of entries) t.match(engine?.routing?.rules, [{ maxRequestBytes: 9 }]);
  },
);
