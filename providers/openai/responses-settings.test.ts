import t from "tap";
import type { OutputFormat, ReasoningRequest } from "../ir.ts";
import {
  chatRequest,
  decodeFields,
  reasonOf,
  unexpressedOf,
} from "../testdata/openai-responses-codec/wire-calls.ts";
import { encodeInclude, encodeReasoningRequest, encodeText } from "./responses-settings.ts";

const schema = { type: "object", properties: {} };

const forms: readonly { name: string; text: unknown; output: OutputFormat }[] = [
  { name: "nothing", text: undefined, output: { kind: "text" } },
  { name: "JSON", text: { format: { type: "json_object" } }, output: { kind: "json" } },
  {
    name: "a schema",
    text: { format: { type: "json_schema", name: "n", schema } },
    output: { kind: "schema", name: "n", description: null, schema, strict: null },
  },
  {
    name: "a strict schema",
    text: { format: { type: "json_schema", name: "n", description: "D", schema, strict: true } },
    output: { kind: "schema", name: "n", description: "D", schema, strict: true },
  },
];

for (const { name, text, output } of forms) {
  t.test(`decodeText() reads ${name}`, async (t) => {
    t.same(decodeFields({ text }).output, output);
    t.same(unexpressedOf({ text }), []);
  });

  t.test(`encodeText() writes ${name}`, async (t) => {
    const encoded = encodeText(chatRequest({ output }));
    t.same(encoded === undefined ? undefined : JSON.parse(JSON.stringify(encoded)), text);
  });
}

for (const { name, text } of [
  { name: "plain text", text: { format: { type: "text" } } },
  { name: "no form", text: {} },
  { name: "null", text: { format: null } },
]) {
  t.test(`decodeText() takes ${name} for plain text`, async (t) => {
    t.same(decodeFields({ text }).output, { kind: "text" });
  });
}

t.test("encodeText() names a schema that has no name", async (t) => {
  const output = { kind: "schema", name: null, description: null, schema, strict: null } as const;
  t.match(encodeText(chatRequest({ output })), { format: { name: "response" } });
});

t.test("decodeText() notes verbosity and what it does not know", async (t) => {
  t.same(unexpressedOf({ text: { verbosity: "low", tone: "kind" } }), [
    "verbosity at text.verbosity",
    "unknown-field at text.tone",
  ]);
});

for (const { name, text, reason } of [
  { name: "a word", text: "json", reason: "text is not an object" },
  { name: "a form that is none", text: { format: "json" }, reason: "text.format is not an object" },
  {
    name: "a grammar",
    text: { format: { type: "grammar" } },
    reason: "text.format.type is none of text, json_object and json_schema",
  },
  {
    name: "a schema of chat",
    text: { format: { type: "json_schema", json_schema: { schema } } },
    reason: "text.format.schema is not an object",
  },
]) {
  t.test(`decodeText() rejects ${name}`, async (t) => {
    t.equal(reasonOf({ text }), reason);
  });
}

const reasonings: readonly { name: string; wire: unknown; reasoning: ReasoningRequest | null }[] = [
  { name: "nothing", wire: undefined, reasoning: null },
  {
    name: "effort",
    wire: { effort: "minimal" },
    reasoning: { effort: "minimal", budgetTokens: null, visible: null },
  },
  {
    name: "a summary",
    wire: { summary: "auto" },
    reasoning: { effort: null, budgetTokens: null, visible: true },
  },
  {
    name: "both",
    wire: { effort: "xhigh", summary: "auto" },
    reasoning: { effort: "xhigh", budgetTokens: null, visible: true },
  },
];

for (const { name, wire, reasoning } of reasonings) {
  t.test(`decodeReasoningRequest() reads ${name}`, async (t) => {
    t.same(decodeFields({ reasoning: wire }).reasoning, reasoning);
  });

  t.test(`encodeReasoningRequest() writes ${name}`, async (t) => {
    const encoded = encodeReasoningRequest(chatRequest({ reasoning }));
    t.same(encoded === undefined ? undefined : JSON.parse(JSON.stringify(encoded)), wire);
  });
}

t.test("decodeReasoningRequest() reads the older name of a summary", async (t) => {
  t.match(decodeFields({ reasoning: { generate_summary: "concise" } }).reasoning, {
    visible: true,
  });
});

t.test("decodeReasoningRequest() takes nulls for nothing", async (t) => {
  t.equal(decodeFields({ reasoning: { effort: null, summary: null } }).reasoning, null);
  t.equal(decodeFields({ reasoning: {} }).reasoning, null);
});

t.test("decodeReasoningRequest() notes words and fields that it does not know", async (t) => {
  t.same(unexpressedOf({ reasoning: { effort: "constructor", mode: "pro", context: null } }), [
    "unknown-field at reasoning.mode",
    "unknown-field at reasoning.effort",
  ]);
});

t.test("decodeReasoningRequest() rejects what is no object", async (t) => {
  t.equal(reasonOf({ reasoning: "high" }), "reasoning is not an object");
});

t.test("encodeReasoningRequest() has a word for a budget", async (t) => {
  const reasoning = { effort: null, budgetTokens: 8_000, visible: null };
  t.match(encodeReasoningRequest(chatRequest({ reasoning })), { effort: "medium" });
});

const logprobsWord = "message.output_text.logprobs";

for (const { name, fields, logprobs } of [
  { name: "nothing", fields: {}, logprobs: null },
  { name: "the word", fields: { include: [logprobsWord] }, logprobs: { top: 0 } },
  {
    name: "the word and a count",
    fields: { include: [logprobsWord], top_logprobs: 3 },
    logprobs: { top: 3 },
  },
  { name: "a count", fields: { top_logprobs: 2 }, logprobs: { top: 2 } },
  { name: "a count of none", fields: { top_logprobs: 0 }, logprobs: null },
  { name: "null", fields: { include: null, top_logprobs: null }, logprobs: null },
]) {
  t.test(`decodeLogprobs() reads what ${name} asks for`, async (t) => {
    t.same(decodeFields(fields).logprobs, logprobs);
    t.same(unexpressedOf(fields), []);
  });
}

t.test("decodeLogprobs() notes what else is to be included", async (t) => {
  const include = ["reasoning.encrypted_content", "file_search_call.results", logprobsWord, 5];
  t.same(unexpressedOf({ include }), [
    "unknown-field at include[1]",
    "unknown-field at include[3]",
  ]);
});

t.test("decodeLogprobs() rejects a list that is none", async (t) => {
  t.equal(reasonOf({ include: logprobsWord }), "include is not a list");
  t.equal(reasonOf({ top_logprobs: "3" }), "top_logprobs is not a number");
});

for (const { name, effort, include } of [
  { name: "beside reasoning", effort: "high", include: ["reasoning.encrypted_content"] },
  { name: "beside a summary", effort: null, include: ["reasoning.encrypted_content"] },
  { name: "not without reasoning", effort: "none", include: undefined },
] as const) {
  t.test(`encodeInclude() asks for encrypted reasoning ${name}`, async (t) => {
    const reasoning = { effort, budgetTokens: null, visible: true };
    t.same(encodeInclude(chatRequest({ reasoning })), include);
  });
}

t.test("encodeInclude() asks for probabilities", async (t) => {
  t.same(encodeInclude(chatRequest({ logprobs: { top: 0 } })), [logprobsWord]);
  t.equal(encodeInclude(chatRequest()), undefined);
});
