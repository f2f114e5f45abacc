import t from "tap";
import { anthropicTokenCount } from "../anthropic/token-count-codec.ts";
import type { ChatRequest } from "../ir.ts";
import { chatFeatures, judge } from "../request-features.ts";
import { findServedApi } from "../translation.ts";
import { bedrockServed } from "./served.ts";
import {
  chatRequest,
  nova,
  sonnet45,
  wireRequest,
  wireResponse,
} from "./testdata/converse-calls.ts";
import { bedrockTokenCount } from "./token-count-codec.ts";

const path = "/model/x/count-tokens";
const hello = { messages: [{ role: "user", content: [{ text: "Hi" }] }] };
const tool = {
  name: "f",
  description: "F",
  parameters: { type: "object", properties: {} },
  strict: null,
} as const;

function decode(body: unknown): ChatRequest {
  const decoded = bedrockTokenCount.decodeRequest(wireRequest(body, { path }));
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

function encode(request: ChatRequest) {
  return JSON.parse(`${bedrockTokenCount.encodeRequest(request)}`);
}

t.test("encodeRequest() writes what Converse would read, and nothing for its answer", async (t) => {
  const written = encode(
    chatRequest({
      model: sonnet45,
      system: [{ kind: "text", text: "Be kind" }],
      tools: [tool],
      maxOutputTokens: 9_000,
      temperature: 0.5,
      stop: ["END"],
      reasoning: { effort: null, budgetTokens: 2_000, visible: true },
    }),
  );
  t.same(Object.keys(written), ["input"]);
  t.same(Object.keys(written.input), ["converse"]);
  t.same(Object.keys(written.input.converse).sort(), [
    "additionalModelRequestFields",
    "messages",
    "system",
    "toolConfig",
  ]);
  t.match(written.input.converse, {
    system: [{ text: "Be kind" }],
    toolConfig: { tools: [{ toolSpec: { name: "f" } }] },
    additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
  });
});

t.test("decodeRequest() reads what encodeRequest() wrote", async (t) => {
  const request = chatRequest({
    model: sonnet45,
    system: [{ kind: "text", text: "Be kind" }],
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
    tools: [tool],
  });
  const read = decode(encode(request));
  t.same(read.system, request.system);
  t.same(read.messages, request.messages);
  t.same(read.tools, request.tools);
  t.same(read.unexpressed, []);
});

t.test("decodeRequest() reads a Converse request", async (t) => {
  t.same(decode({ input: { converse: hello } }), chatRequest({}));
});

t.test("decodeRequest() reads a body for InvokeModel", async (t) => {
  const body = {
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 10,
    system: "Be kind",
    messages: [{ role: "user", content: "Hi" }],
  };
  const encoded = Buffer.from(JSON.stringify(body)).toString("base64");
  t.match(decode({ input: { invokeModel: { body: encoded } } }), {
    system: [{ kind: "text", text: "Be kind" }],
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
    stream: false,
  });
});

for (const { name, body } of [
  { name: "nothing to count", body: {} },
  { name: "an input of another form", body: { input: [] } },
  { name: "a conversation that is none", body: { input: { converse: "Hi" } } },
  { name: "a conversation of another form", body: { input: { converse: { messages: 7 } } } },
  { name: "a body that is no text", body: { input: { invokeModel: { body: {} } } } },
  { name: "a body that is no JSON", body: { input: { invokeModel: { body: "AAAA" } } } },
  { name: "a list", body: [] },
]) {
  t.test(`decodeRequest() refuses ${name}`, async (t) => {
    t.match(bedrockTokenCount.decodeRequest(wireRequest(body, { path })), { kind: "malformed" });
  });
}

t.test("bedrockTokenCount has no word for the form of answers", async (t) => {
  const request = chatRequest({
    output: { kind: "schema", name: null, description: null, schema: {}, strict: null },
  });
  const uses = chatFeatures(request, bedrockTokenCount.name);
  const { refused } = judge(uses, (feature) => bedrockTokenCount.expresses.has(feature));
  t.same(
    refused.map(({ feature }) => feature),
    ["schema-output"],
  );
});

t.test("encodeResponse() and decodeResponse() are of one form", async (t) => {
  const { body } = bedrockTokenCount.encodeResponse({ inputTokens: 7 }, chatRequest({}));
  t.equal(body, '{"inputTokens":7}');
  t.same(bedrockTokenCount.decodeResponse(wireResponse(JSON.parse(`${body}`))), {
    kind: "ok",
    value: { inputTokens: 7 },
  });
});

for (const body of [
  {},
  [],
  null,
  { inputTokens: "7" },
  { inputTokens: 0.5 },
  { inputTokens: -1 },
]) {
  t.test(`decodeResponse() takes ${JSON.stringify(body)} for no count`, async (t) => {
    t.match(bedrockTokenCount.decodeResponse(wireResponse(body)), { kind: "malformed" });
  });
}

t.test("bedrockServed counts for Claude only", async (t) => {
  const api = findServedApi(bedrockServed, anthropicTokenCount, sonnet45);
  t.equal(api?.codec, bedrockTokenCount);
  t.equal(
    api?.path({ model: sonnet45, stream: false, basePath: "" }),
    `/model/${encodeURIComponent(sonnet45)}/count-tokens`,
  );
  t.equal(findServedApi(bedrockServed, anthropicTokenCount, nova), undefined);
});
