import t from "tap";
import type { JsonValue } from "../json-text.ts";
import { BodyReader } from "./body-reader.ts";
import { decodeContent } from "./responses-content-decoder.ts";

function read(content: JsonValue | undefined) {
  const reader = new BodyReader();
  const parts = decodeContent(content, { reader, at: "x" });
  const finished = reader.finish(parts);
  return {
    parts,
    reason: finished.kind === "malformed" ? finished.reason : null,
    notes: reader.unexpressed.map(({ feature, at }) => `${feature} at ${at}`),
  };
}

const base64 = { kind: "base64", mediaType: "image/png", data: "AAAA" } as const;

const understood: readonly { name: string; content: JsonValue; parts: readonly unknown[] }[] = [
  { name: "a string", content: "Hi", parts: [{ kind: "text", text: "Hi" }] },
  { name: "an empty string", content: "", parts: [] },
  { name: "an empty list", content: [], parts: [] },
  {
    name: "text",
    content: [{ type: "input_text", text: "a" }],
    parts: [{ kind: "text", text: "a" }],
  },
  {
    name: "text of answers",
    content: [{ type: "output_text", text: "a", annotations: [], logprobs: [] }],
    parts: [{ kind: "text", text: "a" }],
  },
  {
    name: "a refusal",
    content: [{ type: "refusal", refusal: "No" }],
    parts: [{ kind: "refusal", text: "No" }],
  },
  {
    name: "an image's bytes",
    content: [{ type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "auto" }],
    parts: [{ kind: "image", source: base64, detail: null }],
  },
  {
    name: "an image's URL",
    content: [{ type: "input_image", image_url: "https://a.example/b.png", detail: "high" }],
    parts: [
      {
        kind: "image",
        source: { kind: "url", url: "https://a.example/b.png", mediaType: null },
        detail: "high",
      },
    ],
  },
  {
    name: "an uploaded image",
    content: [{ type: "input_image", file_id: "file-1", image_url: null }],
    parts: [{ kind: "image", source: { kind: "file", id: "file-1" }, detail: null }],
  },
  {
    name: "a file's bytes",
    content: [
      { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" },
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
    name: "a file's bare bytes",
    content: [{ type: "input_file", filename: "a.txt", file_data: "AAAA" }],
    parts: [
      {
        kind: "document",
        source: { kind: "base64", mediaType: "text/plain", data: "AAAA" },
        name: "a.txt",
      },
    ],
  },
  {
    name: "a file's URL",
    content: [{ type: "input_file", file_url: "https://a.example/b.pdf" }],
    parts: [
      {
        kind: "document",
        source: { kind: "url", url: "https://a.example/b.pdf", mediaType: null },
        name: null,
      },
    ],
  },
  {
    name: "an uploaded file",
    content: [{ type: "input_file", file_id: "file-2" }],
    parts: [{ kind: "document", source: { kind: "file", id: "file-2" }, name: null }],
  },
  {
    name: "sound",
    content: [{ type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } }],
    parts: [{ kind: "audio", source: { kind: "base64", mediaType: "audio/mpeg", data: "AAAA" } }],
  },
];

for (const { name, content, parts } of understood) {
  t.test(`decodeContent() reads ${name}`, async (t) => {
    t.same(read(content), { parts, reason: null, notes: [] });
  });
}

const noted: readonly { name: string; part: JsonValue; note: string }[] = [
  {
    name: "citations",
    part: { type: "output_text", text: "a", annotations: [{ type: "url_citation" }] },
    note: "citations at x[0].annotations",
  },
  {
    name: "probabilities",
    part: { type: "output_text", text: "a", logprobs: [{ token: "a" }] },
    note: "content-metadata at x[0].logprobs",
  },
  {
    name: "a breakpoint of the cache",
    part: { type: "input_text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } },
    note: "cache-hint at x[0].prompt_cache_breakpoint",
  },
  {
    name: "a file's detail",
    part: { type: "input_file", file_id: "f", detail: "low" },
    note: "content-metadata at x[0].detail",
  },
  { name: "an unknown sort", part: { type: "input_video" }, note: "unknown-content at x[0].type" },
  { name: "no sort", part: { text: "a" }, note: "unknown-content at x[0].type" },
];

for (const { name, part, note } of noted) {
  t.test(`decodeContent() notes ${name}`, async (t) => {
    const { reason, notes } = read([part]);
    t.same({ reason, notes }, { reason: null, notes: [note] });
  });
}

const rejected: readonly { name: string; content: JsonValue | undefined; reason: string }[] = [
  { name: "nothing", content: undefined, reason: "x is neither a string nor a list" },
  { name: "null", content: null, reason: "x is neither a string nor a list" },
  {
    name: "an object",
    content: { type: "input_text" },
    reason: "x is neither a string nor a list",
  },
  { name: "a number", content: [1], reason: "x[0] is not an object" },
  {
    name: "text without text",
    content: [{ type: "input_text" }],
    reason: "x[0].text is not a string",
  },
  {
    name: "a refusal without words",
    content: [{ type: "refusal", refusal: 1 }],
    reason: "x[0].refusal is not a string",
  },
  {
    name: "an image without bytes",
    content: ["", { type: "input_image" }].slice(1),
    reason: "x[0] has neither image_url nor file_id",
  },
  {
    name: "an image of another form",
    content: [{ type: "input_image", image_url: { url: "https://a.example" } }],
    reason: "x[0].image_url is not a string",
  },
  {
    name: "a broken data URL",
    content: [{ type: "input_image", image_url: "data:image/png;base64" }],
    reason: "x[0].image_url is a broken data URL",
  },
  {
    name: "a file without bytes",
    content: [{ type: "input_file", filename: "a.pdf" }],
    reason: "x[0] has neither file_url nor file_id",
  },
  {
    name: "broken bytes of a file",
    content: [{ type: "input_file", file_data: "data:x" }],
    reason: "x[0].file_data is a broken data URL",
  },
  {
    name: "sound without a format",
    content: [{ type: "input_audio", input_audio: { data: "AAAA" } }],
    reason: "x[0].input_audio has no data with a format",
  },
];

for (const { name, content, reason } of rejected) {
  t.test(`decodeContent() rejects ${name}`, async (t) => {
    t.equal(read(content).reason, reason);
  });
}

t.test("decodeContent() keeps the order of parts", async (t) => {
  const { parts } = read([
    { type: "input_text", text: "a" },
    { type: "input_image", file_id: "f" },
    { type: "input_text", text: "b" },
  ]);
  t.same(
    parts.map(({ kind }) => kind),
    ["text", "image", "text"],
  );
});
