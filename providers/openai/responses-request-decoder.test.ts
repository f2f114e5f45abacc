import t from "tap";
import {
  decodeFields,
  reasonOf,
  unexpressedOf,
  decodedValue,
  wireRequest,
} from "../testdata/openai-responses-codec/wire-calls.ts";
import { decodeRequest } from "./responses-request-decoder.ts";

t.test("decodeRequest() reads a request that says next to nothing", async (t) => {
  t.same(decodedValue(decodeRequest(wireRequest({ model: "gpt-5", input: "Hi" }))), {
    model: "gpt-5",
    system: [],
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    maxOutputTokens: null,
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
    variant: "",
  });
});

t.test("decodeRequest() reads settings", async (t) => {
  const request = decodeFields({
    instructions: "I",
    parallel_tool_calls: false,
    max_output_tokens: 100,
    temperature: 0.5,
    top_p: 0.9,
    stream: true,
    user: "u",
  });
  t.match(request, {
    system: [{ kind: "text", text: "I" }],
    parallelToolCalls: false,
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.9,
    stream: true,
    endUser: "u",
    unexpressed: [],
  });
});

t.test("decodeRequest() keeps digits", async (t) => {
  const body = '{"model":"m","input":"","temperature":0.30000000000000000001}';
  const { temperature } = decodedValue(decodeRequest(wireRequest(body)));
  t.equal(JSON.stringify(temperature), "0.30000000000000000001");
});

const noted: readonly {
  name: string;
  fields: Readonly<Record<string, unknown>>;
  notes: readonly string[];
}[] = [
  { name: "background", fields: { background: true }, notes: ["background at background"] },
  { name: "metadata", fields: { metadata: { a: "b" } }, notes: ["metadata at metadata"] },
  { name: "that it be stored", fields: { store: true }, notes: ["store at store"] },
  { name: "a tier", fields: { service_tier: "flex" }, notes: ["service-tier at service_tier"] },
  { name: "truncation", fields: { truncation: "auto" }, notes: ["truncation at truncation"] },
  {
    name: "management of the context",
    fields: { context_management: [{ type: "compaction" }] },
    notes: ["truncation at context_management"],
  },
  {
    name: "the answer before",
    fields: { previous_response_id: "resp_1" },
    notes: ["stored-conversation at previous_response_id"],
  },
  {
    name: "a conversation",
    fields: { conversation: { id: "conv_1" } },
    notes: ["stored-conversation at conversation"],
  },
  { name: "a prompt", fields: { prompt: { id: "pmpt_1" } }, notes: ["prompt-template at prompt"] },
  { name: "moderation", fields: { moderation: { model: "m" } }, notes: ["safety at moderation"] },
  {
    name: "a key of the cache",
    fields: { prompt_cache_key: "k" },
    notes: ["cache-hint at prompt_cache_key"],
  },
  {
    name: "retention in the cache",
    fields: { prompt_cache_retention: "24h" },
    notes: ["cache-hint at prompt_cache_retention"],
  },
  {
    name: "options of the cache",
    fields: { prompt_cache_options: { mode: "explicit" } },
    notes: ["cache-hint at prompt_cache_options"],
  },
  {
    name: "a maximum of calls",
    fields: { max_tool_calls: 2 },
    notes: ["tool-metadata at max_tool_calls"],
  },
  { name: "options of images", fields: { image: {} }, notes: ["image-detail at image"] },
  {
    name: "obfuscation",
    fields: { stream_options: { include_obfuscation: true } },
    notes: ["unknown-field at stream_options.include_obfuscation"],
  },
  {
    name: "two users",
    fields: { user: "u", safety_identifier: "s" },
    notes: ["cache-hint at user"],
  },
  {
    name: "fields of chat",
    fields: { seed: 1, stop: ["x"], presence_penalty: 1 },
    notes: ["unknown-field at seed", "unknown-field at stop", "unknown-field at presence_penalty"],
  },
  { name: "a future field", fields: { dream: 1 }, notes: ["unknown-field at dream"] },
  {
    name: "a name of prototypes",
    fields: { constructor: 1 },
    notes: ["unknown-field at constructor"],
  },
];

for (const { name, fields, notes } of noted) {
  t.test(`decodeRequest() notes ${name}`, async (t) => {
    t.same(unexpressedOf(fields), notes);
  });
}

t.test("decodeRequest() notes nothing of what says no more than silence", async (t) => {
  const fields = {
    background: false,
    store: false,
    service_tier: "auto",
    truncation: "disabled",
    metadata: null,
    previous_response_id: null,
    stream_options: { include_obfuscation: false },
    user: "u",
    safety_identifier: "u",
    dream: null,
  };
  t.same(unexpressedOf(fields), []);
  t.same(unexpressedOf({ service_tier: "default", stream_options: null }), []);
});

t.test("decodeRequest() prefers the identifier of the end user to the older field", async (t) => {
  t.equal(decodeFields({ user: "u", safety_identifier: "s" }).endUser, "s");
  t.equal(decodeFields({ safety_identifier: "s" }).endUser, "s");
});

const rejected: readonly { name: string; body: unknown; reason: string }[] = [
  { name: "no JSON", body: "{", reason: "the body cannot be read: it is not JSON" },
  { name: "a list", body: [], reason: "the body is not a JSON object" },
  { name: "no model", body: { input: "x" }, reason: "model is missing" },
];

for (const { name, body, reason } of rejected) {
  t.test(`decodeRequest() rejects a body with ${name}`, async (t) => {
    t.same(decodeRequest(wireRequest(body)), { kind: "malformed", reason });
  });
}

t.test("decodeRequest() rejects a body that is not UTF-8", async (t) => {
  const wire = { ...wireRequest(""), body: Buffer.of(0x22, 0xff, 0x22) };
  t.same(decodeRequest(wire), {
    kind: "malformed",
    reason: "the body cannot be read: it is not UTF-8",
  });
});

for (const { name, fields, reason } of [
  { name: "model", fields: { model: 5 }, reason: "model is not a string" },
  { name: "instructions", fields: { instructions: ["I"] }, reason: "instructions is not a string" },
  { name: "temperature", fields: { temperature: "1" }, reason: "temperature is not a number" },
  { name: "top_p", fields: { top_p: true }, reason: "top_p is not a number" },
  {
    name: "max_output_tokens",
    fields: { max_output_tokens: "9" },
    reason: "max_output_tokens is not a number",
  },
  { name: "stream", fields: { stream: "true" }, reason: "stream is not a boolean" },
  {
    name: "parallel_tool_calls",
    fields: { parallel_tool_calls: 1 },
    reason: "parallel_tool_calls is not a boolean",
  },
  { name: "user", fields: { user: {} }, reason: "user is not a string" },
]) {
  t.test(`decodeRequest() rejects a wrong ${name}`, async (t) => {
    t.equal(reasonOf(fields), reason);
  });
}

t.test("decodeRequest() needs no model beside a prompt that names it", async (t) => {
  const request = decodedValue(decodeRequest(wireRequest({ prompt: { id: "pmpt_1" } })));
  t.equal(request.model, "");
  t.same(request.messages, []);
});

t.test("decodeRequest() says no value in its reasons and places", async (t) => {
  const secret = "sk-secret";
  t.notMatch(reasonOf({ temperature: secret }), /secret/);
  t.notMatch(unexpressedOf({ metadata: { a: secret }, dream: secret }).join(), /secret/);
});
