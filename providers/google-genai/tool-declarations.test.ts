import t from "tap";
import type { Tool, ToolChoice, Unexpressed } from "../ir.ts";
import type { JsonValue } from "../json-text.ts";
import { RequestNotes } from "./request-notes.ts";
import { requestWith } from "./testdata/requests.ts";
import {
  decodeToolChoice,
  decodeTools,
  encodeToolChoice,
  encodeTools,
} from "./tool-declarations.ts";

function readTools(value: JsonValue | undefined) {
  const notes = new RequestNotes();
  const tools = decodeTools(value, notes);
  return { tools, unexpressed: notes.unexpressed, problem: notes.problem };
}

function readChoice(value: JsonValue | undefined) {
  const notes = new RequestNotes();
  const choice = decodeToolChoice(value, notes);
  return { choice, unexpressed: notes.unexpressed, problem: notes.problem };
}

const f: Tool = { name: "f", description: null, parameters: null, strict: null };

const tools: readonly {
  readonly name: string;
  readonly value: JsonValue | undefined;
  readonly wanted: readonly Tool[];
}[] = [
  { name: "none", value: undefined, wanted: [] },
  { name: "an empty list", value: [], wanted: [] },
  { name: "a function", value: [{ functionDeclarations: [{ name: "f" }] }], wanted: [f] },
  {
    name: "functions of several tools in snake case",
    value: [
      { function_declarations: [{ name: "f", description: "Does" }] },
      { function_declarations: { name: "g" } },
    ],
    wanted: [
      { ...f, description: "Does" },
      { ...f, name: "g" },
    ],
  },
  {
    name: "parameters of OpenAPI's",
    value: [
      {
        functionDeclarations: [
          { name: "f", parameters: { type: "OBJECT", properties: { a: { type: "STRING" } } } },
        ],
      },
    ],
    wanted: [{ ...f, parameters: { type: "object", properties: { a: { type: "string" } } } }],
  },
  {
    name: "parameters in JSON Schema as they are",
    value: [
      {
        functionDeclarations: [
          { name: "f", parameters_json_schema: { $schema: "x", type: "object" } },
        ],
      },
    ],
    wanted: [{ ...f, parameters: { $schema: "x", type: "object" } }],
  },
];

for (const { name, value, wanted } of tools) {
  t.test(`decodeTools() reads ${name}`, async (t) => {
    t.same(readTools(value), { tools: wanted, unexpressed: [], problem: null });
  });
}

const leftTools: readonly (readonly [string, JsonValue, readonly Unexpressed[]])[] = [
  [
    "tools of the server's",
    [{ googleSearch: {} }, { code_execution: {} }, { urlContext: {} }],
    [
      { feature: "server-tool", at: "tools[0].googleSearch" },
      { feature: "server-tool", at: "tools[1].codeExecution" },
      { feature: "server-tool", at: "tools[2].urlContext" },
    ],
  ],
  [
    "a tool of the server's beside functions",
    [{ functionDeclarations: [{ name: "f" }], googleMaps: {} }],
    [{ feature: "server-tool", at: "tools[0].googleMaps" }],
  ],
  [
    "what a function gives back",
    [{ functionDeclarations: [{ name: "f", response: { type: "STRING" }, behavior: "BLOCKING" }] }],
    [
      { feature: "tool-metadata", at: "tools[0].functionDeclarations[0].response" },
      { feature: "tool-metadata", at: "tools[0].functionDeclarations[0].behavior" },
    ],
  ],
];

for (const [name, value, unexpressed] of leftTools) {
  t.test(`decodeTools() notes ${name}`, async (t) => {
    t.same(readTools(value).unexpressed, unexpressed);
  });
}

const brokenTools: readonly (readonly [JsonValue, string])[] = [
  [["x"], "tools[0] is not an object"],
  [[{ functionDeclarations: [{}] }], "tools[0].functionDeclarations[0].name is missing"],
  [[{ functionDeclarations: [7] }], "tools[0].functionDeclarations[0].name is missing"],
  [
    [{ functionDeclarations: [{ name: "f", parameters: "x" }] }],
    "tools[0].functionDeclarations[0].parameters is not an object",
  ],
  [
    [{ functionDeclarations: [{ name: "f", parametersJsonSchema: true }] }],
    "tools[0].functionDeclarations[0].parameters is not an object",
  ],
];

for (const [value, problem] of brokenTools) {
  t.test(`decodeTools() says that ${problem}`, async (t) => {
    t.equal(readTools(value).problem, problem);
  });
}

