import t from "tap";
import type { Message, Part, Unexpressed } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { BodyReader } from "./body-reader.ts";
import { decodeMessages, thoughtSignature } from "./chat-messages-decoder.ts";
import { reasoning, text } from "./testdata/chat.ts";

/** The conversation with what was noted, or the problem. */
function decode(messages: JsonValue): unknown {
  const reader = new BodyReader();
  const result = reader.finish(decodeMessages(reader, { messages }));
  if (result.kind === "malformed") return result.reason;
  return { ...result.value, noted: reader.unexpressed };
}

function toolCall(id: string, args = "{}"): JsonObject {
  return { id, type: "function", function: { name: "f", arguments: args } };
}

function callPart(id: string, args = "{}"): Part {
  return { kind: "tool-call", id, name: "f", arguments: args, signature: null };
}

function result(callId: string, value: string): Part {
  return { kind: "tool-result", callId, name: null, parts: [text(value)], isError: false };
}

const conversations: readonly {
  readonly name: string;
  readonly messages: readonly JsonObject[];
  readonly system?: readonly Part[];
  readonly turns: readonly Message[];
  readonly noted?: readonly Unexpressed[];
}[] = [
  { name: "nothing", messages: [], turns: [] },
  {
    name: "instructions of both names before the conversation",
    messages: [
      { role: "system", content: "a" },
      { role: "developer", content: [{ type: "text", text: "b" }] },
      { role: "user", content: "Hi" },
    ],
    system: [text("a"), text("b")],
    turns: [{ role: "user", parts: [text("Hi")] }],
  },
  {
    name: "instructions in its middle",
    messages: [
      { role: "user", content: "Hi" },
      { role: "developer", content: "a" },
      { role: "system", content: "b" },
    ],
    turns: [
      { role: "user", parts: [text("Hi")] },
      { role: "system", parts: [text("a")] },
      { role: "system", parts: [text("b")] },
    ],
  },
  {
    name: "turns of one role behind each other",
    messages: [
      { role: "user", content: "a" },
      { role: "user", content: "b" },
      { role: "assistant", content: "c" },
    ],
    turns: [
      { role: "user", parts: [text("a")] },
      { role: "user", parts: [text("b")] },
      { role: "assistant", parts: [text("c")] },
    ],
  },
  {
    name: "calls, their results and what the user adds",
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content: null, tool_calls: [toolCall("1", '{"a":1}'), toolCall("2")] },
      { role: "tool", tool_call_id: "1", content: "one" },
      { role: "tool", tool_call_id: "2", content: [{ type: "text", text: "two" }] },
      { role: "user", content: "And?" },
      { role: "assistant", content: "Wait", tool_calls: [toolCall("3")] },
      { role: "tool", tool_call_id: "3", content: "three" },
    ],
    turns: [
      { role: "user", parts: [text("Hi")] },
      { role: "assistant", parts: [callPart("1", '{"a":1}'), callPart("2")] },
      { role: "user", parts: [result("1", "one"), result("2", "two")] },
      { role: "user", parts: [text("And?")] },
      { role: "assistant", parts: [text("Wait"), callPart("3")] },
      { role: "user", parts: [result("3", "three")] },
    ],
  },
  {
    name: "the name of a tool beside its result",
    messages: [{ role: "tool", tool_call_id: "1", name: "f", content: "" }],
    turns: [
      {
        role: "user",
        parts: [{ kind: "tool-result", callId: "1", name: "f", parts: [], isError: false }],
      },
    ],
  },
  {
    name: "reasoning of other servers, under either name",
    messages: [
      { role: "assistant", reasoning_content: "Hm", content: "a" },
      { role: "assistant", reasoning: "Well", content: "b" },
      { role: "assistant", reasoning_content: "", content: "c" },
    ],
    turns: [
      { role: "assistant", parts: [reasoning("Hm"), text("a")] },
      { role: "assistant", parts: [reasoning("Well"), text("b")] },
      { role: "assistant", parts: [text("c")] },
    ],
  },
  {
    name: "a refusal beside the content",
    messages: [{ role: "assistant", content: null, refusal: "No" }],
    turns: [{ role: "assistant", parts: [{ kind: "refusal", text: "No" }] }],
  },
  {
    name: "a call whose arguments are no JSON, which stay as they are",
    messages: [{ role: "assistant", tool_calls: [toolCall("1", "{oops"), toolCall("2", " ")] }],
    turns: [{ role: "assistant", parts: [callPart("1", "{oops"), callPart("2", "{}")] }],
  },
  {
    name: "the digits of arguments",
    messages: [{ role: "assistant", tool_calls: [toolCall("1", '{"n": 12345678901234567890}')] }],
    turns: [{ role: "assistant", parts: [callPart("1", '{"n": 12345678901234567890}')] }],
  },
  {
    name: "Gemini's proof of reasoning",
    messages: [
      {
        role: "assistant",
        tool_calls: [
          { ...toolCall("1"), extra_content: { google: { thought_signature: "proof" } } },
        ],
      },
    ],
    turns: [
      {
        role: "assistant",
        parts: [{ kind: "tool-call", id: "1", name: "f", arguments: "{}", signature: "proof" }],
      },
    ],
  },
  {
    name: "members that the IR has no place for",
    messages: [
      { role: "user", name: "Ann", content: "a" },
      { role: "assistant", content: "b", audio: { id: "audio_1" }, annotations: [{}] },
      { role: "assistant", content: "c", audio: null, annotations: [], prefix: false },
      { role: "assistant", content: "d", prefix: true, reasoning_details: [{}] },
    ],
    turns: [
      { role: "user", parts: [text("a")] },
      { role: "assistant", parts: [text("b")] },
      { role: "assistant", parts: [text("c")] },
      { role: "assistant", parts: [text("d")] },
    ],
    noted: [
      { feature: "content-metadata", at: "messages[0].name" },
      { feature: "citations", at: "messages[1].annotations" },
      { feature: "stored-conversation", at: "messages[1].audio" },
      { feature: "reasoning-history", at: "messages[3].reasoning_details" },
      { feature: "assistant-prefill", at: "messages[3].prefix" },
    ],
  },
  {
    name: "functions, which tools have replaced",
    messages: [
      { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
      { role: "function", name: "f", content: "a" },
    ],
    turns: [{ role: "assistant", parts: [] }],
    noted: [
      { feature: "custom-tool", at: "messages[0].function_call" },
      { feature: "content-metadata", at: "messages[1].name" },
      { feature: "custom-tool", at: "messages[1].role" },
    ],
  },
  {
    name: "a call of a custom tool",
    messages: [
      {
        role: "assistant",
        tool_calls: [{ id: "1", type: "custom", custom: { name: "f", input: "x" } }],
      },
    ],
    turns: [{ role: "assistant", parts: [] }],
    noted: [{ feature: "custom-tool", at: "messages[0].tool_calls[0].type" }],
  },
  {
    name: "a role that is not known",
    messages: [{ role: "critic", content: "a" }],
    turns: [],
    noted: [{ feature: "unknown-content", at: "messages[0].role" }],
  },
];

