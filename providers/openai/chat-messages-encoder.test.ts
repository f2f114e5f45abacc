import t from "tap";
import type { Message, Part } from "../ir.ts";
import type { MessageSpelling } from "./chat-messages-encoder.ts";
import { encodeMessages } from "./chat-messages-encoder.ts";
import { reasoning, requestWith, text } from "./testdata/chat.ts";

const plain: MessageSpelling = { joinsTexts: false, toolId: (id) => id };
const joining: MessageSpelling = { joinsTexts: true, toolId: (id) => `${id}!` };

function encode(turns: readonly Message[], spelling = plain): unknown {
  const written = encodeMessages(requestWith({ messages: turns }), spelling);
  return JSON.parse(JSON.stringify(written));
}

function call(id: string): Part {
  return { kind: "tool-call", id, name: "f", arguments: '{"n":1}', signature: "proof" };
}

function result(callId: string, ...parts: Part[]): Part {
  return { kind: "tool-result", callId, name: "f", parts, isError: true };
}

const wireCall = (id: string) => ({
  id,
  type: "function",
  function: { name: "f", arguments: '{"n":1}' },
});

const turns: readonly {
  readonly name: string;
  readonly turns: readonly Message[];
  readonly messages: readonly unknown[];
}[] = [
  {
    name: "a text as a string",
    turns: [{ role: "user", parts: [text("Hi")] }],
    messages: [{ role: "user", content: "Hi" }],
  },
  {
    name: "texts as a list",
    turns: [{ role: "user", parts: [text("a"), text("b")] }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
    ],
  },
  { name: "a turn without parts not at all", turns: [{ role: "user", parts: [] }], messages: [] },
  {
    name: "an answer of reasoning alone not at all",
    turns: [{ role: "assistant", parts: [reasoning("Hm")] }],
    messages: [],
  },
  {
    name: "instructions in mid-conversation where they stand",
    turns: [
      { role: "user", parts: [text("a")] },
      { role: "system", parts: [text("b")] },
      { role: "system", parts: [] },
      { role: "user", parts: [text("c")] },
    ],
    messages: [
      { role: "user", content: "a" },
      { role: "system", content: "b" },
      { role: "user", content: "c" },
    ],
  },
  {
    name: "calls without text with no content",
    turns: [{ role: "assistant", parts: [call("1"), call("2")] }],
    messages: [{ role: "assistant", content: null, tool_calls: [wireCall("1"), wireCall("2")] }],
  },
  {
    name: "text around calls before them",
    turns: [{ role: "assistant", parts: [text("a"), call("1"), text("b")] }],
    messages: [
      {
        role: "assistant",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
        tool_calls: [wireCall("1")],
      },
    ],
  },
  {
    name: "a refusal as a part",
    turns: [{ role: "assistant", parts: [{ kind: "refusal", text: "No" }] }],
    messages: [{ role: "assistant", content: [{ type: "refusal", refusal: "No" }] }],
  },
  {
    name: "several results, each as a message, before what else the turn holds",
    turns: [
      {
        role: "user",
        parts: [
          text("first"),
          result("1", text("one")),
          result("2", text("two"), text("more")),
          result("3"),
          text("last"),
        ],
      },
    ],
    messages: [
      { role: "tool", tool_call_id: "1", content: "one" },
      {
        role: "tool",
        tool_call_id: "2",
        content: [
          { type: "text", text: "two" },
          { type: "text", text: "more" },
        ],
      },
      { role: "tool", tool_call_id: "3", content: "" },
      {
        role: "user",
        content: [
          { type: "text", text: "first" },
          { type: "text", text: "last" },
        ],
      },
    ],
  },
];

for (const { name, turns: given, messages } of turns) {
  t.test(`encodeMessages() writes ${name}`, async (t) => {
    t.strictSame(encode(given), messages);
  });
}

const parts: readonly { readonly name: string; readonly part: Part; readonly wire: unknown }[] = [
  {
    name: "an image by its address",
    part: {
      kind: "image",
      source: { kind: "url", url: "https://example.com/a", mediaType: "image/png" },
      detail: null,
    },
    wire: { type: "image_url", image_url: { url: "https://example.com/a" } },
  },
  {
    name: "an image in a data URL with detail",
    part: {
      kind: "image",
      source: { kind: "base64", mediaType: "image/png", data: "AAAA" },
      detail: "low",
    },
    wire: { type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "low" } },
  },
  {
    name: "a document with its name",
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "application/pdf", data: "AAAA" },
      name: "a.pdf",
    },
    wire: {
      type: "file",
      file: { file_data: "data:application/pdf;base64,AAAA", filename: "a.pdf" },
    },
  },
  {
    name: "a document without one",
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "application/pdf", data: "AAAA" },
      name: null,
    },
    wire: {
      type: "file",
      file: { file_data: "data:application/pdf;base64,AAAA", filename: "document.pdf" },
    },
  },
  {
    name: "a document that was uploaded",
    part: { kind: "document", source: { kind: "file", id: "file-1" }, name: null },
    wire: { type: "file", file: { file_id: "file-1" } },
  },
  {
    name: "a document of text as text",
    part: {
      kind: "document",
      source: {
        kind: "base64",
        mediaType: "text/plain",
        data: Buffer.from("Grüße").toString("base64"),
      },
      name: "a.txt",
    },
    wire: { type: "text", text: "Grüße" },
  },
  {
    name: "sound",
    part: { kind: "audio", source: { kind: "base64", mediaType: "audio/mpeg", data: "AAAA" } },
    wire: { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
  },
  {
    name: "sound by its address",
    part: {
      kind: "audio",
      source: { kind: "url", url: "https://example.com/a.wav", mediaType: null },
    },
    wire: { type: "audio_url", audio_url: { url: "https://example.com/a.wav" } },
  },
];

for (const { name, part, wire } of parts) {
  t.test(`encodeMessages() writes ${name}`, async (t) => {
    t.strictSame(encode([{ role: "user", parts: [part, text("?")] }]), [
      { role: "user", content: [wire, { type: "text", text: "?" }] },
    ]);
  });

  t.test(`encodeMessages() lets the provider see ${name} where it takes none`, async (t) => {
    const written = JSON.stringify(encode([{ role: "assistant", parts: [text("a"), part] }]));
    t.ok(written.includes(JSON.stringify(wire)), written);
  });
}

t.test("encodeMessages() writes instructions of several texts as one message", async (t) => {
  const request = requestWith({ system: [text("a"), text("b")] });
  t.strictSame(encodeMessages(request, plain), [
    {
      role: "system",
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    },
  ]);
  t.strictSame(encodeMessages(request, joining), [{ role: "system", content: "a\n\nb" }]);
});

t.test("encodeMessages() joins texts but those of users when the server wants it", async (t) => {
  const given: Message[] = [
    { role: "user", parts: [text("a"), text("b")] },
    { role: "assistant", parts: [text("c"), { kind: "refusal", text: "d" }, call("1")] },
    { role: "user", parts: [result("1", text("e"), text("f"))] },
  ];
  t.strictSame(encode(given, joining), [
    {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    },
    { role: "assistant", content: "c\n\nd", tool_calls: [wireCall("1!")] },
    { role: "tool", tool_call_id: "1!", content: "e\n\nf" },
  ]);
});
