import t from "tap";
import type { ToolChoice } from "../ir.ts";
import {
  chatRequest,
  decodeFields,
  reasonOf,
  unexpressedOf,
  decodedValue,
  wireRequest,
} from "../testdata/openai-responses-codec/wire-calls.ts";
import { openaiResponses } from "./responses-codec.ts";
import { encodeToolChoice, encodeTools } from "./responses-tools.ts";

const parameters = { type: "object", properties: { a: { type: "string" } } };
const tool = { type: "function", name: "f", description: "F", parameters, strict: true };
const decodedTool = { name: "f", description: "F", parameters, strict: true };

t.test("decodeTools() reads functions", async (t) => {
  t.same(decodeFields({ tools: [tool] }).tools, [decodedTool]);
});

t.test("decodeTools() reads a function that says next to nothing", async (t) => {
  t.same(decodeFields({ tools: [{ type: "function", name: "f" }] }).tools, [
    { name: "f", description: null, parameters: null, strict: null },
  ]);
});

t.test("decodeTools() takes false for saying nothing of strictness", async (t) => {
  t.equal(decodeFields({ tools: [{ ...tool, strict: false }] }).tools[0]?.strict, null);
});

t.test("decodeTools() keeps the digits of schemas", async (t) => {
  const text = '{"model":"m","input":"","tools":[{"type":"function","name":"f",';
  const { tools } = decodeFieldsOfText(`${text}"parameters":{"maximum":1.00000000000000000001}}]}`);
  t.equal(JSON.stringify(tools[0]?.parameters), '{"maximum":1.00000000000000000001}');
});

const noted: readonly { name: string; tools: readonly unknown[]; notes: readonly string[] }[] = [
  {
    name: "a custom tool",
    tools: [{ type: "custom", name: "c" }],
    notes: ["custom-tool at tools[0].type"],
  },
  {
    name: "a namespace",
    tools: [{ type: "namespace", name: "n", tools: [] }],
    notes: ["custom-tool at tools[0].type"],
  },
  {
    name: "tools of the provider",
    tools: [tool, { type: "web_search" }, { type: "mcp", server_label: "x" }, {}],
    notes: [
      "server-tool at tools[1].type",
      "server-tool at tools[2].type",
      "server-tool at tools[3].type",
    ],
  },
  {
    name: "fields of functions",
    tools: [{ ...tool, defer_loading: true, output_schema: {}, async: null }],
    notes: ["tool-metadata at tools[0].defer_loading", "tool-metadata at tools[0].output_schema"],
  },
];

for (const { name, tools, notes } of noted) {
  t.test(`decodeTools() notes ${name}`, async (t) => {
    t.same(unexpressedOf({ tools }), notes);
  });
}

const rejected: readonly { name: string; tools: unknown; reason: string }[] = [
  { name: "an object", tools: {}, reason: "tools is not a list" },
  { name: "a tool that is none", tools: ["f"], reason: "tools[0] is not an object" },
  {
    name: "a function without name",
    tools: [{ type: "function" }],
    reason: "tools[0].name is not a string",
  },
  {
    name: "a schema that is none",
    tools: [{ ...tool, parameters: "x" }],
    reason: "tools[0].parameters is not an object",
  },
  {
    name: "a function of chat",
    tools: [{ type: "function", function: { name: "f" } }],
    reason: "tools[0].name is not a string",
  },
  {
    name: "a strict that is none",
    tools: [{ ...tool, strict: 1 }],
    reason: "tools[0].strict is not a boolean",
  },
];

for (const { name, tools, reason } of rejected) {
  t.test(`decodeTools() rejects ${name}`, async (t) => {
    t.equal(reasonOf({ tools }), reason);
  });
}

const choices: readonly { name: string; wire: unknown; choice: ToolChoice | null }[] = [
  { name: "auto", wire: "auto", choice: { kind: "auto" } },
  { name: "none", wire: "none", choice: { kind: "none" } },
  { name: "required", wire: "required", choice: { kind: "required" } },
  {
    name: "a function",
    wire: { type: "function", name: "f" },
    choice: { kind: "tool", name: "f" },
  },
  { name: "nothing", wire: undefined, choice: null },
];

for (const { name, wire, choice } of choices) {
  t.test(`decodeToolChoice() reads ${name}`, async (t) => {
    t.same(decodeFields({ tool_choice: wire }).toolChoice, choice);
  });

  t.test(`encodeToolChoice() writes ${name}`, async (t) => {
    t.same(encodeToolChoice(chatRequest({ toolChoice: choice, tools: [decodedTool] })), wire);
  });
}

t.test("decodeToolChoice() notes a choice among some tools, and how it must be made", async (t) => {
  const choice = {
    type: "allowed_tools",
    mode: "required",
    tools: [{ type: "function", name: "f" }],
  };
  t.same(unexpressedOf({ tool_choice: choice }), ["tool-choice-subset at tool_choice.tools"]);
  t.same(decodeFields({ tool_choice: choice }).toolChoice, { kind: "required" });
});

t.test("decodeToolChoice() notes choices of other tools", async (t) => {
  t.same(unexpressedOf({ tool_choice: { type: "custom", name: "c" } }), [
    "custom-tool at tool_choice.type",
  ]);
  t.same(unexpressedOf({ tool_choice: { type: "mcp", server_label: "x" } }), [
    "server-tool at tool_choice.type",
  ]);
});

for (const { name, choice, reason } of [
  {
    name: "a word",
    choice: "constructor",
    reason: "tool_choice is none of auto, none and required",
  },
  { name: "a number", choice: 5, reason: "tool_choice is neither a string nor an object" },
  {
    name: "a function without name",
    choice: { type: "function" },
    reason: "tool_choice.name is missing",
  },
]) {
  t.test(`decodeToolChoice() rejects ${name}`, async (t) => {
    t.equal(reasonOf({ tool_choice: choice }), reason);
  });
}

t.test("encodeTools() says that schemas are not to be made strict", async (t) => {
  const tools = [decodedTool, { name: "g", description: null, parameters: null, strict: null }];
  t.same(JSON.parse(JSON.stringify(encodeTools(chatRequest({ tools })))), [
    tool,
    { type: "function", name: "g", parameters: null, strict: false },
  ]);
});

t.test("encodeToolChoice() says nothing where there are no tools", async (t) => {
  t.equal(encodeToolChoice(chatRequest({ toolChoice: { kind: "auto" } })), undefined);
});

function decodeFieldsOfText(body: string) {
  return decodedValue(openaiResponses.decodeRequest(wireRequest(body)));
}
