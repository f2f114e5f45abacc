import t from "tap";
import type { ChatRequest, Unexpressed } from "../ir.ts";
import { decodeConverseRequest, tellsStopText } from "./converse-request-decoder.ts";
import { chatRequest, sonnet45, wireRequest } from "./testdata/converse-calls.ts";

const hello = { messages: [{ role: "user", content: [{ text: "Hi" }] }] };

function decode(body: unknown, path = "/model/x/converse"): ChatRequest {
  const decoded = decodeConverseRequest(wireRequest(body, { path }));
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

const members: readonly {
  readonly name: string;
  readonly body: object;
  readonly wanted: Partial<ChatRequest>;
}[] = [
  { name: "a message alone", body: {}, wanted: {} },
  { name: "members that are null", body: { system: null, toolConfig: null }, wanted: {} },
  {
    name: "instructions",
    body: { system: [{ text: "Be kind" }] },
    wanted: { system: [{ kind: "text", text: "Be kind" }] },
  },
  {
    name: "what the model may write",
    body: {
      inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ["END", "."] },
    },
    wanted: { maxOutputTokens: 100, temperature: 0.5, topP: 0.9, stop: ["END", "."] },
  },
  {
    name: "tools",
    body: {
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: "f",
              description: "Does",
              inputSchema: { json: { type: "object", properties: {} } },
              strict: true,
            },
          },
          { toolSpec: { name: "g", inputSchema: { json: {} } } },
        ],
        toolChoice: { auto: {} },
      },
    },
    wanted: {
      tools: [
        {
          name: "f",
          description: "Does",
          parameters: { type: "object", properties: {} },
          strict: true,
        },
        { name: "g", description: null, parameters: {}, strict: null },
      ],
      toolChoice: { kind: "auto" },
    },
  },
  {
    name: "a tool that must be called",
    body: { toolConfig: { tools: [], toolChoice: { any: {} } } },
    wanted: { toolChoice: { kind: "required" } },
  },
  {
    name: "one tool that must be called",
    body: { toolConfig: { tools: [], toolChoice: { tool: { name: "f" } } } },
    wanted: { toolChoice: { kind: "tool", name: "f" } },
  },
  {
    name: "a schema of the answer",
    body: {
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: {
            jsonSchema: { schema: '{"type":"object"}', name: "answer", description: "An answer" },
          },
        },
      },
    },
    wanted: {
      output: {
        kind: "schema",
        name: "answer",
        description: "An answer",
        schema: { type: "object" },
        strict: null,
      },
    },
  },
  {
    name: "a schema without a name",
    body: {
      outputConfig: {
        textFormat: { type: "json_schema", structure: { jsonSchema: { schema: "{}" } } },
      },
    },
    wanted: { output: { kind: "schema", name: null, description: null, schema: {}, strict: null } },
  },
  {
    name: "thinking and top-k",
    body: {
      additionalModelRequestFields: {
        thinking: { type: "enabled", budget_tokens: 2_000 },
        top_k: 5,
      },
      outputConfig: { effort: "high" },
    },
    wanted: { topK: 5, reasoning: { effort: "high", budgetTokens: 2_000, visible: true } },
  },
  {
    name: "the wish to know where the model stopped",
    body: { additionalModelResponseFieldPaths: ["/stop_sequence"] },
    wanted: { variant: tellsStopText },
  },
];

for (const { name, body, wanted } of members) {
  t.test(`decodeConverseRequest() reads ${name}`, async (t) => {
    t.same(decode({ ...hello, ...body }), chatRequest(wanted));
  });
}

