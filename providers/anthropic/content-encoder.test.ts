import t from "tap";
import type { ChatRequest, Part } from "../ir.ts";
import {
  assistantTurn,
  chatRequest,
  reasoning,
  systemTurn,
  toolCall,
  toolResult,
  userTurn,
} from "../testdata/anthropic-messages.ts";
import { encodeTurns } from "./content-encoder.ts";

const encode = (changes: Partial<ChatRequest>) =>
  JSON.parse(JSON.stringify(encodeTurns(chatRequest(changes))));

const encodePart = (part: Part) =>
  encode({ messages: [userTurn("a", part)] }).messages[0].content[1];

const image: Part = {
  kind: "image",
  source: { kind: "base64", mediaType: "image/png", data: "aGk=" },
  detail: "high",
};
const imageBlock = {
  type: "image",
  source: { type: "base64", media_type: "image/png", data: "aGk=" },
};

const parts: readonly { readonly name: string; readonly part: Part; readonly block: object }[] = [
  { name: "text", part: { kind: "text", text: "b" }, block: { type: "text", text: "b" } },
  { name: "a refusal", part: { kind: "refusal", text: "No" }, block: { type: "text", text: "No" } },
  { name: "an image in base64", part: image, block: imageBlock },
  {
    name: "an image by its URL",
    part: {
      kind: "image",
      source: { kind: "url", url: "https://a", mediaType: "image/png" },
      detail: null,
    },
    block: { type: "image", source: { type: "url", url: "https://a" } },
  },
  {
    name: "an uploaded image",
    part: { kind: "image", source: { kind: "file", id: "file_1" }, detail: null },
    block: { type: "image", source: { type: "file", file_id: "file_1" } },
  },
  {
    name: "a PDF with a name",
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "application/pdf", data: "JVBERg==" },
      name: "a.pdf",
    },
    block: {
      type: "document",
      source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
      title: "a.pdf",
    },
  },
  ...["text/plain", "text/markdown", "text/csv", "application/json"].map((mediaType) => ({
    name: `a document of ${mediaType}`,
    part: {
      kind: "document",
      source: { kind: "base64", mediaType, data: "aMOp" },
      name: null,
    } as const,
    block: { type: "document", source: { type: "text", media_type: "text/plain", data: "hé" } },
  })),
  {
    name: "a document by its URL",
    part: {
      kind: "document",
      source: { kind: "url", url: "https://a/b", mediaType: null },
      name: null,
    },
    block: { type: "document", source: { type: "url", url: "https://a/b" } },
  },
  {
    name: "a call",
    part: toolCall("toolu_1", '{"a":1}'),
    block: { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
  },
  {
    name: "a call with an id of another alphabet",
    part: toolCall("call:é"),
    block: { type: "tool_use", id: "toolu_63616c6c3ac3a9", name: "f", input: {} },
  },
  {
    name: "reasoning with its proof",
    part: reasoning("Hm"),
    block: { type: "thinking", thinking: "Hm", signature: "proof" },
  },
  {
    name: "reasoning that is hidden",
    part: { ...reasoning("", null), encrypted: "Em" } as Part,
    block: { type: "redacted_thinking", data: "Em" },
  },
];
for (const { name, part, block } of parts) {
  t.test(`encodeTurns() writes ${name}`, async (t) => {
    t.strictSame(encodePart(part), block);
  });
}

const results: readonly {
  readonly name: string;
  readonly part: Partial<Part>;
  readonly block: object;
}[] = [
  { name: "text", part: {}, block: { content: "1" } },
  { name: "an error", part: { isError: true }, block: { content: "1", is_error: true } },
  { name: "nothing", part: { parts: [] }, block: {} },
  { name: "blank text", part: { parts: [{ kind: "text", text: " " }] }, block: {} },
  {
    name: "several parts",
    part: { parts: [{ kind: "text", text: "a" }, image] },
    block: { content: [{ type: "text", text: "a" }, imageBlock] },
  },
  { name: "an image alone", part: { parts: [image] }, block: { content: [imageBlock] } },
  {
    name: "an id of another alphabet",
    part: { callId: "a b" },
    block: { tool_use_id: "toolu_612062", content: "1" },
  },
];
for (const { name, part, block } of results) {
  t.test(`encodeTurns() writes a result of a tool with ${name}`, async (t) => {
    const result = { ...toolResult("toolu_1", "1"), ...part } as Part;
    const { messages } = encode({ messages: [userTurn(result)] });
    t.strictSame(messages[0].content, [{ type: "tool_result", tool_use_id: "toolu_1", ...block }]);
  });
}

