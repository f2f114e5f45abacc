import t from "tap";
import type { Feature } from "../features.ts";
import type { ChatRequest, Part } from "../ir.ts";
import { chatFeatures, judge } from "../request-features.ts";
import { readRecordedCalls } from "../testdata/recorded-calls.ts";
import { createStreamTranslator } from "../translation.ts";
import { joinTurns } from "../turns.ts";
import { openaiChat } from "./chat-codec.ts";
import {
  decodedValue,
  emptyRequest,
  requestWith,
  text,
  wireRequest,
  wireResponse,
} from "./testdata/chat.ts";

const user = { role: "user", parts: [text("Hi")] } as const;
const image: Part = {
  kind: "image",
  source: { kind: "base64", mediaType: "image/png", data: "AAAA" },
  detail: null,
};
const tools = [
  { name: "f", description: "Does", parameters: { type: "object" }, strict: null },
  { name: "g", description: null, parameters: null, strict: null },
] as const;
const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };

function asking(...parts: Part[]): Partial<ChatRequest> {
  return { messages: [{ role: "user", parts: [text("See"), ...parts] }] };
}

/** A request for each feature that the dialect expresses. */
const expressed: Readonly<Record<string, Partial<ChatRequest>>> = {
  system: { system: [text("Be brief"), text("Be kind")], messages: [user] },
  "system-in-mid-conversation": {
    messages: [user, { role: "system", parts: [text("Now be long")] }, user],
  },
  "image-base64": asking(image),
  "image-url": asking({
    kind: "image",
    source: { kind: "url", url: "https://example.com/a.png", mediaType: null },
    detail: null,
  }),
  "image-detail": asking({ ...image, detail: "high" }),
  "document-base64": asking({
    kind: "document",
    source: { kind: "base64", mediaType: "application/pdf", data: "AAAA" },
    name: "a.pdf",
  }),
  audio: asking({
    kind: "audio",
    source: { kind: "base64", mediaType: "audio/wav", data: "AAAA" },
  }),
  tools: {
    tools,
    messages: [
      user,
      {
        role: "assistant",
        parts: [
          text("Wait"),
          { kind: "tool-call", id: "1", name: "f", arguments: '{"n":1.50}', signature: null },
          { kind: "tool-call", id: "2", name: "g", arguments: "{}", signature: null },
        ],
      },
      {
        role: "user",
        parts: [
          { kind: "tool-result", callId: "1", name: null, parts: [text("a")], isError: false },
          {
            kind: "tool-result",
            callId: "2",
            name: null,
            parts: [text("b"), text("c")],
            isError: false,
          },
          text("And?"),
        ],
      },
    ],
  },
  "parallel-tool-calls-off": { tools, parallelToolCalls: false },
  "tool-choice-none": { tools, toolChoice: { kind: "none" } },
  "tool-choice-required": { tools, toolChoice: { kind: "required" } },
  "tool-choice-named": { tools, toolChoice: { kind: "tool", name: "f" } },
  "tool-strict": { tools: [{ ...tools[0], strict: true }] },
  stream: { stream: true, streamUsage: true },
  temperature: { temperature: 0.5 },
  "top-p": { topP: 0.5 },
  seed: { seed: 7 },
  penalties: { frequencyPenalty: 0.5, presencePenalty: -0.5 },
  stop: { stop: ["a", "b"] },
  choices: { choices: 2 },
  logprobs: { logprobs: { top: 2 } },
  "json-output": { output: { kind: "json" } },
  "schema-output": {
    output: { kind: "schema", name: "n", description: "d", schema, strict: true },
  },
  reasoning: { reasoning: { effort: "high", budgetTokens: null, visible: null } },
  "end-user": { endUser: "u" },
};

t.test("openaiChat expresses what these tests have a request for", async (t) => {
  t.strictSame(Object.keys(expressed).toSorted(), [...openaiChat.expresses].toSorted());
});

for (const [feature, fields] of Object.entries(expressed)) {
  t.test(`decodeRequest() reads what encodeRequest() wrote when there is ${feature}`, async (t) => {
    const request = requestWith(fields);
    const uses = chatFeatures(request, "another");
    t.ok(
      uses.some((use) => use.feature === feature),
      "the request uses the feature",
    );
    t.strictSame(judge(uses, (one) => openaiChat.expresses.has(one)).refused, []);
    const read = decodedValue(
      openaiChat.decodeRequest(wireRequest(`${openaiChat.encodeRequest(request)}`)),
    );
    t.strictSame(
      { ...read, messages: joinTurns(read.messages) },
      { ...request, messages: joinTurns(request.messages) },
    );
  });
}

for (const feature of [
  "assistant-prefill",
  "file-id",
  "tool-result-image",
  "tool-choice-subset",
  "custom-tool",
  "server-tool",
  "unknown-content",
  "stored-conversation",
  "choices-streamed",
] as const satisfies readonly Feature[]) {
  t.test(`openaiChat does not express ${feature}, which is refused`, async (t) => {
    const uses = [{ feature, at: "x" }];
    t.strictSame(judge(uses, (one) => openaiChat.expresses.has(one)).refused, uses);
  });
}

t.test("openaiChat lets the judge refuse whatever a request says beyond it", async (t) => {
  const body = {
    model: "m",
    messages: [{ role: "user", content: [{ type: "hologram" }] }],
    tools: [{ type: "custom", custom: { name: "f" } }],
    logit_bias: { 5: 1 },
    metadata: { a: "b" },
    unheard_of: 1,
  };
  const request = decodedValue(openaiChat.decodeRequest(wireRequest(body)));
  const { refused, dropped } = judge(chatFeatures(request, "another"), () => false);
  t.strictSame(
    refused.map(({ feature }) => feature),
    ["logit-bias", "unknown-content", "custom-tool"],
  );
  t.strictSame(
    dropped.map(({ feature }) => feature),
    ["metadata", "unknown-field"],
  );
});

t.test("openaiChat translates every recorded answer into itself", async (t) => {
  const calls = readRecordedCalls().filter(
    ({ path, answer, status }) => path.includes("/chat/completions") && answer && status === 200,
  );
  t.ok(calls.length >= 4);
  for (const { name, answer } of calls) {
    const read = decodedValue(openaiChat.decodeResponse(wireResponse(answer)));
    const { body } = openaiChat.encodeResponse(read, emptyRequest);
    const again = decodedValue(openaiChat.decodeResponse(wireResponse(`${body}`)));
    t.strictSame({ ...again, id: read.id }, { ...read, usage: again.usage }, name);
  }
});

t.test("openaiChat translates the stream of a failed upstream to its end", async (t) => {
  const translator = createStreamTranslator(openaiChat, openaiChat, requestWith({ stream: true }));
  t.equal(
    translator.fail("The connection broke off"),
    'data: {"error":{"message":"The connection broke off","type":"server_error","param":null,"code":null}}\n\n',
  );
  t.equal(translator.end(), "");
});
