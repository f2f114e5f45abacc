import t from "tap";
import type { Part, Unexpressed } from "../ir.ts";
import type { JsonValue } from "../json-text.ts";
import { BodyReader } from "./body-reader.ts";
import { decodeContent } from "./chat-content-decoder.ts";
import { reasoning, text } from "./testdata/chat.ts";

/** Parts with what was noted, or the problem. */
function decode(content: JsonValue | undefined): unknown {
  const reader = new BodyReader();
  const parts = decodeContent(reader, content, "content");
  const result = reader.finish(parts);
  if (result.kind === "malformed") return result.reason;
  return reader.unexpressed.length === 0 ? parts : { parts, noted: reader.unexpressed };
}

const contents: readonly {
  readonly name: string;
  readonly content: JsonValue | undefined;
  readonly parts: readonly Part[];
}[] = [
  { name: "a string", content: "Hi", parts: [text("Hi")] },
  { name: "an empty string", content: "", parts: [] },
  { name: "null", content: null, parts: [] },
  { name: "nothing", content: undefined, parts: [] },
  { name: "an empty list", content: [], parts: [] },
  {
    name: "texts, of which one is empty",
    content: [
      { type: "text", text: "a" },
      { type: "text", text: "" },
      { type: "text", text: "b" },
    ],
    parts: [text("a"), text("b")],
  },
  { name: "bare strings in a list", content: ["a", "b"], parts: [text("a"), text("b")] },
  {
    name: "an image by its address",
    content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }],
    parts: [
      {
        kind: "image",
        source: { kind: "url", url: "https://example.com/a.png", mediaType: null },
        detail: null,
      },
    ],
  },
  {
    name: "an image with detail",
    content: [{ type: "image_url", image_url: { url: "https://example.com/a", detail: "high" } }],
    parts: [
      {
        kind: "image",
        source: { kind: "url", url: "https://example.com/a", mediaType: null },
        detail: "high",
      },
    ],
  },
  {
    name: "an image with detail as usual",
    content: [{ type: "image_url", image_url: { url: "gs://b/a", detail: "auto" } }],
    parts: [
      { kind: "image", source: { kind: "url", url: "gs://b/a", mediaType: null }, detail: null },
    ],
  },
  {
    name: "an image in a data URL",
    content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }],
    parts: [
      {
        kind: "image",
        source: { kind: "base64", mediaType: "image/png", data: "AAAA" },
        detail: null,
      },
    ],
  },
  {
    name: "an image as Mistral has it",
    content: [{ type: "image_url", image_url: "data:image/png;base64,AAAA" }],
    parts: [
      {
        kind: "image",
        source: { kind: "base64", mediaType: "image/png", data: "AAAA" },
        detail: null,
      },
    ],
  },
  {
    name: "sound",
    content: [{ type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } }],
    parts: [{ kind: "audio", source: { kind: "base64", mediaType: "audio/mpeg", data: "AAAA" } }],
  },
  {
    name: "sound as vLLM has it",
    content: [{ type: "audio_url", audio_url: { url: "https://example.com/a.wav" } }],
    parts: [
      {
        kind: "audio",
        source: { kind: "url", url: "https://example.com/a.wav", mediaType: null },
      },
    ],
  },
  {
    name: "a file in a data URL",
    content: [
      {
        type: "file",
        file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" },
      },
    ],
    parts: [
      {
        kind: "document",
        source: { kind: "base64", mediaType: "application/pdf", data: "AAAA" },
        name: "a.pdf",
      },
    ],
  },
  {
    name: "a file as bare base64",
    content: [{ type: "file", file: { filename: "Notes.MD", file_data: "AAAA" } }],
    parts: [
      {
        kind: "document",
        source: { kind: "base64", mediaType: "text/markdown", data: "AAAA" },
        name: "Notes.MD",
      },
    ],
  },
  {
    name: "a file without a name",
    content: [{ type: "file", file: { file_data: "AAAA" } }],
    parts: [
      {
        kind: "document",
        source: { kind: "base64", mediaType: "application/pdf", data: "AAAA" },
        name: null,
      },
    ],
  },
  {
    name: "a file by its address",
    content: [{ type: "file", file: { file_data: "https://example.com/a.pdf" } }],
    parts: [
      {
        kind: "document",
        source: { kind: "url", url: "https://example.com/a.pdf", mediaType: null },
        name: null,
      },
    ],
  },
  {
    name: "a file that was uploaded",
    content: [{ type: "file", file: { file_id: "file-1" } }],
    parts: [{ kind: "document", source: { kind: "file", id: "file-1" }, name: null }],
  },
  {
    name: "a document as Mistral has it",
    content: [
      { type: "document_url", document_url: "https://example.com/a.pdf", document_name: "a" },
    ],
    parts: [
      {
        kind: "document",
        source: { kind: "url", url: "https://example.com/a.pdf", mediaType: null },
        name: "a",
      },
    ],
  },
  {
    name: "a refusal",
    content: [{ type: "refusal", refusal: "No" }],
    parts: [{ kind: "refusal", text: "No" }],
  },
  {
    name: "reasoning as Mistral has it",
    content: [
      {
        type: "thinking",
        thinking: [
          { type: "text", text: "H" },
          { type: "text", text: "m" },
        ],
      },
    ],
    parts: [reasoning("Hm")],
  },
];

