import t from "tap";
import {
  decodeFields,
  reasonOf,
  unexpressedOf,
} from "../testdata/openai-responses-codec/wire-calls.ts";

const user = { type: "message", role: "user", content: "Q" };
const assistant = {
  type: "message",
  id: "msg_1",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text: "A", annotations: [] }],
};
const call = {
  type: "function_call",
  id: "fc_1",
  status: "completed",
  call_id: "call_1",
  name: "f",
  arguments: '{"a":1}',
};
const result = { type: "function_call_output", call_id: "call_1", output: "R" };
const reasoning = {
  type: "reasoning",
  id: "rs_1",
  summary: [{ type: "summary_text", text: "Hm" }],
  encrypted_content: "gAAA",
};
const developer = { role: "developer", content: "D" };

/** Roles with the kinds of their parts. */
function turnsOf(input: unknown): string[] {
  return decodeFields({ input }).messages.map(({ role, parts }) => {
    return `${role}: ${parts.map(({ kind }) => kind).join(" ")}`;
  });
}

const folded: readonly { name: string; input: unknown; turns: readonly string[] }[] = [
  { name: "a text", input: "Hi", turns: ["user: text"] },
  { name: "an empty text", input: "", turns: [] },
  { name: "no items", input: [], turns: [] },
  {
    name: "a message without type",
    input: [{ role: "user", content: "Q" }],
    turns: ["user: text"],
  },
  {
    name: "what the assistant did in one turn",
    input: [user, reasoning, assistant, call, { ...call, call_id: "call_2" }],
    turns: ["user: text", "assistant: reasoning text tool-call tool-call"],
  },
  {
    name: "results one after another",
    input: [user, call, { ...call, call_id: "call_2" }, result, { ...result, call_id: "call_2" }],
    turns: ["user: text", "assistant: tool-call tool-call", "user: tool-result tool-result"],
  },
  {
    name: "a message behind results",
    input: [call, result, user],
    turns: ["assistant: tool-call", "user: tool-result text"],
  },
  {
    name: "a message before results",
    input: [call, user, result],
    turns: ["assistant: tool-call", "user: text tool-result"],
  },
  { name: "messages of the user", input: [user, user], turns: ["user: text", "user: text"] },
  {
    name: "messages of the assistant",
    input: [assistant, assistant],
    turns: ["assistant: text text"],
  },
  {
    name: "results apart by an answer",
    input: [call, result, assistant, call, result],
    turns: [
      "assistant: tool-call",
      "user: tool-result",
      "assistant: text tool-call",
      "user: tool-result",
    ],
  },
  {
    name: "the system in mid-conversation",
    input: [user, developer, user],
    turns: ["user: text", "system: text", "user: text"],
  },
  { name: "an empty message", input: [user, { role: "user", content: [] }], turns: ["user: text"] },
];

for (const { name, input, turns } of folded) {
  t.test(`decodeInput() folds ${name} into turns`, async (t) => {
    t.same(turnsOf(input), turns);
  });
}

t.test(
  "decodeInput() takes messages of the system that stand first for instructions",
  async (t) => {
    const { system, messages } = decodeFields({
      instructions: "I",
      input: [developer, { role: "system", content: [{ type: "input_text", text: "S" }] }, user],
    });
    t.same(system, [
      { kind: "text", text: "I" },
      { kind: "text", text: "D" },
      { kind: "text", text: "S" },
    ]);
    t.same(messages.length, 1);
  },
);

t.test("decodeInput() reads calls and their results", async (t) => {
  const { messages } = decodeFields({ input: [call, result] });
  t.same(messages, [
    {
      role: "assistant",
      parts: [
        { kind: "tool-call", id: "call_1", name: "f", arguments: '{"a":1}', signature: null },
      ],
    },
    {
      role: "user",
      parts: [
        {
          kind: "tool-result",
          callId: "call_1",
          name: null,
          parts: [{ kind: "text", text: "R" }],
          isError: false,
        },
      ],
    },
  ]);
});

t.test("decodeInput() reads results with pictures and files", async (t) => {
  const output = [
    { type: "input_text", text: "a" },
    { type: "input_image", image_url: "data:image/png;base64,AAAA" },
    { type: "input_file", file_url: "https://a.example/b.pdf" },
  ];
  const { messages } = decodeFields({ input: [call, { ...result, output, name: "f" }] });
  t.match(messages[1]?.parts[0], {
    kind: "tool-result",
    name: "f",
    parts: [{ kind: "text" }, { kind: "image" }, { kind: "document" }],
  });
});

for (const { name, args } of [
  { name: "empty", args: "" },
  { name: "absent", args: undefined },
  { name: "null", args: null },
]) {
  t.test(`decodeInput() takes arguments that are ${name} for none`, async (t) => {
    const { messages } = decodeFields({ input: [{ ...call, arguments: args }] });
    t.match(messages[0]?.parts[0], { arguments: "{}" });
  });
}

