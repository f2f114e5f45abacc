import t from "tap";
import type { ChatRequest } from "../ir.ts";
import {
  assistantTurn,
  chatRequest,
  decodeBody,
  requestBody,
  systemTurn,
  userTurn,
} from "../testdata/anthropic-messages.ts";
import { encodeCall, findServedApi, judgeCall } from "../translation.ts";
import { claudeGenerations, generationOf } from "./claude-generation.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { anthropic } from "./provider.ts";
import { servedByGeneration } from "./served-messages.ts";
import { anthropicTokenCount } from "./token-count-codec.ts";

const api = { codec: anthropicMessages, modelIn: "body", path: () => "/p", headers: [] } as const;
const models = [
  "claude-3-opus-20240229",
  "claude-3-7-sonnet-latest",
  "claude-sonnet-4-5",
  "claude-opus-4-6",
  "claude-opus-4-7",
  "claude-opus-5",
  "claude-opus-5-5",
  "my-deployment",
];

t.test("servedByGeneration() serves every model exactly once, with what it lacks", async (t) => {
  const served = servedByGeneration(api);
  for (const model of models) {
    const able = served.filter(({ serves }) => serves?.(model));
    t.equal(able.length, 1, model);
    t.strictSame([...(able[0]?.lacks ?? [])], [...generationOf(model).lacks], model);
  }
});

t.test(
  "servedByGeneration() adds what the host lacks, to every model and no generation",
  async (t) => {
    const served = servedByGeneration(api, ["document-url"]);
    for (const { lacks } of served) t.ok(lacks?.has("document-url"));
    for (const { lacks } of claudeGenerations) t.notOk(lacks.has("document-url"));
  },
);

const call = { model: "claude-sonnet-4-5", stream: false, basePath: "" };
for (const [codec, path] of [
  [anthropicMessages, "/messages"],
  [anthropicTokenCount, "/messages/count_tokens"],
] as const) {
  t.test(`anthropic serves ${codec.name} at ${path}, for every model`, async (t) => {
    for (const model of models) {
      const served = findServedApi(anthropic.served, codec, model);
      t.equal(served?.codec, codec, model);
      t.equal(served?.path(call), `/v1${path}`);
      t.equal(
        served?.path({ ...call, basePath: "/gateway/anthropic" }),
        `/gateway/anthropic${path}`,
      );
      t.strictSame(served?.headers, [{ name: "anthropic-version", value: "2023-06-01" }]);
      t.equal(served?.modelIn, "body");
    }
  });
}

t.test("anthropic names the codec of each operation that has one", async (t) => {
  const codecs = new Map(anthropic.operations.map(({ paths, codec }) => [paths[0], codec]));
  t.equal(codecs.get("/v1/messages"), anthropicMessages);
  t.equal(codecs.get("/v1/messages/count_tokens"), anthropicTokenCount);
  t.equal(codecs.get("/v1/complete"), undefined);
});

function judged(model: string, changes: Partial<ChatRequest>) {
  const served = findServedApi(anthropic.served, anthropicMessages, model);
  if (served === undefined) throw new Error(`Nobody serves ${model}`);
  const request = chatRequest({ model: "gpt-5", ...changes });
  const call = { operation: "chat", codec: anthropicMessages, request } as const;
  const { refused, dropped } = judgeCall(call, served);
  const names = (uses: typeof refused) => uses.map(({ feature }) => feature);
  const body = JSON.parse(String(encodeCall(call, served, model)));
  return { refused: names(refused), dropped: names(dropped), body };
}

const tools = [{ name: "f", description: null, parameters: null, strict: true }];
const judgements = [
  { model: "claude-sonnet-4-5", changes: { temperature: 0.5 }, refused: [], dropped: [] },
  {
    model: "claude-opus-4-7",
    changes: { temperature: 0.5, topK: 1 },
    refused: [],
    dropped: ["temperature", "top-k"],
  },
  {
    model: "claude-sonnet-4-5",
    changes: { messages: [userTurn("a"), assistantTurn("b")] },
    refused: [],
    dropped: [],
  },
  {
    model: "claude-opus-4-6",
    changes: { messages: [userTurn("a"), assistantTurn("b")] },
    refused: ["assistant-prefill"],
    dropped: [],
  },
  {
    model: "claude-sonnet-4-5",
    changes: { messages: [userTurn("a"), systemTurn("b")] },
    refused: ["system-in-mid-conversation"],
    dropped: [],
  },
  {
    model: "claude-opus-4-8",
    changes: { messages: [userTurn("a"), systemTurn("b")] },
    refused: [],
    dropped: [],
  },
  {
    model: "claude-opus-5",
    changes: { tools, toolChoice: { kind: "required" } },
    refused: [],
    dropped: [],
  },
  {
    model: "claude-opus-5-5",
    changes: { tools, toolChoice: { kind: "required" } },
    refused: ["tool-choice-required"],
    dropped: [],
  },
  { model: "claude-3-7-sonnet-latest", changes: { tools }, refused: [], dropped: ["tool-strict"] },
  {
    model: "claude-opus-5",
    changes: { seed: 1, frequencyPenalty: 1 },
    refused: [],
    dropped: ["seed", "penalties"],
  },
  {
    model: "claude-opus-5",
    changes: { output: { kind: "json" } },
    refused: ["json-output"],
    dropped: [],
  },
  {
    model: "claude-opus-5",
    changes: { choices: 2, logprobs: { top: 1 } },
    refused: ["choices", "logprobs"],
    dropped: [],
  },
] as const;
for (const { model, changes, refused, dropped } of judgements) {
  t.test(
    `anthropic serves or refuses ${JSON.stringify(changes)} of another dialect with ${model}`,
    async (t) => {
      const judgement = judged(model, changes);
      t.strictSame(judgement.refused, refused);
      t.strictSame(judgement.dropped, dropped);
      t.equal(judgement.body.model, model);
      if ((dropped as readonly string[]).includes("temperature"))
        t.notOk("temperature" in judgement.body);
    },
  );
}

t.test("anthropic is not asked by other names than those that it was given", async (t) => {
  const request = decodeBody(anthropicMessages, requestBody());
  t.equal(judged("claude-opus-5", request).body.model, "claude-opus-5");
});