t.test("decodeConverseRequest() reads turns in order", async (t) => {
  const { messages } = decode({
    messages: [
      { role: "user", content: [{ text: "a" }] },
      { role: "assistant", content: [{ toolUse: { toolUseId: "t", name: "f", input: {} } }] },
      { role: "user", content: [{ toolResult: { toolUseId: "t", content: [] } }, { text: "b" }] },
      { role: "system", content: [{ text: "c" }] },
      { role: "assistant", content: [] },
    ],
  });
  t.same(
    messages.map(({ role, parts }) => [role, ...parts.map(({ kind }) => kind)].join(" ")),
    ["user text", "assistant tool-call", "user tool-result text", "system text", "assistant"],
  );
});

t.test("decodeConverseRequest() knows a stream by the path", async (t) => {
  t.equal(decode(hello).stream, false);
  t.equal(decode(hello, "/model/x/converse-stream").stream, true);
  t.equal(decode(hello, "/model/x/converse-stream?a=b").stream, true);
  t.equal(decode({ ...hello, stream: true }).stream, false);
});

t.test("decodeConverseRequest() has the model of the path", async (t) => {
  const wire = wireRequest({ ...hello, modelId: "other" }, { pathModel: "arn:aws:x/y" });
  const decoded = decodeConverseRequest(wire);
  t.match(decoded, { kind: "ok", value: { model: "arn:aws:x/y", unexpressed: [] } });
});

t.test("decodeConverseRequest() keeps the digits of numbers", async (t) => {
  const body = `{"messages":[],"inferenceConfig":{"maxTokens":12345678901234567890,"temperature":1e-7}}`;
  t.match(decode(body), {
    maxOutputTokens: { rawJSON: "12345678901234567890" },
    temperature: 1e-7,
  });
});

const notes: readonly { readonly body: object; readonly note: Unexpressed }[] = [
  {
    body: { guardrailConfig: { guardrailIdentifier: "g" } },
    note: { feature: "guardrail", at: "guardrailConfig" },
  },
  {
    body: { promptVariables: { a: { text: "b" } } },
    note: { feature: "prompt-template", at: "promptVariables" },
  },
  { body: { messages: null }, note: { feature: "prompt-template", at: "messages" } },
  { body: { requestMetadata: { a: "b" } }, note: { feature: "metadata", at: "requestMetadata" } },
  {
    body: { performanceConfig: { latency: "optimized" } },
    note: { feature: "service-tier", at: "performanceConfig" },
  },
  {
    body: { serviceTier: { type: "flex" } },
    note: { feature: "service-tier", at: "serviceTier" },
  },
  { body: { tomorrow: 1 }, note: { feature: "unknown-field", at: "tomorrow" } },
  {
    body: { inferenceConfig: { seed: 1 } },
    note: { feature: "unknown-field", at: "inferenceConfig.seed" },
  },
  {
    body: { outputConfig: { audio: {} } },
    note: { feature: "unknown-field", at: "outputConfig.audio" },
  },
  {
    body: { additionalModelRequestFields: { penalty: 1 } },
    note: { feature: "unknown-field", at: "additionalModelRequestFields.penalty" },
  },
  {
    body: { additionalModelResponseFieldPaths: ["/usage"] },
    note: { feature: "unknown-field", at: "additionalModelResponseFieldPaths[0]" },
  },
  {
    body: { toolConfig: { tools: [{ cachePoint: { type: "default" } }] } },
    note: { feature: "cache-hint", at: "toolConfig.tools[0]" },
  },
  {
    body: { toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }] } },
    note: { feature: "server-tool", at: "toolConfig.tools[0]" },
  },
  {
    body: { toolConfig: { tools: [{ tomorrow: {} }] } },
    note: { feature: "server-tool", at: "toolConfig.tools[0]" },
  },
];

for (const { body, note } of notes) {
  t.test(`decodeConverseRequest() notes ${note.feature} at ${note.at}`, async (t) => {
    t.same(decode({ ...hello, ...body }).unexpressed, [note]);
  });
}