t.test("decodeInput() keeps the text of arguments, digits and all", async (t) => {
  const text = '{ "n": 12345678901234567890.10, "é": "\\u00e9" }';
  const { messages } = decodeFields({ input: [{ ...call, arguments: text }] });
  t.match(messages[0]?.parts[0], { arguments: text });
});

t.test("decodeInput() keeps reasoning that is encrypted", async (t) => {
  const { messages, unexpressed } = decodeFields({ input: [reasoning] });
  t.same(messages[0]?.parts, [
    {
      kind: "reasoning",
      text: "Hm",
      signature: "gAAA",
      encrypted: null,
      origin: "openai-responses",
    },
  ]);
  t.same(unexpressed, []);
});

const noted: readonly { name: string; item: unknown; note: string }[] = [
  {
    name: "reasoning that only the provider's store knows",
    item: { type: "reasoning", id: "rs_1", summary: [] },
    note: "foreign-signature at input[0].encrypted_content",
  },
  {
    name: "a phase",
    item: { ...assistant, phase: "commentary" },
    note: "content-metadata at input[0].phase",
  },
  {
    name: "a namespace",
    item: { ...call, namespace: "n" },
    note: "tool-metadata at input[0].namespace",
  },
  {
    name: "a caller",
    item: { ...result, caller: { type: "program", caller_id: "p" } },
    note: "tool-metadata at input[0].caller",
  },
  {
    name: "a reference",
    item: { type: "item_reference", id: "msg_1" },
    note: "stored-conversation at input[0].type",
  },
  {
    name: "a reference without type",
    item: { id: "msg_1" },
    note: "stored-conversation at input[0].type",
  },
  {
    name: "a compaction",
    item: { type: "compaction", encrypted_content: "x" },
    note: "stored-conversation at input[0].type",
  },
  {
    name: "a custom call",
    item: { type: "custom_tool_call", call_id: "c", name: "n", input: "x" },
    note: "custom-tool at input[0].type",
  },
  {
    name: "a custom call's result",
    item: { type: "custom_tool_call_output", call_id: "c", output: "x" },
    note: "custom-tool at input[0].type",
  },
  { name: "a future sort", item: { type: "dream" }, note: "unknown-content at input[0].type" },
  { name: "no sort", item: {}, note: "unknown-content at input[0].type" },
  ...[
    "web_search_call",
    "file_search_call",
    "computer_call",
    "computer_call_output",
    "image_generation_call",
    "code_interpreter_call",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "tool_search_call",
    "tool_search_output",
    "additional_tools",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "program",
    "program_output",
  ].map((type) => ({ name: type, item: { type }, note: "server-tool at input[0].type" })),
];

for (const { name, item, note } of noted) {
  t.test(`decodeInput() notes ${name}`, async (t) => {
    t.same(unexpressedOf({ input: [item, user] }), [note]);
  });
}

const rejected: readonly { name: string; input: unknown; reason: string }[] = [
  { name: "nothing", input: undefined, reason: "input is neither a string nor a list" },
  { name: "an object", input: {}, reason: "input is neither a string nor a list" },
  { name: "a number", input: 5, reason: "input is neither a string nor a list" },
  { name: "an item that is none", input: [user, "x"], reason: "input[1] is not an object" },
  {
    name: "a role of chat",
    input: [{ role: "tool", content: "x" }],
    reason: "input[0].role is none of user, assistant, system and developer",
  },
  {
    name: "a message without content",
    input: [user, { role: "user" }],
    reason: "input[1].content is neither a string nor a list",
  },
  {
    name: "a call without id",
    input: [{ ...call, call_id: undefined }],
    reason: "input[0].call_id is missing",
  },
  {
    name: "a call without name",
    input: [{ ...call, name: "" }],
    reason: "input[0].name is missing",
  },
  {
    name: "arguments that are no text",
    input: [{ ...call, arguments: {} }],
    reason: "input[0].arguments is not a string",
  },
  {
    name: "a result without id",
    input: [{ ...result, call_id: null }],
    reason: "input[0].call_id is missing",
  },
  {
    name: "a result without output",
    input: [{ ...result, output: null }],
    reason: "input[0].output is neither a string nor a list",
  },
  {
    name: "a broken part of a result",
    input: [{ ...result, output: [{ type: "input_text" }] }],
    reason: "input[0].output[0].text is not a string",
  },
];

for (const { name, input, reason } of rejected) {
  t.test(`decodeInput() rejects ${name}`, async (t) => {
    t.equal(reasonOf({ input }), reason);
  });
}

t.test("decodeInput() needs no input beside what brings the conversation", async (t) => {
  for (const name of ["previous_response_id", "conversation", "prompt"]) {
    t.same(decodeFields({ input: undefined, [name]: "x" }).messages, []);
  }
});
