/** Every value of a request, an answer and a stream in turn replaced by what nobody expects: nothing throws. */
import t from "tap";
import type { JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { bedrockConverse } from "./converse-codec.ts";
import { bedrockAnthropic } from "./invoke-anthropic-codec.ts";
import {
  chunkFrame,
  decodeStream,
  frame,
  wireRequest,
  wireResponse,
} from "./testdata/converse-calls.ts";

const image = { image: { format: "png", source: { bytes: "AQID" } } };

const request: JsonValue = {
  system: [{ text: "Be kind" }, { cachePoint: { type: "default" } }],
  messages: [
    {
      role: "user",
      content: [
        { text: "Hi" },
        image,
        {
          document: {
            format: "pdf",
            name: "a",
            source: { bytes: "AQID" },
            citations: { enabled: true },
          },
        },
        { document: { name: "b", source: { content: [{ text: "x" }] } } },
        { audio: { format: "mp3", source: { s3Location: { uri: "s3://a/b" } } } },
        { guardContent: { text: { text: "x", qualifiers: ["query"] } } },
      ],
    },
    {
      role: "assistant",
      content: [
        { reasoningContent: { reasoningText: { text: "Hm", signature: "s" } } },
        { reasoningContent: { redactedContent: "AQID" } },
        { citationsContent: { content: [{ text: "x" }], citations: [{}] } },
        { toolUse: { toolUseId: "t", name: "f", input: { a: [1] } } },
      ],
    },
    {
      role: "user",
      content: [
        { toolResult: { toolUseId: "t", content: [{ json: { a: 1 } }, image], status: "error" } },
      ],
    },
  ],
  inferenceConfig: { maxTokens: 1, temperature: 0.5, topP: 0.5, stopSequences: ["END"] },
  toolConfig: {
    tools: [
      { toolSpec: { name: "f", description: "d", inputSchema: { json: {} }, strict: true } },
      { systemTool: { name: "s" } },
    ],
    toolChoice: { tool: { name: "f" } },
  },
  outputConfig: {
    textFormat: {
      type: "json_schema",
      structure: { jsonSchema: { schema: "{}", name: "n", description: "d" } },
    },
    effort: "high",
  },
  additionalModelRequestFields: {
    thinking: { type: "enabled", budget_tokens: 1_024, display: "omitted" },
    top_k: 1,
    reasoningConfig: { type: "enabled", maxReasoningEffort: "low" },
    inferenceConfig: { topK: 1 },
    output_config: { effort: "low" },
  },
  additionalModelResponseFieldPaths: ["/stop_sequence"],
  guardrailConfig: { guardrailIdentifier: "g" },
};

const answer: JsonValue = {
  output: {
    message: {
      role: "assistant",
      content: [
        { reasoningContent: { reasoningText: { text: "Hm", signature: "s" } } },
        { text: "Hello" },
        { toolUse: { toolUseId: "t", name: "f", input: {} } },
      ],
    },
  },
  stopReason: "tool_use",
  usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, cacheReadInputTokens: 4 },
  additionalModelResponseFields: { stop_sequence: "END" },
  trace: { promptRouter: { invokedModelId: "m" } },
};

const events: readonly (readonly [type: string, body: JsonValue])[] = [
  ["messageStart", { role: "assistant" }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Hm" } } }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { signature: "s" } } }],
  ["contentBlockDelta", { contentBlockIndex: 1, delta: { text: "Hello" } }],
  [
    "contentBlockStart",
    { contentBlockIndex: 2, start: { toolUse: { toolUseId: "t", name: "f" } } },
  ],
  ["contentBlockDelta", { contentBlockIndex: 2, delta: { toolUse: { input: "{}" } } }],
  ["contentBlockStop", { contentBlockIndex: 2 }],
  [
    "messageStop",
    { stopReason: "end_turn", additionalModelResponseFields: { stop_sequence: "E" } },
  ],
  ["metadata", { usage: { inputTokens: 1, outputTokens: 2 }, trace: {} }],
];

const odd: readonly JsonValue[] = [
  null,
  true,
  0,
  -1,
  1e300,
  "",
  "x",
  [],
  [[]],
  {},
  { text: {} },
  { a: 1, b: 2 },
];

/** The value with each of its inner values in turn replaced by `by`. */
function* damage(value: JsonValue, by: JsonValue): Generator<JsonValue> {
  yield by;
  if (Array.isArray(value)) {
    const items: readonly JsonValue[] = value;
    for (const [index, item] of items.entries()) {
      for (const damaged of damage(item, by)) yield items.with(index, damaged);
    }
  } else if (isJsonObject(value)) {
    for (const [name, member = null] of Object.entries(value)) {
      for (const damaged of damage(member, by)) yield { ...value, [name]: damaged };
    }
  }
}

for (const by of odd) {
  const shown = JSON.stringify(by);

  t.test(
    `decodeRequest() reads requests with ${shown} anywhere, or says what is wrong`,
    async (t) => {
      let malformed = 0;
      let read = 0;
      for (const body of damage(request, by)) {
        const decoded = bedrockConverse.decodeRequest(wireRequest(body));
        if (decoded.kind === "malformed") {
          malformed++;
          if (decoded.reason.length < 10) t.fail(decoded.reason);
        } else {
          read++;
          // What was read can be written, but for what is only in the account's buckets
          const text = JSON.stringify(decoded.value);
          if (!text.includes('"kind":"file"')) bedrockConverse.encodeRequest(decoded.value);
        }
      }
      t.ok(malformed > 0, `${malformed} malformed`);
      t.ok(read > 0, `${read} read`);
    },
  );

  t.test(
    `decodeResponse() reads answers with ${shown} anywhere, or says what is wrong`,
    async (t) => {
      for (const body of damage(answer, by)) {
        const decoded = bedrockConverse.decodeResponse(wireResponse(body));
        t.match(decoded.kind, /^(ok|malformed)$/);
      }
    },
  );

  t.test(`decodeError() reads errors with ${shown} anywhere`, async (t) => {
    for (const body of damage({ message: "m", Message: "m", __type: "T" }, by)) {
      const error = bedrockConverse.decodeError(wireResponse(body, { status: 400 }));
      t.match(error, { status: 400, kind: "invalid-request" });
      t.not(error.message, "");
    }
  });

  t.test(`createStreamDecoder() reads streams with ${shown} anywhere`, async (t) => {
    for (const [index, [type, body]] of events.entries()) {
      for (const damaged of damage(body, by)) {
        const frames = events.map(([one, other]) => frame(one, other));
        const told = decodeStream(
          bedrockConverse.createStreamDecoder(),
          frames.with(index, frame(type, damaged)),
        );
        t.match(told.at(-1)?.kind, /^(end|failed)$/, `${type} with ${JSON.stringify(damaged)}`);
        const invoked = decodeStream(bedrockAnthropic.createStreamDecoder(), [chunkFrame(damaged)]);
        t.match(invoked.at(-1)?.kind, "failed");
      }
    }
  });
}
