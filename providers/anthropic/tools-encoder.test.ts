import t from "tap";
import type { ChatRequest, Tool } from "../ir.ts";
import {
  assistantTurn,
  chatRequest,
  dialect,
  toolCall,
  toolResult,
  userTurn,
} from "../testdata/anthropic-messages.ts";
import { generationOf } from "./claude-generation.ts";
import { encodeToolSettings } from "./tools-encoder.ts";

const encode = (changes: Partial<ChatRequest>, model = "claude-sonnet-4-5") =>
  JSON.parse(JSON.stringify(encodeToolSettings(chatRequest(changes), generationOf(model))));
const tool = (changes: Partial<Tool> = {}): Tool => ({
  name: "f",
  description: null,
  parameters: { type: "object" },
  strict: null,
  ...changes,
});
const bounded = { type: "object", properties: { a: { type: "integer", minimum: 1 } } };

const tools = [
  { name: "the least", tool: tool(), written: { name: "f", input_schema: { type: "object" } } },
  {
    name: "a description",
    tool: tool({ description: "Does f" }),
    written: { name: "f", description: "Does f", input_schema: { type: "object" } },
  },
  {
    name: "no parameters",
    tool: tool({ parameters: null }),
    written: { name: "f", input_schema: { type: "object", properties: {} } },
  },
  {
    name: "parameters without a type",
    tool: tool({ parameters: {} }),
    written: { name: "f", input_schema: { type: "object" } },
  },
  {
    name: "bounds",
    tool: tool({ parameters: bounded }),
    written: { name: "f", input_schema: bounded },
  },
  {
    name: "no guarantee",
    tool: tool({ strict: false }),
    written: { name: "f", input_schema: { type: "object" } },
  },
  {
    name: "a guarantee",
    tool: tool({ strict: true, parameters: bounded }),
    written: {
      name: "f",
      input_schema: {
        type: "object",
        properties: { a: { type: "integer", description: '{"minimum":1}' } },
        additionalProperties: false,
      },
      strict: true,
    },
  },
];
for (const { name, tool, written } of tools) {
  t.test(`encodeToolSettings() writes a tool with ${name}`, async (t) => {
    t.strictSame(encode({ tools: [tool] }), { tools: [written] });
  });
}

t.test("encodeToolSettings() leaves schemas of this dialect as they are", async (t) => {
  const strict = tool({ strict: true, parameters: bounded });
  t.strictSame(encode({ tools: [strict], variant: dialect }).tools, [
    { name: "f", input_schema: bounded, strict: true },
  ]);
});

t.test("encodeToolSettings() leaves the guarantee out for models without it", async (t) => {
  const strict = tool({ strict: true, parameters: bounded });
  t.strictSame(encode({ tools: [strict] }, "claude-3-7-sonnet-latest").tools, [
    { name: "f", input_schema: bounded },
  ]);
});

const choices = [
  { toolChoice: null, parallelToolCalls: null, written: undefined },
  { toolChoice: { kind: "auto" }, parallelToolCalls: null, written: { type: "auto" } },
  { toolChoice: { kind: "required" }, parallelToolCalls: null, written: { type: "any" } },
  { toolChoice: { kind: "none" }, parallelToolCalls: null, written: { type: "none" } },
  {
    toolChoice: { kind: "tool", name: "f" },
    parallelToolCalls: null,
    written: { type: "tool", name: "f" },
  },
  {
    toolChoice: null,
    parallelToolCalls: false,
    written: { type: "auto", disable_parallel_tool_use: true },
  },
  {
    toolChoice: null,
    parallelToolCalls: true,
    written: { type: "auto", disable_parallel_tool_use: false },
  },
  {
    toolChoice: { kind: "required" },
    parallelToolCalls: false,
    written: { type: "any", disable_parallel_tool_use: true },
  },
  {
    toolChoice: { kind: "tool", name: "f" },
    parallelToolCalls: false,
    written: { type: "tool", name: "f", disable_parallel_tool_use: true },
  },
  { toolChoice: { kind: "none" }, parallelToolCalls: false, written: { type: "none" } },
] as const;
for (const { toolChoice, parallelToolCalls, written } of choices) {
  t.test(
    `encodeToolSettings() writes the choice ${JSON.stringify({ toolChoice, parallelToolCalls })}`,
    async (t) => {
      t.strictSame(encode({ tools: [tool()], toolChoice, parallelToolCalls }).tool_choice, written);
    },
  );
}

t.test("encodeToolSettings() says nothing of a choice where there are no tools", async (t) => {
  t.strictSame(encode({ toolChoice: { kind: "none" }, parallelToolCalls: false }), {});
});

const called = [
  userTurn("Go"),
  assistantTurn(toolCall("t1"), { ...toolCall("t2"), name: "g" } as never, toolCall("t3")),
  userTurn(toolResult("t1", "1")),
];

t.test(
  "encodeToolSettings() declares tools that were called and are no longer named, for no call",
  async (t) => {
    t.strictSame(encode({ messages: called }), {
      tools: [
        { name: "f", input_schema: { type: "object" } },
        { name: "g", input_schema: { type: "object" } },
      ],
      tool_choice: { type: "none" },
    });
  },
);

t.test("encodeToolSettings() declares nothing for an agent of this dialect", async (t) => {
  t.strictSame(encode({ messages: called, variant: dialect }), {});
});
