import t from "tap";
import { decodeBody, malformation, requestBody } from "../testdata/anthropic-messages.ts";
import { anthropicMessages } from "./messages-codec.ts";

const schema = { type: "object", properties: { a: { type: "integer" } } };
const read = (body: object) => decodeBody(anthropicMessages, requestBody(body));

t.test("decodeTools() reads a tool with everything that it may say", async (t) => {
  const tool = {
    type: "custom",
    name: "f",
    description: "Does f",
    input_schema: schema,
    strict: true,
  };
  const request = read({ tools: [tool] });
  t.strictSame(request.tools, [
    { name: "f", description: "Does f", parameters: schema, strict: true },
  ]);
  t.strictSame(request.unexpressed, []);
});

t.test("decodeTools() reads a tool that says the least", async (t) => {
  t.strictSame(read({ tools: [{ name: "f", type: null }] }).tools, [
    { name: "f", description: null, parameters: null, strict: null },
  ]);
});

t.test("decodeTools() takes no tools and null for none", async (t) => {
  t.strictSame(read({ tools: [] }).tools, []);
  t.strictSame(read({ tools: null }).tools, []);
});

const types = [
  "web_search_20250305",
  "web_fetch_20250910",
  "bash_20250124",
  "text_editor_20250728",
  "code_execution_20250825",
  "computer_toolset_20260801",
  "memory_20250818",
  "tool_search_tool_regex_20251119",
  "mcp_toolset",
  "of_tomorrow",
];
for (const type of types) {
  t.test(`decodeTools() names ${type} as a server tool and reads the others`, async (t) => {
    const request = read({
      tools: [
        { type, name: "x" },
        { name: "f", input_schema: schema },
      ],
    });
    t.strictSame(request.unexpressed, [{ feature: "server-tool", at: "tools[0].type" }]);
    t.strictSame(
      request.tools.map(({ name }) => name),
      ["f"],
    );
  });
}

const noted = [
  { key: "cache_control", value: { type: "ephemeral" }, feature: "cache-hint" },
  { key: "defer_loading", value: true, feature: "tool-metadata" },
  { key: "allowed_callers", value: ["direct"], feature: "tool-metadata" },
  { key: "eager_input_streaming", value: true, feature: "tool-metadata" },
  { key: "input_examples", value: [{}], feature: "tool-metadata" },
  { key: "of_tomorrow", value: 1, feature: "unknown-field" },
];
for (const { key, value, feature } of noted) {
  t.test(`decodeTools() names ${feature} for ${key}, unless it is null`, async (t) => {
    const tool = { name: "f", input_schema: schema };
    t.strictSame(read({ tools: [{ ...tool, [key]: value }] }).unexpressed, [
      { feature, at: `tools[0].${key}` },
    ]);
    t.strictSame(read({ tools: [{ ...tool, [key]: null }] }).unexpressed, []);
  });
}

const choices = [
  { choice: null, toolChoice: null, parallelToolCalls: null },
  { choice: { type: "auto" }, toolChoice: { kind: "auto" }, parallelToolCalls: null },
  { choice: { type: "any" }, toolChoice: { kind: "required" }, parallelToolCalls: null },
  { choice: { type: "none" }, toolChoice: { kind: "none" }, parallelToolCalls: null },
  {
    choice: { type: "tool", name: "f" },
    toolChoice: { kind: "tool", name: "f" },
    parallelToolCalls: null,
  },
  {
    choice: { type: "auto", disable_parallel_tool_use: true },
    toolChoice: { kind: "auto" },
    parallelToolCalls: false,
  },
  {
    choice: { type: "any", disable_parallel_tool_use: false },
    toolChoice: { kind: "required" },
    parallelToolCalls: true,
  },
];
for (const { choice, toolChoice, parallelToolCalls } of choices) {
  t.test(`decodeToolChoice() reads ${JSON.stringify(choice)}`, async (t) => {
    const request = read({ tool_choice: choice });
    t.strictSame(request.toolChoice, toolChoice);
    t.equal(request.parallelToolCalls, parallelToolCalls);
  });
}

const malformed = [
  { body: { tools: {} }, reason: "tools is not a list" },
  { body: { tools: ["f"] }, reason: "tools[0] is not an object" },
  { body: { tools: [{ input_schema: schema }] }, reason: "tools[0].name is not a string" },
  { body: { tools: [{ name: "" }] }, reason: "tools[0].name is empty" },
  {
    body: { tools: [{ name: "f", input_schema: [] }] },
    reason: "tools[0].input_schema is not an object",
  },
  { body: { tool_choice: "auto" }, reason: "tool_choice is not an object" },
  { body: { tool_choice: {} }, reason: "tool_choice.type is none of auto, any, tool and none" },
  { body: { tool_choice: { type: "tool" } }, reason: "tool_choice.name is not a string" },
];
for (const { body, reason } of malformed) {
  t.test(`decodeTools() and decodeToolChoice() refuse a body of which ${reason}`, async (t) => {
    t.equal(malformation(anthropicMessages, requestBody(body)), reason);
  });
}
