import t from "tap";
import type { Provider } from "./provider.ts";
import {
  addProviders,
  allProviders,
  credentialHeaderNames,
  findConflicts,
  findProviderByHost,
  findProviderByName,
  providerNames,
  providers,
  resetProviders,
} from "./registry.ts";

t.test("findProviderByName() finds canonical names and aliases in any case", async (t) => {
  for (const [name, wanted] of [
    ["openai", "openai"],
    ["OpenAI", "openai"],
    ["claude", "anthropic"],
    ["azure-openai", "azure_openai"],
    ["google", "google_genai"],
    ["Vertex", "google_vertex"],
    ["Bedrock", "aws_bedrock"],
    ["mistral", "mistral_ai"],
    ["vLLM", "openai_compatible"],
    ["deepseek", "openai_compatible"],
    ["openai-compatible", "openai_compatible"],
  ] as const) {
    t.equal(findProviderByName(name)?.name, wanted, name);
  }
});

t.test("findProviderByName() finds nothing for unknown and prototype names", async (t) => {
  for (const name of ["", "opnai", "constructor", "__proto__", "openai "]) {
    t.equal(findProviderByName(name), undefined, JSON.stringify(name));
  }
});

t.test(
  "findProviderByHost() matches exact hosts and suffixes only at a label border",
  async (t) => {
    for (const [host, wanted] of [
      ["api.openai.com", "openai"],
      ["api.anthropic.com", "anthropic"],
      ["my-resource.openai.azure.com", "azure_openai"],
      ["bedrock-runtime.us-east-1.amazonaws.com", "aws_bedrock"],
      ["vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "aws_bedrock"],
      ["generativelanguage.googleapis.com", "google_genai"],
      ["aiplatform.googleapis.com", "google_vertex"],
      ["us-central1-aiplatform.googleapis.com", "google_vertex"],
      ["evil-aiplatform.googleapis.com", undefined],
      ["api.mistral.ai", "mistral_ai"],
      ["openrouter.ai", "openai_compatible"],
      ["api.groq.com", "openai_compatible"],
      ["api.x.ai", "openai_compatible"],
      ["x.ai", undefined],
      ["openai.azure.com", undefined],
      ["evilopenai.azure.com", undefined],
      ["api.openai.com.evil.example", undefined],
      ["", undefined],
    ] as const) {
      t.equal(findProviderByHost(host)?.name, wanted, host);
    }
  },
);

t.test(
  "providers have unique names, lower-case hosts and bodies that carry the message",
  async (t) => {
    const names = providerNames();
    t.equal(new Set(names).size, names.length);
    for (const provider of providers) {
      for (const host of provider.hosts) t.equal(host, host.toLowerCase());
      for (const status of [401, 403, 429, 503]) {
        const body = JSON.stringify(
          provider.errorBody({ status, message: "no route", code: "clrk_default_policy" }),
        );
        t.match(body, "no route", `${provider.name} ${status}`);
      }
    }
  },
);

function pluginOf(more: Partial<Provider>): Provider {
  return {
    name: "acme",
    aliases: ["acme-ai"],
    hosts: ["api.acme.test", "*.eu.acme.test"],
    credentialHeaders: [],
    errorBody: ({ message }) => ({ message }),
    errorHeaders: [],
    ...more,
  };
}

t.test("addProviders() lets every look-up see what it adds", async (t) => {
  t.teardown(resetProviders);
  const plugin = pluginOf({});
  t.same(addProviders([plugin]), []);
  t.equal(findProviderByName("Acme-AI"), plugin);
  t.equal(findProviderByHost("a.eu.acme.test"), plugin);
  t.equal(findProviderByHost("api.openai.com")?.name, "openai");
  t.equal(allProviders().at(-1), plugin);
  t.ok(providerNames().includes("acme-ai"));
  t.notOk(providers.includes(plugin), "it is no built-in one");
});

t.test("resetProviders() leaves the built-in ones", async (t) => {
  addProviders([pluginOf({})]);
  resetProviders();
  t.equal(findProviderByName("acme"), undefined);
  t.equal(allProviders(), providers);
});

for (const { name, list, problems } of [
  {
    name: "a name",
    list: [pluginOf({ name: "openai" })],
    problems: ['name "openai" of openai is taken by openai'],
  },
  {
    name: "an alias, dashes or not",
    list: [pluginOf({ aliases: ["aws_bedrock", "google-genai"] })],
    problems: [
      'name "aws_bedrock" of acme is taken by aws_bedrock',
      'name "google-genai" of acme is taken by google_genai',
    ],
  },
  {
    name: "a host",
    list: [pluginOf({ hosts: ["api.openai.com"] })],
    problems: ['host "api.openai.com" of acme is taken by "api.openai.com" of openai'],
  },
  {
    name: "a host under a wildcard",
    list: [pluginOf({ hosts: ["mine.openai.azure.com"] })],
    problems: [
      'host "mine.openai.azure.com" of acme is taken by "*.openai.azure.com" of azure_openai',
    ],
  },
  {
    name: "a wildcard over a host",
    list: [pluginOf({ hosts: ["*.anthropic.com"] })],
    problems: ['host "*.anthropic.com" of acme is taken by "api.anthropic.com" of anthropic'],
  },
  {
    name: "a name and host of another plugin",
    list: [pluginOf({}), pluginOf({ aliases: [], hosts: ["x.eu.acme.test"] })],
    problems: [
      'name "acme" of acme is taken by acme',
      'host "x.eu.acme.test" of acme is taken by "*.eu.acme.test" of acme',
    ],
  },
]) {
  t.test(`addProviders() adds nothing where ${name} is taken`, async (t) => {
    t.teardown(resetProviders);
    t.same(findConflicts(list), problems);
    t.same(addProviders(list), problems);
    t.equal(allProviders(), providers);
  });
}

t.test("addProviders() takes hosts that only look alike", async (t) => {
  t.teardown(resetProviders);
  t.same(addProviders([pluginOf({ hosts: ["openai.azure.com", "notapi.openai.com"] })]), []);
});

t.test("credentialHeaderNames() follows what is added and forgotten", async (t) => {
  t.teardown(resetProviders);
  const before = credentialHeaderNames();
  t.ok(before.has("authorization") && before.has("x-api-key"));
  t.equal(credentialHeaderNames(), before, "found once");
  addProviders([{ ...pluginOf({}), credentialHeaders: ["x-acme-key"] }]);
  t.ok(credentialHeaderNames().has("x-acme-key"));
  resetProviders();
  t.notOk(credentialHeaderNames().has("x-acme-key"));
});
