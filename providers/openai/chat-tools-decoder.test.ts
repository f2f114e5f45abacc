import t from "tap";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { BodyReader } from "./body-reader.ts";
import { decodeFunction, decodeToolChoice, decodeTools } from "./chat-tools-decoder.ts";

/** The value with what was noted, or the problem. */
function read<T>(body: JsonObject, decode: (reader: BodyReader, body: JsonObject) => T): unknown {
  const reader = new BodyReader();
  const result = reader.finish(decode(reader, body));
  if (result.kind === "malformed") return result.reason;
  return { value: result.value, noted: reader.unexpressed };
}

t.test("decodeTools() reads functions with all that they say", async (t) => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, $defs: {} };
  const tools = [
    { type: "function", function: { name: "f" } },
    {
      type: "function",
      function: { name: "g", description: "Does", parameters, strict: true },
    },
    {
      type: "function",
      function: { name: "h", description: null, parameters: null, strict: null },
    },
  ];
  t.strictSame(read({ tools }, decodeTools), {
    value: [
      { name: "f", description: null, parameters: null, strict: null },
      { name: "g", description: "Does", parameters, strict: true },
      { name: "h", description: null, parameters: null, strict: null },
    ],
    noted: [],
  });
});

t.test("decodeTools() notes tools of other sorts", async (t) => {
  const tools = [
    { type: "custom", custom: { name: "f" } },
    { type: "web_search" },
    { type: "function", function: { name: "g" }, cache_control: { type: "ephemeral" } },
  ];
  t.strictSame(read({ tools }, decodeTools), {
    value: [{ name: "g", description: null, parameters: null, strict: null }],
    noted: [
      { feature: "custom-tool", at: "tools[0].type" },
      { feature: "server-tool", at: "tools[1].type" },
      { feature: "cache-hint", at: "tools[2].cache_control" },
    ],
  });
});

t.test("decodeTools() reads no tools when there are none", async (t) => {
  t.strictSame(read({}, decodeTools), { value: [], noted: [] });
  t.strictSame(read({ tools: null }, decodeTools), { value: [], noted: [] });
});

for (const [tools, reason] of [
  [{}, "tools is not a list"],
  [[1], "tools[0] is not an object"],
  [[{}], "tools[0].type is not a string"],
  [[{ type: "function" }], "tools[0].function is not an object"],
  [[{ type: "function", function: {} }], "tools[0].function.name is not a string"],
  [
    [{ type: "function", function: { name: "f", parameters: "{}" } }],
    "tools[0].function.parameters is not an object",
  ],
  [
    [{ type: "function", function: { name: "f", description: 1 } }],
    "tools[0].function.description is not a string",
  ],
  [
    [{ type: "function", function: { name: "f", strict: "yes" } }],
    "tools[0].function.strict is not a boolean",
  ],
] as const satisfies readonly (readonly [JsonValue, string])[]) {
  t.test(`decodeTools() says that ${reason} for ${JSON.stringify(tools)}`, async (t) => {
    t.equal(read({ tools }, decodeTools), reason);
  });
}

const choices: readonly {
  readonly choice: JsonValue;
  readonly value: unknown;
  readonly noted?: readonly unknown[];
}[] = [
  { choice: null, value: null },
  { choice: "auto", value: { kind: "auto" } },
  { choice: "none", value: { kind: "none" } },
  { choice: "required", value: { kind: "required" } },
  { choice: "any", value: { kind: "required" } },
  { choice: { type: "function", function: { name: "f" } }, value: { kind: "tool", name: "f" } },
  {
    choice: { type: "custom", custom: { name: "f" } },
    value: null,
    noted: [{ feature: "custom-tool", at: "tool_choice.type" }],
  },
  {
    choice: {
      type: "allowed_tools",
      allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "f" } }] },
    },
    value: { kind: "required" },
    noted: [{ feature: "tool-choice-subset", at: "tool_choice.allowed_tools" }],
  },
];

for (const { choice, value, noted = [] } of choices) {
  t.test(`decodeToolChoice() reads ${JSON.stringify(choice)}`, async (t) => {
    t.strictSame(read({ tool_choice: choice }, decodeToolChoice), { value, noted });
  });
}

for (const [choice, reason] of [
  ["maybe", "tool_choice is no choice that is known"],
  ["constructor", "tool_choice is no choice that is known"],
  [1, "tool_choice is neither a string nor an object"],
  [[], "tool_choice is neither a string nor an object"],
  [{}, "tool_choice.type is not a string"],
  [{ type: "function", function: {} }, "tool_choice.function.name is not a string"],
  [{ type: "function", function: "f" }, "tool_choice.function is not an object"],
  [{ type: "allowed_tools" }, "tool_choice.allowed_tools.mode is not a string"],
  [
    { type: "allowed_tools", allowed_tools: { mode: "x" } },
    "tool_choice.allowed_tools.mode is no choice that is known",
  ],
] as const satisfies readonly (readonly [JsonValue, string])[]) {
  t.test(`decodeToolChoice() says that ${reason} for ${JSON.stringify(choice)}`, async (t) => {
    t.equal(read({ tool_choice: choice }, decodeToolChoice), reason);
  });
}

t.test("decodeFunction() tells problems by the place that it is given", async (t) => {
  t.equal(
    read({}, (reader) => decodeFunction(reader, {}, "functions[3]")),
    "functions[3].name is not a string",
  );
});