for (const { name, content, parts } of contents) {
  t.test(`decodeContent() reads ${name}`, async (t) => {
    t.strictSame(decode(content), parts);
  });
}

const noted: readonly {
  readonly name: string;
  readonly content: JsonValue;
  readonly parts: readonly Part[];
  readonly notes: readonly Unexpressed[];
}[] = [
  {
    name: "a part that is not known",
    content: [
      { type: "text", text: "a" },
      { type: "hologram", hologram: 1 },
    ],
    parts: [text("a")],
    notes: [{ feature: "unknown-content", at: "content[1].type" }],
  },
  {
    name: "a part named like a member of every object",
    content: [{ type: "constructor" }],
    parts: [],
    notes: [{ feature: "unknown-content", at: "content[0].type" }],
  },
  {
    name: "a film",
    content: [{ type: "video_url", video_url: { url: "https://example.com/a.mp4" } }],
    parts: [],
    notes: [{ feature: "video", at: "content[0].type" }],
  },
  {
    name: "a hint for caches",
    content: [{ type: "text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } }],
    parts: [text("a")],
    notes: [{ feature: "cache-hint", at: "content[0].prompt_cache_breakpoint" }],
  },
  {
    name: "Anthropic's hint for caches",
    content: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }],
    parts: [text("a")],
    notes: [{ feature: "cache-hint", at: "content[0].cache_control" }],
  },
];

for (const { name, content, parts, notes } of noted) {
  t.test(`decodeContent() notes ${name}`, async (t) => {
    t.strictSame(decode(content), { parts, noted: notes });
  });
}

for (const [content, reason] of [
  [1, "content is neither a string nor a list"],
  [{ type: "text" }, "content is neither a string nor a list"],
  [[1], "content[0] is not an object"],
  [[null], "content[0] is not an object"],
  [[{ text: "a" }], "content[0].type is not a string"],
  [[{ type: "text" }], "content[0].text is not a string"],
  [[{ type: "text", text: 1 }], "content[0].text is not a string"],
  [[{ type: "refusal" }], "content[0].refusal is not a string"],
  [[{ type: "image_url" }], "content[0].image_url is not an object"],
  [[{ type: "image_url", image_url: {} }], "content[0].image_url.url is not a string"],
  [
    [{ type: "image_url", image_url: { url: "a", detail: 1 } }],
    "content[0].image_url.detail is not a string",
  ],
  [
    [{ type: "image_url", image_url: { url: "data:image/png;base64" } }],
    "content[0].image_url.url is a data URL that cannot be read",
  ],
  [[{ type: "image_url", image_url: "data:x" }], "content[0] is a data URL that cannot be read"],
  [[{ type: "input_audio" }], "content[0].input_audio is not an object"],
  [
    [{ type: "input_audio", input_audio: { data: "AA" } }],
    "content[0].input_audio.format is not a string",
  ],
  [[{ type: "audio_url", audio_url: 1 }], "content[0].audio_url is not an object"],
  [[{ type: "file" }], "content[0].file has neither file_data nor file_id"],
  [[{ type: "file", file: 1 }], "content[0].file is not an object"],
  [
    [{ type: "file", file: { filename: "a" } }],
    "content[0].file has neither file_data nor file_id",
  ],
  [[{ type: "document_url" }], "content[0].document_url is not a string"],
] as const satisfies readonly (readonly [JsonValue, string])[]) {
  t.test(`decodeContent() says that ${reason} for ${JSON.stringify(content)}`, async (t) => {
    t.equal(decode(content), reason);
  });
}
