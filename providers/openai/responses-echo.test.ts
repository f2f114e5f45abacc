import t from "tap";
import type { JsonNumber } from "../json-text.ts";
import { isJsonNumber, parseJsonText } from "../json-text.ts";
import { chatRequest, decodeFields } from "../testdata/openai-responses-codec/wire-calls.ts";
import { encodeEcho, encodeVariant } from "./responses-echo.ts";

/** What an answer to a request with these fields repeats. */
function echoOf(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(`{${encodeEcho(decodeFields(fields))}}`);
}

t.test("encodeEcho() has the API's defaults for what a request does not say", async (t) => {
  t.same(echoOf({}), {
    background: false,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    metadata: {},
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: "default",
    store: false,
    temperature: 1,
    text: { format: { type: "text" }, verbosity: "medium" },
    tool_choice: "auto",
    tools: [],
    top_logprobs: 0,
    top_p: 1,
    truncation: "disabled",
    user: null,
  });
});

const tools = [{ type: "function", name: "f", parameters: { type: "object" }, strict: false }];
const format = { type: "json_schema", name: "n", schema: { type: "object" }, strict: true };

const rows: readonly { name: string; fields: Readonly<Record<string, unknown>> }[] = [
  { name: "instructions", fields: { instructions: "I" } },
  { name: "a maximum", fields: { max_output_tokens: 99 } },
  { name: "a maximum of calls", fields: { max_tool_calls: 3 } },
  { name: "metadata", fields: { metadata: { a: "b", constructor: "c" } } },
  { name: "parallel calls", fields: { parallel_tool_calls: false } },
  { name: "a key of the cache", fields: { prompt_cache_key: "k" } },
  { name: "reasoning", fields: { reasoning: { effort: "low", summary: "detailed" } } },
  { name: "the word auto", fields: { reasoning: { effort: null, summary: "auto" } } },
  { name: "an identifier", fields: { safety_identifier: "s", user: null } },
  { name: "a user", fields: { user: "u", safety_identifier: null } },
  { name: "a user and an identifier", fields: { user: "u", safety_identifier: "s" } },
  { name: "a temperature", fields: { temperature: 0.25, top_p: 0.5 } },
  { name: "a form and verbosity", fields: { text: { format, verbosity: "low" } } },
  {
    name: "tools and their choice",
    fields: { tools, tool_choice: { type: "function", name: "f" } },
  },
  { name: "alternatives of tokens", fields: { top_logprobs: 4 } },
  { name: "truncation", fields: { truncation: "auto" } },
];

for (const { name, fields } of rows) {
  t.test(`encodeEcho() repeats ${name}`, async (t) => {
    t.match(echoOf(fields), fields);
  });
}

t.test("encodeEcho() takes no message of the system for instructions", async (t) => {
  for (const role of ["system", "developer"]) {
    const input = [
      { role, content: "S" },
      { role: "user", content: "Q" },
    ];
    t.equal(echoOf({ input })["instructions"], null);
    t.equal(echoOf({ input, instructions: "" })["instructions"], null);
    t.equal(echoOf({ input, instructions: "I" })["instructions"], "I");
  }
});

t.test("encodeEcho() passes over fields of another form than the API's", async (t) => {
  t.match(echoOf({ metadata: "x", prompt_cache_key: 5, truncation: {} }), {
    metadata: {},
    prompt_cache_key: null,
    truncation: "disabled",
  });
});

t.test("encodeEcho() stands a variant that is none of its own", async (t) => {
  for (const variant of ["x", "[1]", "{"]) {
    t.match(JSON.parse(`{${encodeEcho(chatRequest({ variant }))}}`), { metadata: {} });
  }
});

t.test("encodeEcho() keeps digits", async (t) => {
  const request = chatRequest({ temperature: rawNumber("0.10000000000000000001") });
  t.match(encodeEcho(request), /"temperature":0\.10000000000000000001,/);
});

t.test("encodeVariant() is empty where the IR has it all", async (t) => {
  const body = {
    model: "m",
    instructions: "I",
    input: "Q",
    user: "u",
    reasoning: { effort: "low", summary: "auto" },
    text: { format: { type: "json_object" } },
    temperature: 1,
  };
  t.equal(encodeVariant(body), "");
});

function rawNumber(text: string): JsonNumber {
  const parsed = parseJsonText(text);
  if (parsed.kind === "malformed" || !isJsonNumber(parsed.value)) throw new Error("No number");
  return parsed.value;
}