for (const { name, messages, system = [], turns, noted = [] } of conversations) {
  t.test(`decodeMessages() reads ${name}`, async (t) => {
    t.strictSame(decode(messages), { system, messages: turns, noted });
  });
}

for (const [messages, reason] of [
  [null, "messages is not a list"],
  [{}, "messages is not a list"],
  [["Hi"], "messages[0] is not an object"],
  [[{}], "messages[0].role is not a string"],
  [[{ role: "user", content: 1 }], "messages[0].content is neither a string nor a list"],
  [[{ role: "user", content: [1] }], "messages[0].content[0] is not an object"],
  [[{ role: "tool", content: "a" }], "messages[0].tool_call_id is not a string"],
  [[{ role: "assistant", tool_calls: {} }], "messages[0].tool_calls is not a list"],
  [[{ role: "assistant", tool_calls: [1] }], "messages[0].tool_calls[0] is not an object"],
  [
    [{ role: "assistant", tool_calls: [{ function: { name: "f", arguments: "" } }] }],
    "messages[0].tool_calls[0].id is not a string",
  ],
  [
    [{ role: "assistant", tool_calls: [{ id: "1", function: { arguments: "" } }] }],
    "messages[0].tool_calls[0].function.name is not a string",
  ],
  [
    [{ role: "assistant", tool_calls: [{ id: "1", function: { name: "f", arguments: {} } }] }],
    "messages[0].tool_calls[0].function.arguments is not a string",
  ],
  [[{ role: "assistant", refusal: 1 }], "messages[0].refusal is not a string"],
] as const satisfies readonly (readonly [JsonValue, string])[]) {
  t.test(`decodeMessages() says that ${reason} for ${JSON.stringify(messages)}`, async (t) => {
    t.equal(decode(messages), reason);
  });
}

t.test("thoughtSignature() finds nothing when it is not where Google has it", async (t) => {
  for (const call of [
    {},
    { extra_content: null },
    { extra_content: { google: 1 } },
    { extra_content: { google: { thought_signature: 1 } } },
    { extra_content: { google: { thought_signature: "" } } },
  ] satisfies readonly JsonObject[]) {
    t.equal(thoughtSignature(call), null);
  }
});
