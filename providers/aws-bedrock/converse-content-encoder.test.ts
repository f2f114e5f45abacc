import t from "tap";
import type { Part, ReasoningPart } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import type { BlockWriting } from "./converse-content-encoder.ts";
import { isBlank, placeholder, writeBlocks } from "./converse-content-encoder.ts";
import { createDocumentNames } from "./document-names.ts";
import { toolUseId } from "./tool-use-id.ts";

function write(part: Part, reasoning: BlockWriting["reasoning"] = "signed"): unknown {
  const blocks = writeBlocks([part], { documentName: createDocumentNames(), reasoning });
  return JSON.parse(writeJson(blocks))[0] ?? null;
}

function source(mediaType: string) {
  return { kind: "base64", mediaType, data: "AQID" } as const;
}

const rows: readonly { readonly name: string; readonly part: Part; readonly block: unknown }[] = [
  { name: "text", part: { kind: "text", text: " a " }, block: { text: " a " } },
  { name: "no blank text", part: { kind: "text", text: " \n\t " }, block: null },
  { name: "no empty text", part: { kind: "text", text: "" }, block: null },
  { name: "a refusal", part: { kind: "refusal", text: "No" }, block: { text: "No" } },
  {
    name: "an image",
    part: { kind: "image", source: source("image/jpeg"), detail: "high" },
    block: { image: { format: "jpeg", source: { bytes: "AQID" } } },
  },
  {
    name: "sound",
    part: { kind: "audio", source: source("audio/mpeg") },
    block: { audio: { format: "mp3", source: { bytes: "AQID" } } },
  },
  {
    name: "a document",
    part: { kind: "document", source: source("application/pdf"), name: "a.pdf" },
    block: { document: { format: "pdf", source: { bytes: "AQID" }, name: "a-pdf" } },
  },
  {
    name: "a document without a name",
    part: { kind: "document", source: source("text/plain"), name: null },
    block: { document: { format: "txt", source: { bytes: "AQID" }, name: "document" } },
  },
  {
    name: "a call",
    part: { kind: "tool-call", id: "a.b", name: "f", arguments: '{"a":1}', signature: "x" },
    block: { toolUse: { toolUseId: toolUseId("a.b"), name: "f", input: { a: 1 } } },
  },
  {
    name: "a call without arguments",
    part: { kind: "tool-call", id: "a", name: "f", arguments: "", signature: null },
    block: { toolUse: { toolUseId: "a", name: "f", input: {} } },
  },
  {
    name: "a call whose arguments are no object",
    part: { kind: "tool-call", id: "a", name: "f", arguments: '{"a":', signature: null },
    block: { toolUse: { toolUseId: "a", name: "f", input: { _raw: '{"a":' } } },
  },
  {
    name: "a result",
    part: {
      kind: "tool-result",
      callId: "a",
      name: "f",
      parts: [
        { kind: "text", text: "x" },
        { kind: "image", source: source("image/png"), detail: null },
      ],
      isError: false,
    },
    block: {
      toolResult: {
        toolUseId: "a",
        content: [{ text: "x" }, { image: { format: "png", source: { bytes: "AQID" } } }],
      },
    },
  },
  {
    name: "a result that failed without a word",
    part: { kind: "tool-result", callId: "a", name: null, parts: [], isError: true },
    block: { toolResult: { toolUseId: "a", content: [{ text: placeholder }], status: "error" } },
  },
  {
    name: "a blank result",
    part: {
      kind: "tool-result",
      callId: "a",
      name: null,
      parts: [{ kind: "text", text: " " }],
      isError: false,
    },
    block: { toolResult: { toolUseId: "a", content: [] } },
  },
];

for (const { name, part, block } of rows) {
  t.test(`writeBlocks() writes ${name}`, async (t) => {
    t.same(write(part), block);
  });
}

const own: ReasoningPart = {
  kind: "reasoning",
  text: "Hm",
  signature: "sig",
  encrypted: null,
  origin: "bedrock-converse",
};

const reasonings: readonly {
  readonly name: string;
  readonly part: ReasoningPart;
  readonly signed: unknown;
  readonly any: unknown;
}[] = [
  {
    name: "reasoning of its own",
    part: own,
    signed: { reasoningContent: { reasoningText: { text: "Hm", signature: "sig" } } },
    any: { reasoningContent: { reasoningText: { text: "Hm", signature: "sig" } } },
  },
  {
    name: "reasoning that was hidden",
    part: { ...own, text: "" },
    signed: { reasoningContent: { reasoningText: { text: "", signature: "sig" } } },
    any: { reasoningContent: { reasoningText: { text: "", signature: "sig" } } },
  },
  {
    name: "reasoning without a signature",
    part: { ...own, signature: null },
    signed: null,
    any: { reasoningContent: { reasoningText: { text: "Hm" } } },
  },
  {
    name: "redacted reasoning",
    part: { ...own, text: "", signature: null, encrypted: "AQID" },
    signed: { reasoningContent: { redactedContent: "AQID" } },
    any: { reasoningContent: { redactedContent: "AQID" } },
  },
  {
    name: "another's reasoning",
    part: { ...own, origin: "anthropic-messages" },
    signed: null,
    any: { reasoningContent: { reasoningText: { text: "Hm" } } },
  },
  {
    name: "another's hidden reasoning",
    part: { ...own, text: "", origin: "anthropic-messages" },
    signed: null,
    any: null,
  },
  {
    name: "another's encrypted reasoning",
    part: { ...own, encrypted: "AQID", origin: "openai-responses" },
    signed: null,
    any: null,
  },
];

for (const { name, part, signed, any } of reasonings) {
  t.test(`writeBlocks() keeps to what ${name} may be`, async (t) => {
    t.same(write(part, "signed"), signed, "to the model");
    t.same(write(part, "any"), any, "to the agent");
    t.same(write(part, "none"), null, "to models that take none");
  });
}

t.test("writeBlocks() tells documents of one turn apart", async (t) => {
  const part: Part = { kind: "document", source: source("text/plain"), name: "a" };
  const blocks = writeBlocks([part, part], {
    documentName: createDocumentNames(),
    reasoning: "none",
  });
  t.match(blocks, [{ document: { name: "a" } }, { document: { name: "a (2)" } }]);
});

t.test("writeBlocks() keeps digits of arguments", async (t) => {
  const text = '{"a":12345678901234567890,"b":1.10}';
  const blocks = writeBlocks(
    [{ kind: "tool-call", id: "a", name: "f", arguments: text, signature: null }],
    { documentName: createDocumentNames(), reasoning: "none" },
  );
  t.match(writeJson(blocks), `"input":${text}`);
});

t.test("writeBlocks() raises a TypeError for what Converse cannot fetch", async (t) => {
  const url = { kind: "url", url: "https://a/b.png", mediaType: null } as const;
  t.throws(() => write({ kind: "image", source: url, detail: null }), TypeError);
  t.throws(() => write({ kind: "image", source: { kind: "file", id: "x" }, detail: null }), {
    message: "Cannot write block: Converse takes no file in place of bytes",
  });
});

t.test("isBlank() is true for white space alone", async (t) => {
  for (const text of ["", " ", "\n\t", "\u00a0"]) t.ok(isBlank(text), JSON.stringify(text));
  for (const text of ["a", " a", ".", "\u200b"]) t.notOk(isBlank(text), JSON.stringify(text));
});