const calling = (mode: JsonValue, allowedFunctionNames?: JsonValue) => ({
  functionCallingConfig: { mode, allowedFunctionNames },
});
const subset = {
  feature: "tool-choice-subset",
  at: "toolConfig.functionCallingConfig.allowedFunctionNames",
} as const;
const validated = {
  feature: "tool-metadata",
  at: "toolConfig.functionCallingConfig.mode",
} as const;

const choices: readonly {
  readonly name: string;
  readonly value: JsonValue | undefined;
  readonly wanted: ToolChoice | null;
  readonly unexpressed?: readonly Unexpressed[];
}[] = [
  { name: "none at all", value: undefined, wanted: null },
  { name: "an empty configuration", value: {}, wanted: null },
  { name: "no mode", value: { functionCallingConfig: {} }, wanted: null },
  { name: "a mode that is not said", value: calling("MODE_UNSPECIFIED"), wanted: null },
  { name: "AUTO", value: calling("AUTO"), wanted: { kind: "auto" } },
  { name: "auto in lower case", value: calling("auto"), wanted: { kind: "auto" } },
  { name: "NONE", value: calling("NONE"), wanted: { kind: "none" } },
  { name: "ANY", value: calling("ANY"), wanted: { kind: "required" } },
  { name: "ANY of none", value: calling("ANY", []), wanted: { kind: "required" } },
  { name: "ANY of one", value: calling("ANY", ["f"]), wanted: { kind: "tool", name: "f" } },
  {
    name: "ANY of several",
    value: calling("ANY", ["f", "g"]),
    wanted: { kind: "required" },
    unexpressed: [subset],
  },
  {
    name: "snake case",
    value: { function_calling_config: { mode: "ANY", allowed_function_names: ["f"] } },
    wanted: { kind: "tool", name: "f" },
  },
  {
    name: "VALIDATED",
    value: calling("VALIDATED"),
    wanted: { kind: "auto" },
    unexpressed: [validated],
  },
  {
    name: "VALIDATED of one",
    value: calling("VALIDATED", ["f"]),
    wanted: { kind: "auto" },
    unexpressed: [validated, subset],
  },
  {
    name: "fields that it does not know",
    value: {
      retrievalConfig: { languageCode: "en" },
      functionCallingConfig: { mode: "AUTO", streamFunctionCallArguments: true },
    },
    wanted: { kind: "auto" },
    unexpressed: [
      { feature: "unknown-field", at: "toolConfig.retrievalConfig" },
      {
        feature: "unknown-field",
        at: "toolConfig.functionCallingConfig.streamFunctionCallArguments",
      },
    ],
  },
];

for (const { name, value, wanted, unexpressed = [] } of choices) {
  t.test(`decodeToolChoice() reads ${name}`, async (t) => {
    t.same(readChoice(value), { choice: wanted, unexpressed, problem: null });
  });
}

t.test("decodeToolChoice() says that a mode is unknown", async (t) => {
  const problem = "toolConfig.functionCallingConfig.mode is unknown";
  t.equal(readChoice(calling("SOMETIMES")).problem, problem);
});

t.test("encodeTools() writes JSON Schema as it is, and nothing where there is none", async (t) => {
  const parameters = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: { a: { oneOf: [{ type: "string" }, { type: "null" }] } },
    additionalProperties: false,
  };
  const encoded = encodeTools([{ ...f, description: "Does", parameters, strict: true }, f]);
  t.same(JSON.parse(JSON.stringify(encoded)), [
    {
      functionDeclarations: [
        { name: "f", description: "Does", parametersJsonSchema: parameters },
        { name: "f" },
      ],
    },
  ]);
  t.equal(encodeTools([]), undefined);
});

const written: readonly (readonly [ToolChoice | null, object | undefined])[] = [
  [null, undefined],
  [{ kind: "auto" }, { functionCallingConfig: { mode: "AUTO" } }],
  [{ kind: "none" }, { functionCallingConfig: { mode: "NONE" } }],
  [{ kind: "required" }, { functionCallingConfig: { mode: "ANY" } }],
  [
    { kind: "tool", name: "f" },
    { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] } },
  ],
];

for (const [toolChoice, wanted] of written) {
  t.test(`encodeToolChoice() writes ${JSON.stringify(toolChoice)}`, async (t) => {
    t.same(encodeToolChoice(requestWith({ toolChoice })), wanted);
  });
}