const malformed: readonly { readonly body: unknown; readonly reason: string }[] = [
  { body: "{", reason: "it is not JSON" },
  { body: Buffer.of(0x22, 0xff, 0x22), reason: "it is not UTF-8" },
  { body: [], reason: "it is not an object" },
  {
    body: {
      ...hello,
      toolConfig: { tools: [{ toolSpec: { name: "", inputSchema: { json: {} } } }] },
    },
    reason: "toolConfig.tools[0].toolSpec.name is empty",
  },
  { body: { messages: "Hi" }, reason: "messages is not a list" },
  { body: { messages: ["Hi"] }, reason: "messages[0] is not an object" },
  {
    body: { messages: [{ role: "tool", content: [] }] },
    reason: "messages[0].role is none of user, assistant and system",
  },
  { body: { messages: [{ role: "user" }] }, reason: "messages[0].content is not a list" },
  {
    body: { messages: [{ role: "user", content: "Hi" }] },
    reason: "messages[0].content is not a list",
  },
  { body: { ...hello, system: "Be" }, reason: "system is not a list" },
  { body: { ...hello, inferenceConfig: 1 }, reason: "inferenceConfig is not an object" },
  {
    body: { ...hello, inferenceConfig: { maxTokens: "1" } },
    reason: "inferenceConfig.maxTokens is not a number",
  },
  {
    body: { ...hello, inferenceConfig: { stopSequences: "END" } },
    reason: "inferenceConfig.stopSequences is not a list",
  },
  {
    body: { ...hello, inferenceConfig: { stopSequences: ["a", 1] } },
    reason: "inferenceConfig.stopSequences[1] is not a string",
  },
  { body: { ...hello, toolConfig: {} }, reason: "toolConfig.tools is not a list" },
  {
    body: { ...hello, toolConfig: { tools: [{ toolSpec: { name: "f" } }] } },
    reason: "toolConfig.tools[0].toolSpec.inputSchema is not an object",
  },
  {
    body: { ...hello, toolConfig: { tools: [{ toolSpec: { inputSchema: { json: {} } } }] } },
    reason: "toolConfig.tools[0].toolSpec.name is not a string",
  },
  {
    body: { ...hello, toolConfig: { tools: [], toolChoice: { none: {} } } },
    reason: "toolConfig.toolChoice is none of auto, any and tool",
  },
  {
    body: { ...hello, outputConfig: { textFormat: { structure: { grammar: "x" } } } },
    reason: "outputConfig.textFormat.structure is not jsonSchema",
  },
  {
    body: {
      ...hello,
      outputConfig: { textFormat: { structure: { jsonSchema: { schema: "[]" } } } },
    },
    reason: "outputConfig.textFormat.structure.jsonSchema.schema is not the text of a JSON object",
  },
  {
    body: { ...hello, additionalModelResponseFieldPaths: "/a" },
    reason: "additionalModelResponseFieldPaths is not a list",
  },
];

for (const { body, reason } of malformed) {
  t.test(`decodeConverseRequest() says that ${reason}`, async (t) => {
    t.same(decodeConverseRequest(wireRequest(body)), { kind: "malformed", reason });
  });
}

t.test("decodeConverseRequest() wants a model", async (t) => {
  t.same(decodeConverseRequest(wireRequest(hello, { pathModel: null })), {
    kind: "malformed",
    reason: "the path names no model",
  });
});

t.test("decodeConverseRequest() never quotes values", async (t) => {
  const secret = "s3cr3t";
  const bodies = [
    { messages: secret },
    { messages: [{ role: secret, content: [] }] },
    { ...hello, toolConfig: { tools: secret } },
    { ...hello, outputConfig: { textFormat: { structure: { jsonSchema: { schema: secret } } } } },
  ];
  for (const body of bodies) {
    const decoded = decodeConverseRequest(wireRequest(body));
    t.equal(decoded.kind, "malformed");
    t.notMatch(JSON.stringify(decoded), secret);
  }
});

t.test("decodeConverseRequest() reads the model's id as it is", async (t) => {
  t.equal(decode(hello).model, sonnet45);
});
