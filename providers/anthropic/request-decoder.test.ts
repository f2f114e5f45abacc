import t from "tap";
import {
  decodeBody,
  dialect,
  malformation,
  requestBody,
  wireRequest,
} from "../testdata/anthropic-messages.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { decodeRequestObject } from "./request-decoder.ts";

const inBody = { model: null, stream: null, hasBetaHeader: false };

t.test(
  "decodeRequestObject() reads what the smallest request says, and nothing else",
  async (t) => {
    t.strictSame(decodeBody(anthropicMessages, requestBody()), {
      model: "claude-sonnet-4-5",
      system: [],
      messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
      tools: [],
      toolChoice: null,
      parallelToolCalls: null,
      maxOutputTokens: 1_000,
      temperature: null,
      topP: null,
      topK: null,
      seed: null,
      frequencyPenalty: null,
      presencePenalty: null,
      stop: [],
      choices: null,
      logprobs: null,
      output: { kind: "text" },
      reasoning: null,
      stream: false,
      streamUsage: true,
      endUser: null,
      unexpressed: [],
      variant: dialect,
    });
  },
);

const fields: readonly { readonly name: string; readonly body: object; readonly says: object }[] = [
  {
    name: "a system prompt as text",
    body: { system: "Be brief" },
    says: { system: [{ kind: "text", text: "Be brief" }] },
  },
  {
    name: "a system prompt as blocks",
    body: {
      system: [
        { type: "text", text: "Be" },
        { type: "text", text: "brief" },
      ],
    },
    says: {
      system: [
        { kind: "text", text: "Be" },
        { kind: "text", text: "brief" },
      ],
    },
  },
  { name: "an empty system prompt", body: { system: "" }, says: { system: [] } },
  { name: "a system prompt that is null", body: { system: null }, says: { system: [] } },
  {
    name: "sampling",
    body: { temperature: 0.2, top_p: 0.9, top_k: 40 },
    says: { temperature: 0.2, topP: 0.9, topK: 40 },
  },
  { name: "stop sequences", body: { stop_sequences: ["a", "b"] }, says: { stop: ["a", "b"] } },
  { name: "no stop sequences", body: { stop_sequences: null }, says: { stop: [] } },
  { name: "a stream", body: { stream: true }, says: { stream: true } },
  { name: "no stream", body: { stream: false }, says: { stream: false } },
  { name: "a limit of zero", body: { max_tokens: 0 }, says: { maxOutputTokens: 0 } },
  {
    name: "no limit, as in counts",
    body: { max_tokens: undefined },
    says: { maxOutputTokens: null },
  },
  { name: "a user's id", body: { metadata: { user_id: "u-1" } }, says: { endUser: "u-1" } },
  { name: "metadata without one", body: { metadata: { user_id: null } }, says: { endUser: null } },
  {
    name: "instructions in mid-conversation",
    body: {
      messages: [
        { role: "user", content: "Hi" },
        { role: "system", content: "Be brief" },
      ],
    },
    says: {
      messages: [
        { role: "user", parts: [{ kind: "text", text: "Hi" }] },
        { role: "system", parts: [{ kind: "text", text: "Be brief" }] },
      ],
    },
  },
  {
    name: "the form of the output",
    body: { output_config: { format: { type: "json_schema", schema: { type: "object" } } } },
    says: {
      output: {
        kind: "schema",
        name: null,
        description: null,
        schema: { type: "object" },
        strict: null,
      },
    },
  },
  {
    name: "the form of the output in its older place",
    body: { output_format: { type: "json_schema", schema: { type: "object" } } },
    says: {
      output: {
        kind: "schema",
        name: null,
        description: null,
        schema: { type: "object" },
        strict: null,
      },
    },
  },
];

for (const { name, body, says } of fields) {
  t.test(`decodeRequestObject() reads ${name}`, async (t) => {
    const request = decodeBody(anthropicMessages, requestBody(body));
    t.match(request, says);
    t.strictSame(request.unexpressed, []);
  });
}

const beyond: readonly { readonly body: object; readonly feature: string; readonly at: string }[] =
  [
    { body: { service_tier: "auto" }, feature: "service-tier", at: "service_tier" },
    { body: { speed: "fast" }, feature: "service-tier", at: "speed" },
    { body: { inference_geo: "eu" }, feature: "service-tier", at: "inference_geo" },
    { body: { container: "container_1" }, feature: "server-tool", at: "container" },
    {
      body: { mcp_servers: [{ type: "url", url: "https://a" }] },
      feature: "server-tool",
      at: "mcp_servers",
    },
    {
      body: { context_management: { edits: [] } },
      feature: "truncation",
      at: "context_management",
    },
    { body: { compaction: {} }, feature: "truncation", at: "compaction" },
    { body: { cache_control: { type: "ephemeral" } }, feature: "cache-hint", at: "cache_control" },
    { body: { thread: { type: "create" } }, feature: "stored-conversation", at: "thread" },
    { body: { anthropic_beta: ["a"] }, feature: "beta-header", at: "anthropic_beta" },
    { body: { diagnostics: {} }, feature: "unknown-field", at: "diagnostics" },
    { body: { of_tomorrow: 1 }, feature: "unknown-field", at: "of_tomorrow" },
    {
      body: { output_config: { task_budget: {} } },
      feature: "unknown-field",
      at: "output_config.task_budget",
    },
    { body: { metadata: { trace: "1" } }, feature: "metadata", at: "metadata.trace" },
  ];

for (const { body, feature, at } of beyond) {
  t.test(`decodeRequestObject() names ${feature} for ${at}`, async (t) => {
    const { unexpressed } = decodeBody(anthropicMessages, requestBody(body));
    t.strictSame(unexpressed, [{ feature, at }]);
  });
}

