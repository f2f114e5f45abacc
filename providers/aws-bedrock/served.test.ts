import t from "tap";
import { anthropicMessages } from "../anthropic/messages-codec.ts";
import type { Feature } from "../features.ts";
import type { ServedApi } from "../provider.ts";
import { findServedApi, judgeCall } from "../translation.ts";
import { bedrockConverse } from "./converse-codec.ts";
import { bedrockAnthropic } from "./invoke-anthropic-codec.ts";
import { bedrockServed } from "./served.ts";
import { chatRequest, nova, opus48, sonnet45 } from "./testdata/converse-calls.ts";

const haiku3 = "anthropic.claude-3-haiku-20240307-v1:0";
const profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2";

function find(source = anthropicMessages, model = sonnet45): ServedApi {
  const api = findServedApi(bedrockServed, source, model);
  if (api === undefined) throw new Error(`Nothing serves ${model}`);
  return api;
}

const models = [
  haiku3,
  sonnet45,
  opus48,
  nova,
  profile,
  "meta.llama3-3-70b-instruct-v1:0",
  "alias",
];

for (const model of models) {
  t.test(`bedrockServed serves "${model}" by Converse`, async (t) => {
    t.equal(find(anthropicMessages, model).codec, bedrockConverse);
    const served = bedrockServed.filter(({ serves }) => serves?.(model) !== false);
    const codecs = served.map(({ codec }) => codec);
    const isClaude = model.includes("anthropic.") || model === "alias";
    t.same(
      codecs.map(({ name }) => name),
      isClaude
        ? ["bedrock-converse", "anthropic-messages", "bedrock-token-count"]
        : ["bedrock-converse"],
    );
  });
}

t.test("bedrockServed serves callers in their own dialect where it can", async (t) => {
  t.equal(find(bedrockAnthropic, sonnet45).codec, bedrockAnthropic);
  t.equal(find(bedrockAnthropic, nova).codec, bedrockConverse);
  t.equal(find(bedrockConverse, sonnet45).codec, bedrockConverse);
});

const paths: readonly {
  readonly source: typeof bedrockConverse;
  readonly model: string;
  readonly basePath: string;
  readonly plain: string;
  readonly stream: string;
}[] = [
  {
    source: bedrockConverse,
    model: sonnet45,
    basePath: "",
    plain: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
    stream: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
  },
  {
    source: bedrockConverse,
    model: profile,
    basePath: "/proxy/bedrock",
    plain:
      "/proxy/bedrock/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fa1b2/converse",
    stream:
      "/proxy/bedrock/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fa1b2/converse-stream",
  },
  {
    source: bedrockAnthropic,
    model: haiku3,
    basePath: "",
    plain: "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke",
    stream: "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream",
  },
];

for (const { source, model, basePath, plain, stream } of paths) {
  t.test(`path() escapes the model in ${plain.slice(0, 60)}`, async (t) => {
    const api = find(source, model);
    t.equal(api.path({ model, basePath, stream: false }), plain);
    t.equal(api.path({ model, basePath, stream: true }), stream);
    t.equal(api.modelIn, "path");
  });
}

const lacks: readonly (readonly [model: string, feature: Feature, lacks: boolean])[] = [
  [sonnet45, "reasoning", false],
  [sonnet45, "schema-output", false],
  [sonnet45, "tool-strict", false],
  [sonnet45, "temperature", false],
  [sonnet45, "system-in-mid-conversation", true],
  [sonnet45, "audio", true],
  [opus48, "temperature", true],
  [opus48, "top-k", true],
  [opus48, "assistant-prefill", true],
  [opus48, "system-in-mid-conversation", false],
  [haiku3, "reasoning", true],
  [haiku3, "schema-output", true],
  [haiku3, "tool-strict", true],
  [nova, "reasoning", true],
  [nova, "reasoning-history", true],
  [nova, "top-k", true],
  [nova, "tool-strict", true],
  [nova, "audio", false],
  [nova, "schema-output", false],
];

for (const [model, feature, is] of lacks) {
  t.test(`Converse ${is ? "lacks" : "has"} ${feature} for ${model}`, async (t) => {
    t.equal(find(bedrockConverse, model).lacks?.has(feature) === true, is);
  });
}

t.test("judgeCall() drops thinking of models of which nothing is known", async (t) => {
  const request = chatRequest({
    model: nova,
    reasoning: { effort: "high", budgetTokens: null, visible: null },
    topK: 4,
  });
  const call = { operation: "chat", codec: anthropicMessages, request } as const;
  t.same(judgeCall(call, find(anthropicMessages, nova)), {
    refused: [],
    dropped: [
      { feature: "top-k", at: "top_k" },
      { feature: "reasoning", at: "reasoning" },
    ],
  });
  t.same(judgeCall(call, find(anthropicMessages, sonnet45)), { refused: [], dropped: [] });
});

t.test("judgeCall() refuses what Converse has no word for, and InvokeModel has", async (t) => {
  const request = chatRequest({
    tools: [{ name: "f", description: null, parameters: null, strict: null }],
    toolChoice: { kind: "none" },
    parallelToolCalls: false,
  });
  const call = { operation: "chat", codec: anthropicMessages, request } as const;
  t.same(
    judgeCall(call, find(bedrockConverse)).refused.map(({ feature }) => feature),
    ["parallel-tool-calls-off", "tool-choice-none"],
  );
  t.same(judgeCall(call, find(bedrockAnthropic)).refused, []);
});
