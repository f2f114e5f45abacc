import t from "tap";
import type { ChatRequest, Message, Tool } from "../ir.ts";
import { writeToolConfig } from "./converse-tools-encoder.ts";
import { settingsOf } from "./model-settings.ts";
import { chatRequest, nova, sonnet45 } from "./testdata/converse-calls.ts";

function write(changes: Partial<ChatRequest>): unknown {
  const request = chatRequest(changes);
  const config = writeToolConfig(request, settingsOf(request));
  return config === undefined ? undefined : JSON.parse(JSON.stringify(config));
}

const tool: Tool = { name: "f", description: "Does", parameters: { type: "object" }, strict: null };

const tools: readonly {
  readonly name: string;
  readonly tool: Tool;
  readonly model?: string;
  readonly spec: unknown;
}[] = [
  {
    name: "a tool",
    tool,
    spec: { name: "f", description: "Does", inputSchema: { json: { type: "object" } } },
  },
  {
    name: "a tool without a description",
    tool: { ...tool, description: null },
    spec: { name: "f", inputSchema: { json: { type: "object" } } },
  },
  {
    name: "a tool with an empty description",
    tool: { ...tool, description: "" },
    spec: { name: "f", inputSchema: { json: { type: "object" } } },
  },
  {
    name: "a tool that takes nothing",
    tool: { ...tool, parameters: null },
    spec: {
      name: "f",
      description: "Does",
      inputSchema: { json: { type: "object", properties: {} } },
    },
  },
  {
    name: "a schema without a type",
    tool: { ...tool, parameters: { properties: { a: { type: "string" } } } },
    spec: {
      name: "f",
      description: "Does",
      inputSchema: { json: { type: "object", properties: { a: { type: "string" } } } },
    },
  },
  {
    name: "a strict tool in a form that can be compiled",
    tool: { ...tool, strict: true, parameters: { type: "object", maxProperties: 3 } },
    spec: {
      name: "f",
      description: "Does",
      strict: true,
      inputSchema: {
        json: {
          type: "object",
          additionalProperties: false,
          description: '{"maxProperties":3}',
        },
      },
    },
  },
  {
    name: "a tool that is not to be strict",
    tool: { ...tool, strict: false },
    spec: { name: "f", description: "Does", inputSchema: { json: { type: "object" } } },
  },
  {
    name: "a strict tool for a model that may not know the word",
    tool: { ...tool, strict: true },
    model: nova,
    spec: { name: "f", description: "Does", inputSchema: { json: { type: "object" } } },
  },
];

for (const { name, tool: one, model = sonnet45, spec } of tools) {
  t.test(`writeToolConfig() writes ${name}`, async (t) => {
    t.same(write({ tools: [one], model }), { tools: [{ toolSpec: spec }] });
  });
}

t.test("writeToolConfig() writes the choice", async (t) => {
  const rows: readonly [choice: ChatRequest["toolChoice"], wanted: unknown][] = [
    [null, undefined],
    [{ kind: "auto" }, { auto: {} }],
    [{ kind: "required" }, { any: {} }],
    [{ kind: "tool", name: "f" }, { tool: { name: "f" } }],
  ];
  for (const [toolChoice, wanted] of rows) {
    t.match(write({ tools: [tool], toolChoice }), { toolChoice: wanted });
  }
});

t.test(
  "writeToolConfig() raises a TypeError for the choice that Converse has no word for",
  async (t) => {
    t.throws(() => write({ tools: [tool], toolChoice: { kind: "none" } }), {
      message: "Cannot write toolChoice: Converse has no word for none",
    });
  },
);

t.test("writeToolConfig() has none where there are none", async (t) => {
  t.equal(write({}), undefined);
  t.equal(write({ toolChoice: { kind: "auto" } }), undefined);
});

const call = (id: string, name: string) =>
  ({ kind: "tool-call", id, name, arguments: "{}", signature: null }) as const;
const result = (callId: string, name: string | null = null) =>
  ({ kind: "tool-result", callId, name, parts: [], isError: false }) as const;

const histories: readonly {
  readonly name: string;
  readonly messages: readonly Message[];
  readonly names: readonly string[];
}[] = [
  {
    name: "calls and their results",
    messages: [
      { role: "assistant", parts: [call("1", "f"), call("2", "g"), call("3", "f")] },
      { role: "user", parts: [result("1"), result("2"), result("3")] },
    ],
    names: ["f", "g"],
  },
  {
    name: "a result that names its tool",
    messages: [{ role: "user", parts: [result("1", "h")] }],
    names: ["h"],
  },
  {
    name: "a result of a call that is not there",
    messages: [{ role: "user", parts: [result("1")] }],
    names: ["tool"],
  },
];

for (const { name, messages, names } of histories) {
  t.test(`writeToolConfig() declares the tools of ${name}`, async (t) => {
    const description =
      "Was used earlier in this conversation and is no longer there: it must not be called.";
    const wanted = names.map((one) => ({
      toolSpec: { name: one, description, inputSchema: { json: { type: "object" } } },
    }));
    t.same(write({ messages }), { tools: wanted });
  });
}

t.test("writeToolConfig() declares no other tools where the agent names some", async (t) => {
  const [{ messages } = { messages: [] }] = histories;
  const written = write({ messages, tools: [tool] });
  t.match(written, { tools: [{ toolSpec: { name: "f" } }] });
  t.equal(JSON.stringify(written).includes("no longer there"), false);
});