t.test("decodeRequestObject() takes members that are null or empty lists for unsaid", async (t) => {
  const body = requestBody({
    service_tier: null,
    container: null,
    mcp_servers: [],
    of_tomorrow: null,
  });
  t.strictSame(decodeBody(anthropicMessages, body).unexpressed, []);
});

t.test("decodeRequest() names the beta header, unless it is empty", async (t) => {
  const read = (headers: Readonly<Record<string, string>>) => {
    const decoded = anthropicMessages.decodeRequest(wireRequest(requestBody(), headers));
    return decoded.kind === "ok" ? decoded.value.unexpressed : decoded;
  };
  t.strictSame(read({ "anthropic-beta": "a-2025-01-01" }), [
    { feature: "beta-header", at: "anthropic-beta" },
  ]);
  t.strictSame(read({ "anthropic-beta": "" }), []);
});

const malformed: readonly { readonly body: unknown; readonly reason: string }[] = [
  { body: [], reason: "the body is not an object" },
  { body: "{", reason: "it is not JSON" },
  { body: requestBody({ model: undefined }), reason: "model is not a string that names one" },
  { body: requestBody({ model: 1 }), reason: "model is not a string that names one" },
  { body: requestBody({ model: "" }), reason: "model is not a string that names one" },
  { body: requestBody({ messages: undefined }), reason: "messages is not a list" },
  { body: requestBody({ messages: "Hi" }), reason: "messages is not a list" },
  { body: requestBody({ messages: ["Hi"] }), reason: "messages[0] is not an object" },
  {
    body: requestBody({ messages: [{ role: "tool", content: "" }] }),
    reason: "messages[0].role is none of user, assistant and system",
  },
  {
    body: requestBody({
      messages: [
        { role: "user", content: "" },
        { role: "user", content: 1 },
      ],
    }),
    reason: "messages[1].content is neither a string nor a list",
  },
  {
    body: requestBody({ messages: [{ role: "user" }] }),
    reason: "messages[0].content is neither a string nor a list",
  },
  { body: requestBody({ system: 1 }), reason: "system is neither a string nor a list" },
  { body: requestBody({ max_tokens: "1" }), reason: "max_tokens is not a number" },
  { body: requestBody({ temperature: "1" }), reason: "temperature is not a number" },
  { body: requestBody({ top_p: [] }), reason: "top_p is not a number" },
  { body: requestBody({ top_k: {} }), reason: "top_k is not a number" },
  { body: requestBody({ stop_sequences: "a" }), reason: "stop_sequences is not a list" },
  { body: requestBody({ stop_sequences: ["a", 1] }), reason: "stop_sequences[1] is not a string" },
  { body: requestBody({ stream: "yes" }), reason: "stream is not a boolean" },
  { body: requestBody({ metadata: [] }), reason: "metadata is not an object" },
  { body: requestBody({ output_config: 1 }), reason: "output_config is not an object" },
  {
    body: requestBody({ output_config: { format: { type: "xml" } } }),
    reason: "output_config.format is not an object of type json_schema",
  },
  {
    body: requestBody({ output_config: { format: { type: "json_schema" } } }),
    reason: "output_config.format.schema is not an object",
  },
];

for (const { body, reason } of malformed) {
  t.test(`decodeRequestObject() refuses a body of which ${reason}`, async (t) => {
    t.equal(malformation(anthropicMessages, body), reason);
  });
}

t.test("decodeRequestObject() tells the first of several malformations", async (t) => {
  const body = requestBody({ messages: [1, 2], tools: 3 });
  t.equal(malformation(anthropicMessages, body), "messages[0] is not an object");
});

t.test(
  "decodeRequestObject() takes model and stream from the path where it has them",
  async (t) => {
    const body = { anthropic_version: "bedrock-2023-05-31", max_tokens: 1, messages: [] };
    const decoded = decodeRequestObject(body, {
      model: "claude-opus-4-1",
      stream: true,
      hasBetaHeader: false,
    });
    t.match(decoded, {
      kind: "ok",
      value: { model: "claude-opus-4-1", stream: true, unexpressed: [] },
    });
  },
);

t.test("decodeRequestObject() never takes members of the prototype for said", async (t) => {
  const decoded = decodeRequestObject({ ["__proto__"]: 1, model: "m", messages: [] }, inBody);
  t.match(decoded, { kind: "ok", value: { system: [], tools: [] } });
  const inherited = Object.create({ system: "inherited" });
  Object.assign(inherited, { model: "m", messages: [] });
  t.match(decodeRequestObject(inherited, inBody), { kind: "ok", value: { system: [] } });
});

t.test("decodeRequestObject() keeps the digits of numbers", async (t) => {
  const text =
    '{"model":"claude-sonnet-4-5","max_tokens":1e3,"temperature":0.10000000000000000001,"messages":[]}';
  const request = decodeBody(anthropicMessages, text);
  t.equal(JSON.stringify(request.maxOutputTokens), "1e3");
  t.equal(JSON.stringify(request.temperature), "0.10000000000000000001");
  t.match(String(anthropicMessages.encodeRequest(request)), '"max_tokens":1e3,');
});

t.test("decodeRequestObject() never throws for values of any type in any place", async (t) => {
  const values = [
    null,
    true,
    0,
    "",
    "x",
    [],
    [[]],
    {},
    { type: "text" },
    [{ type: "tool_use" }],
    [null],
  ];
  const keys = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "metadata",
    "stop_sequences",
    "max_tokens",
    "temperature",
    "stream",
    "container",
  ];
  for (const key of keys) {
    for (const value of values) {
      const body = requestBody({ [key]: value });
      t.ok(
        ["ok", "malformed"].includes(anthropicMessages.decodeRequest(wireRequest(body)).kind),
        key,
      );
    }
  }
});