const leftOut: readonly { readonly name: string; readonly part: Part }[] = [
  { name: "empty text", part: { kind: "text", text: "" } },
  { name: "blank text", part: { kind: "text", text: " \n\t" } },
  { name: "reasoning without proof", part: reasoning("Hm", null) },
  {
    name: "reasoning of another dialect",
    part: { ...reasoning("Hm"), origin: "google-genai" } as Part,
  },
  {
    name: "sound",
    part: { kind: "audio", source: { kind: "base64", mediaType: "audio/wav", data: "" } },
  },
];
for (const { name, part } of leftOut) {
  t.test(`encodeTurns() leaves out ${name}, and turns of nothing else`, async (t) => {
    t.strictSame(encode({ messages: [userTurn("a", part), userTurn(part)] }).messages, [
      { role: "user", content: "a" },
    ]);
  });
}

t.test("encodeTurns() joins turns of one role, also over a turn that is left out", async (t) => {
  const messages = [
    userTurn("a"),
    assistantTurn(""),
    userTurn("b"),
    assistantTurn("c"),
    assistantTurn("d"),
    userTurn("e"),
  ];
  t.strictSame(encode({ messages }).messages, [
    {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    },
    {
      role: "assistant",
      content: [
        { type: "text", text: "c" },
        { type: "text", text: "d" },
      ],
    },
    { role: "user", content: "e" },
  ]);
});

t.test("encodeTurns() puts results of tools first in a turn, each kind in its order", async (t) => {
  const turn = userTurn("a", toolResult("t1", "1"), "b", toolResult("t2", "2"));
  const { messages } = encode({ messages: [assistantTurn(toolCall("t1"), toolCall("t2")), turn] });
  t.strictSame(messages[1].content, [
    { type: "tool_result", tool_use_id: "t1", content: "1" },
    { type: "tool_result", tool_use_id: "t2", content: "2" },
    { type: "text", text: "a" },
    { type: "text", text: "b" },
  ]);
});

t.test(
  "encodeTurns() joins results that came as turns of their own with what the user says",
  async (t) => {
    const { messages } = encode({
      messages: [
        userTurn("Go"),
        assistantTurn("So", toolCall("t1"), toolCall("t2")),
        userTurn(toolResult("t1", "1")),
        userTurn(toolResult("t2", "2")),
        userTurn("And?"),
      ],
    });
    t.equal(messages.length, 3);
    t.strictSame(
      messages[2].content.map(({ type }: { type: string }) => type),
      ["tool_result", "tool_result", "text"],
    );
  },
);

t.test("encodeTurns() trims what the model is to go on from, and no other turn", async (t) => {
  const { messages } = encode({
    messages: [assistantTurn("a "), userTurn("b "), assistantTurn("c ", " d \n")],
  });
  t.strictSame(messages, [
    { role: "assistant", content: "a " },
    { role: "user", content: "b " },
    {
      role: "assistant",
      content: [
        { type: "text", text: "c " },
        { type: "text", text: " d" },
      ],
    },
  ]);
});

t.test("encodeTurns() leaves a first turn of the assistant's where it is", async (t) => {
  const { messages } = encode({ messages: [assistantTurn("a"), userTurn("b")] });
  t.strictSame(
    messages.map(({ role }: { role: string }) => role),
    ["assistant", "user"],
  );
});

t.test("encodeTurns() writes one text as text and several as blocks", async (t) => {
  t.equal(encode({ system: [{ kind: "text", text: "a" }] }).system, "a");
  t.strictSame(
    encode({
      system: [
        { kind: "text", text: "a" },
        { kind: "text", text: "b" },
      ],
    }).system,
    [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ],
  );
});

t.test("encodeTurns() has no system prompt where there is no text for it", async (t) => {
  t.notOk("system" in encode({ system: [] }));
  t.notOk("system" in encode({ system: [{ kind: "text", text: "" }, image] }));
});

t.test(
  "encodeTurns() puts instructions before the first turn into the system prompt",
  async (t) => {
    const encoded = encode({
      system: [{ kind: "text", text: "a" }],
      messages: [systemTurn("b"), userTurn("c")],
    });
    t.strictSame(encoded.system, [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]);
    t.strictSame(encoded.messages, [{ role: "user", content: "c" }]);
  },
);

t.test(
  "encodeTurns() writes instructions in mid-conversation as a turn of the system",
  async (t) => {
    const { messages } = encode({ messages: [userTurn("a"), systemTurn("b")] });
    t.strictSame(messages, [
      { role: "user", content: "a" },
      { role: "system", content: "b" },
    ]);
  },
);
