/** Every feature that the dialect has words for survives being written and read; the pieces have tests of their own. */
import t from "tap";
import { features } from "../features.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, Message, Part, ToolResultPart } from "../ir.ts";
import { chatFeatures } from "../request-features.ts";
import { bedrockConverse } from "./converse-codec.ts";
import { chatRequest, opus48, roundTrip } from "./testdata/converse-calls.ts";

const text = (value: string): Part => ({ kind: "text", text: value });
const hello: Message = { role: "user", parts: [text("Hi")] };
const png = { kind: "base64", mediaType: "image/png", data: "AQID" } as const;
const image: Part = { kind: "image", source: png, detail: null };
const document: Part = {
  kind: "document",
  source: { kind: "base64", mediaType: "application/pdf", data: "AQID" },
  name: "Report",
};
const tool = {
  name: "f",
  description: "Does",
  parameters: { type: "object", properties: {}, additionalProperties: false },
  strict: null,
};

/** A conversation with a call and what came of it. */
function toolTurns(result: Partial<ToolResultPart>): readonly Message[] {
  return [
    hello,
    {
      role: "assistant",
      parts: [
        {
          kind: "tool-call",
          id: "t1",
          name: "f",
          arguments: '{"a":12345678901234567890}',
          signature: null,
        },
      ],
    },
    {
      role: "user",
      parts: [
        {
          kind: "tool-result",
          callId: "t1",
          name: null,
          parts: [text("done")],
          isError: false,
          ...result,
        },
      ],
    },
  ];
}

const uses: Partial<Record<Feature, Partial<ChatRequest>>> = {
  system: { system: [text("Be kind")] },
  "system-in-mid-conversation": {
    model: opus48,
    messages: [hello, { role: "system", parts: [text("Be brief")] }],
  },
  "image-base64": { messages: [{ role: "user", parts: [image, text("What is it?")] }] },
  "document-base64": { messages: [{ role: "user", parts: [document, text("Read")] }] },
  audio: {
    messages: [
      {
        role: "user",
        parts: [
          { kind: "audio", source: { kind: "base64", mediaType: "audio/mpeg", data: "AQID" } },
          text("Listen"),
        ],
      },
    ],
  },
  "tool-result-image": { tools: [tool], messages: toolTurns({ parts: [text("see"), image] }) },
  "tool-result-document": { tools: [tool], messages: toolTurns({ parts: [document] }) },
  "tool-result-error": { tools: [tool], messages: toolTurns({ isError: true }) },
  "assistant-prefill": { messages: [hello, { role: "assistant", parts: [text("Because")] }] },
  "reasoning-history": {
    messages: [
      hello,
      {
        role: "assistant",
        parts: [
          {
            kind: "reasoning",
            text: "Hm",
            signature: "sig",
            encrypted: null,
            origin: "bedrock-converse",
          },
          {
            kind: "reasoning",
            text: "",
            signature: null,
            encrypted: "AQID",
            origin: "bedrock-converse",
          },
          text("Hello"),
        ],
      },
      hello,
    ],
  },
  tools: { tools: [tool], toolChoice: { kind: "auto" }, messages: toolTurns({}) },
  "tool-choice-required": { tools: [tool], toolChoice: { kind: "required" } },
  "tool-choice-named": { tools: [tool], toolChoice: { kind: "tool", name: "f" } },
  "tool-strict": { tools: [{ ...tool, strict: true }] },
  stream: { stream: true },
  temperature: { temperature: 0.5 },
  "top-p": { topP: 0.9 },
  "top-k": { topK: 40 },
  stop: { stop: ["END", "STOP", "a", "b", "c"], variant: "stop_sequence" },
  "schema-output": {
    output: {
      kind: "schema",
      name: "answer",
      description: "An answer",
      schema: { type: "object", properties: {}, additionalProperties: false },
      strict: null,
    },
  },
  reasoning: {
    maxOutputTokens: 9_000,
    reasoning: { effort: null, budgetTokens: 2_000, visible: true },
  },
  "reasoning-visible": {
    model: opus48,
    reasoning: { effort: "xhigh", budgetTokens: -1, visible: true },
  },
};

for (const feature of bedrockConverse.expresses) {
  t.test(`bedrockConverse keeps ${feature}`, async (t) => {
    const use = uses[feature];
    if (use === undefined) throw new Error("No request uses it");
    const request = chatRequest(use);
    const used = chatFeatures(request, bedrockConverse.name).map((one) => one.feature);
    t.ok(used.includes(feature), "the request uses it");
    const path = `/model/x/converse${request.stream ? "-stream" : ""}`;
    const { unexpressed, ...read } = roundTrip(bedrockConverse, request, path);
    const { unexpressed: _, ...wanted } = request;
    t.same(read, wanted);
    t.same(unexpressed, []);
  });
}

const refused: readonly Feature[] = [
  "image-url",
  "document-url",
  "file-id",
  "tool-choice-none",
  "parallel-tool-calls-off",
  "json-output",
  "choices",
  "logprobs",
];

for (const feature of refused) {
  t.test(`bedrockConverse has no words for ${feature}`, async (t) => {
    t.notOk(bedrockConverse.expresses.has(feature));
    t.equal(features[feature], "refuse");
  });
}

t.test("bedrockConverse writes the same for the same request", async (t) => {
  for (const use of Object.values(uses)) {
    const request = chatRequest(use);
    t.equal(bedrockConverse.encodeRequest(request), bedrockConverse.encodeRequest(request));
  }
});

t.test("bedrockConverse is the codec of conversations", async (t) => {
  t.match(bedrockConverse, { operation: "chat", name: "bedrock-converse" });
});
