import t from "tap";
import { findProviderByHost, findProviderByName, providerNames, providers } from "./registry.ts";

t.test("findProviderByName() finds canonical names and aliases in any case", async (t) => {
  for (const [name, wanted] of [
    ["openai", "openai"],
    ["OpenAI", "openai"],
    ["claude", "anthropic"],
    ["azure-openai", "azure_openai"],
    ["google", "google_genai"],
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
