import t from "tap";
import type { Message, Part } from "../ir.ts";
import { encodeCallId, encodeMessages } from "./responses-input-encoder.ts";

function itemsOf(role: Message["role"], ...parts: readonly Part[]): unknown {
  return JSON.parse(JSON.stringify(encodeMessages([{ role, parts }])));
}

const text = { kind: "text", text: "a" } as const;
const png = { kind: "base64", mediaType: "image/png", data: "AAAA" } as const;
const pdf = { kind: "base64", mediaType: "application/pdf", data: "AAAA" } as const;
const call = {
  kind: "tool-call",
  id: "call_1",
  name: "f",
  arguments: "{}",
  signature: "of another",
} as const;

function result(callId: string, parts: readonly Part[]): Part {
  return { kind: "tool-result", callId, name: null, parts, isError: true };
}

const users: readonly { name: string; parts: readonly Part[]; items: readonly unknown[] }[] = [
  { name: "one text", parts: [text], items: [{ type: "message", role: "user", content: "a" }] },
  {
    name: "several texts",
    parts: [text, text],
    items: [
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_text", text: "a" },
          { type: "input_text", text: "a" },
        ],
      },
    ],
  },
  {
    name: "an image's bytes",
    parts: [{ kind: "image", source: png, detail: null }],
    items: [
      {
        type: "message",
        role: "user",
        content: [{ type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "auto" }],
      },
    ],
  },
  {
    name: "an image's URL",
    parts: [
      {
        kind: "image",
        source: { kind: "url", url: "https://a.example/b", mediaType: "image/png" },
        detail: "low",
      },
    ],
    items: [
      {
        type: "message",
        role: "user",
        content: [{ type: "input_image", image_url: "https://a.example/b", detail: "low" }],
      },
    ],
  },
  {
    name: "uploads",
    parts: [
      { kind: "image", source: { kind: "file", id: "file-1" }, detail: null },
      { kind: "document", source: { kind: "file", id: "file-2" }, name: "a.pdf" },
    ],
    items: [
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_image", file_id: "file-1", detail: "auto" },
          { type: "input_file", file_id: "file-2" },
        ],
      },
    ],
  },
  {
    name: "documents",
    parts: [
      { kind: "document", source: pdf, name: "a.pdf" },
      { kind: "document", source: pdf, name: null },
      {
        kind: "document",
        source: { kind: "url", url: "https://a.example/b.pdf", mediaType: null },
        name: null,
      },
    ],
    items: [
      {
        type: "message",
        role: "user",
        content: [
          {
            type: "input_file",
            filename: "a.pdf",
            file_data: "data:application/pdf;base64,AAAA",
          },
          {
            type: "input_file",
            filename: "document.pdf",
            file_data: "data:application/pdf;base64,AAAA",
          },
          { type: "input_file", file_url: "https://a.example/b.pdf" },
        ],
      },
    ],
  },
  {
    name: "results with texts between them",
    parts: [result("call_1", [text]), text, result("call_2", []), text, text],
    items: [
      { type: "function_call_output", call_id: "call_1", output: "a" },
      { type: "message", role: "user", content: "a" },
      { type: "function_call_output", call_id: "call_2", output: "" },
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_text", text: "a" },
          { type: "input_text", text: "a" },
        ],
      },
    ],
  },
  {
    name: "a result with a picture",
    parts: [result("call_1", [text, { kind: "image", source: png, detail: null }])],
    items: [
      {
        type: "function_call_output",
        call_id: "call_1",
        output: [
          { type: "input_text", text: "a" },
          { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "auto" },
        ],
      },
    ],
  },
];

for (const { name, parts, items } of users) {
  t.test(`encodeMessages() writes ${name} of the user`, async (t) => {
    t.same(itemsOf("user", ...parts), items);
  });
}

t.test("encodeMessages() writes a turn of the system", async (t) => {
  t.same(itemsOf("system", text), [{ type: "message", role: "system", content: "a" }]);
});

t.test("encodeMessages() writes an item for each part of the assistant", async (t) => {
  const refusal = { kind: "refusal", text: "No" } as const;
  t.same(itemsOf("assistant", text, call, text, refusal), [
    { type: "message", role: "assistant", content: "a" },
    { type: "function_call", call_id: "call_1", name: "f", arguments: "{}" },
    { type: "message", role: "assistant", content: "a" },
    { type: "message", role: "assistant", content: [{ type: "refusal", refusal: "No" }] },
  ]);
});

t.test("encodeMessages() sends reasoning back to its own provider only", async (t) => {
  const reasoning = { kind: "reasoning", text: "Hm", signature: null, encrypted: null } as const;
  const origin = "openai-responses";
  t.same(itemsOf("assistant", { ...reasoning, signature: "s", origin }), [
    {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "Hm" }],
      encrypted_content: "s",
    },
  ]);
  t.same(itemsOf("assistant", { ...reasoning, text: "", encrypted: "e", origin }), [
    { type: "reasoning", summary: [], encrypted_content: "e" },
  ]);
  t.same(itemsOf("assistant", { ...reasoning, signature: "s", origin: "anthropic-messages" }), []);
  t.same(itemsOf("assistant", { ...reasoning, origin }), []);
});

t.test("encodeMessages() leaves pictures of the assistant for the API to refuse", async (t) => {
  t.match(itemsOf("assistant", { kind: "image", source: png, detail: null }), [
    { type: "message", role: "assistant", content: [{ type: "input_image" }] },
  ]);
});

t.test("encodeMessages() writes nothing for a turn without parts", async (t) => {
  t.same(itemsOf("user"), []);
  t.same(itemsOf("assistant"), []);
});

t.test("encodeCallId() keeps ids of up to 64 characters", async (t) => {
  for (const id of ["a", "call:1/2", "x".repeat(64)]) t.equal(encodeCallId(id), id);
});

t.test("encodeCallId() makes longer ones 64 characters long, each a different one", async (t) => {
  const one = encodeCallId(`${"x".repeat(100)}1`);
  const other = encodeCallId(`${"x".repeat(100)}2`);
  t.equal(one.length, 64);
  t.match(one, /^x{47}_[0-9a-f]{16}$/);
  t.not(one, other);
  t.equal(encodeCallId(`${"x".repeat(100)}1`), one);
});

t.test("encodeMessages() makes ids of a call and its result short alike", async (t) => {
  const id = "y".repeat(200);
  const items = encodeMessages([
    { role: "assistant", parts: [{ ...call, id }] },
    { role: "user", parts: [result(id, [])] },
  ]);
  t.equal(items[0]?.["call_id"], encodeCallId(id));
  t.equal(items[1]?.["call_id"], encodeCallId(id));
});
