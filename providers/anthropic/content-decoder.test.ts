import t from "tap";
import { dialect } from "../testdata/anthropic-messages.ts";
import { decodeContent } from "./content-decoder.ts";
import { RequestNotes } from "./request-notes.ts";

function read(content: unknown) {
  const notes = new RequestNotes();
  const parts = decodeContent(JSON.parse(JSON.stringify(content)), "c", notes);
  return { parts, unexpressed: notes.unexpressed, reason: notes.reason };
}

const base64 = { type: "base64", media_type: "image/png", data: "aGk=" };

const blocks: readonly { readonly name: string; readonly block: object; readonly part: object }[] =
  [
    { name: "text", block: { type: "text", text: "a" }, part: { kind: "text", text: "a" } },
    {
      name: "text without citations",
      block: { type: "text", text: "a", citations: null, cache_control: null },
      part: { kind: "text", text: "a" },
    },
    {
      name: "an image in base64",
      block: { type: "image", source: base64 },
      part: {
        kind: "image",
        source: { kind: "base64", mediaType: "image/png", data: "aGk=" },
        detail: null,
      },
    },
    {
      name: "an image by its URL",
      block: { type: "image", source: { type: "url", url: "https://a/b.png" } },
      part: {
        kind: "image",
        source: { kind: "url", url: "https://a/b.png", mediaType: null },
        detail: null,
      },
    },
    {
      name: "an image in a data URL",
      block: { type: "image", source: { type: "url", url: "data:image/gif;base64,R0lG" } },
      part: {
        kind: "image",
        source: { kind: "base64", mediaType: "image/gif", data: "R0lG" },
        detail: null,
      },
    },
    {
      name: "an uploaded image",
      block: { type: "image", source: { type: "file", file_id: "file_1" } },
      part: { kind: "image", source: { kind: "file", id: "file_1" }, detail: null },
    },
    {
      name: "a PDF with a title",
      block: {
        type: "document",
        title: "Report",
        source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
      },
      part: {
        kind: "document",
        source: { kind: "base64", mediaType: "application/pdf", data: "JVBERg==" },
        name: "Report",
      },
    },
    {
      name: "a document of text",
      block: { type: "document", source: { type: "text", media_type: "text/plain", data: "hé" } },
      part: {
        kind: "document",
        source: { kind: "base64", mediaType: "text/plain", data: "aMOp" },
        name: null,
      },
    },
    {
      name: "a document by its URL",
      block: { type: "document", source: { type: "url", url: "https://a/b.pdf" } },
      part: {
        kind: "document",
        source: { kind: "url", url: "https://a/b.pdf", mediaType: null },
        name: null,
      },
    },
    {
      name: "an uploaded document",
      block: { type: "document", source: { type: "file", file_id: "file_2" } },
      part: { kind: "document", source: { kind: "file", id: "file_2" }, name: null },
    },
    {
      name: "a document of content that is text",
      block: { type: "document", source: { type: "content", content: "hi" } },
      part: {
        kind: "document",
        source: { kind: "base64", mediaType: "text/plain", data: "aGk=" },
        name: null,
      },
    },
    {
      name: "a document of one block of text",
      block: {
        type: "document",
        source: { type: "content", content: [{ type: "text", text: "hi" }] },
      },
      part: {
        kind: "document",
        source: { kind: "base64", mediaType: "text/plain", data: "aGk=" },
        name: null,
      },
    },
    {
      name: "a call of a tool",
      block: {
        type: "tool_use",
        id: "toolu_1",
        name: "f",
        input: { a: [1] },
        caller: { type: "direct" },
      },
      part: {
        kind: "tool-call",
        id: "toolu_1",
        name: "f",
        arguments: '{"a":[1]}',
        signature: null,
      },
    },
    {
      name: "a call without input",
      block: { type: "tool_use", id: "toolu_1", name: "f" },
      part: { kind: "tool-call", id: "toolu_1", name: "f", arguments: "{}", signature: null },
    },
    {
      name: "a result that is text",
      block: { type: "tool_result", tool_use_id: "toolu_1", content: "a" },
      part: {
        kind: "tool-result",
        callId: "toolu_1",
        name: null,
        parts: [{ kind: "text", text: "a" }],
        isError: false,
      },
    },
    {
      name: "a result without content, of an error",
      block: { type: "tool_result", tool_use_id: "toolu_1", is_error: true },
      part: { kind: "tool-result", callId: "toolu_1", name: null, parts: [], isError: true },
    },
    {
      name: "a result with an image and a document",
      block: {
        type: "tool_result",
        tool_use_id: "toolu_1",
        is_error: false,
        content: [
          { type: "text", text: "a" },
          { type: "image", source: base64 },
          { type: "document", source: { type: "url", url: "https://a" } },
        ],
      },
      part: {
        kind: "tool-result",
        callId: "toolu_1",
        name: null,
        parts: [
          { kind: "text", text: "a" },
          {
            kind: "image",
            source: { kind: "base64", mediaType: "image/png", data: "aGk=" },
            detail: null,
          },
          {
            kind: "document",
            source: { kind: "url", url: "https://a", mediaType: null },
            name: null,
          },
        ],
        isError: false,
      },
    },
    {
      name: "thinking with its signature",
      block: { type: "thinking", thinking: "Hm", signature: "Eq" },
      part: { kind: "reasoning", text: "Hm", signature: "Eq", encrypted: null, origin: dialect },
    },
    {
      name: "thinking that another provider gave",
      block: { type: "thinking", thinking: "Hm", signature: "" },
      part: { kind: "reasoning", text: "Hm", signature: null, encrypted: null, origin: dialect },
    },
    {
      name: "redacted thinking",
      block: { type: "redacted_thinking", data: "Em" },
      part: { kind: "reasoning", text: "", signature: null, encrypted: "Em", origin: dialect },
    },
  ];

for (const { name, block, part } of blocks) {
  t.test(`decodeContent() reads ${name}`, async (t) => {
    t.strictSame(read([block]), { parts: [part], unexpressed: [], reason: null });
  });
}

const kept = (feature: string, at: string) => ({ feature, at, parts: 1 });
const left = (feature: string, at: string) => ({ feature, at, parts: 0 });

const noted: readonly {
  readonly block: object;
  readonly note: { readonly feature: string; readonly at: string; readonly parts: number };
}[] = [
  {
    block: { type: "text", text: "a", cache_control: { type: "ephemeral" } },
    note: kept("cache-hint", "c[0].cache_control"),
  },
  {
    block: { type: "text", text: "a", citations: [{ type: "char_location" }] },
    note: kept("citations", "c[0].citations"),
  },
  {
    block: {
      type: "document",
      citations: { enabled: true },
      source: { type: "file", file_id: "f" },
    },
    note: kept("citations", "c[0].citations"),
  },
  {
    block: { type: "document", context: "From 2024", source: { type: "file", file_id: "f" } },
    note: kept("content-metadata", "c[0].context"),
  },
  {
    block: {
      type: "document",
      source: {
        type: "content",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
    },
    note: kept("content-metadata", "c[0].source.content"),
  },
  {
    block: { type: "image", transformations: {}, source: base64 },
    note: kept("content-metadata", "c[0].transformations"),
  },
  {
    block: {
      type: "document",
      source: { type: "content", content: [{ type: "image", source: base64 }] },
    },
    note: left("unknown-content", "c[0].source.content"),
  },
  {
    block: { type: "image", source: { type: "s3" } },
    note: left("unknown-content", "c[0].source.type"),
  },
  {
    block: {
      type: "tool_use",
      id: "t",
      name: "f",
      input: {},
      caller: { type: "code_execution_20250825" },
    },
    note: kept("tool-metadata", "c[0].caller"),
  },
  {
    block: { type: "tool_use", id: "t", name: "f", input: {}, toolset_name: "browser" },
    note: kept("server-tool", "c[0].toolset_name"),
  },
  {
    block: {
      type: "tool_result",
      tool_use_id: "t",
      content: [{ type: "tool_reference", tool_name: "f" }],
    },
    note: kept("unknown-content", "c[0].content[0].type"),
  },
  ...["search_result", "compaction", "of_tomorrow"].map((type) => ({
    block: { type },
    note: left("unknown-content", "c[0].type"),
  })),
  ...[
    "server_tool_use",
    "web_search_tool_result",
    "code_execution_tool_result",
    "container_upload",
    "mcp_tool_use",
    "mcp_tool_result",
    "tool_addition",
  ].map((type) => ({ block: { type }, note: left("server-tool", "c[0].type") })),
];

for (const { block, note } of noted) {
  const type = (block as { readonly type: string }).type;
  t.test(`decodeContent() names ${note.feature} at ${note.at} of ${type}`, async (t) => {
    const { parts, unexpressed, reason } = read([block]);
    t.strictSame(unexpressed, [{ feature: note.feature, at: note.at }]);
    t.equal(parts.length, note.parts);
    t.equal(reason, null);
  });
}

const malformed: readonly { readonly content: unknown; readonly reason: string }[] = [
  { content: 1, reason: "c is neither a string nor a list" },
  { content: ["a"], reason: "c[0] is not an object" },
  { content: [{ type: "text", text: "a" }, {}], reason: "c[1].type is not a string" },
  { content: [{ type: "text" }], reason: "c[0].text is not a string" },
  { content: [{ type: "image" }], reason: "c[0].source is not an object" },
  {
    content: [{ type: "image", source: { type: "base64" } }],
    reason: "c[0].source.media_type is not a string",
  },
  {
    content: [{ type: "image", source: { type: "url" } }],
    reason: "c[0].source.url is not a string",
  },
  {
    content: [{ type: "document", source: { type: "file" } }],
    reason: "c[0].source.file_id is not a string",
  },
  {
    content: [{ type: "document", source: { type: "text" } }],
    reason: "c[0].source.data is not a string",
  },
  {
    content: [{ type: "document", source: { type: "content", content: 1 } }],
    reason: "c[0].source.content is not a list",
  },
  { content: [{ type: "tool_use", name: "f" }], reason: "c[0].id is not a string" },
  { content: [{ type: "tool_use", id: "", name: "f" }], reason: "c[0].id is empty" },
  { content: [{ type: "tool_use", id: "t" }], reason: "c[0].name is not a string" },
  { content: [{ type: "tool_result" }], reason: "c[0].tool_use_id is not a string" },
  {
    content: [{ type: "tool_result", tool_use_id: "t", content: 1 }],
    reason: "c[0].content is neither a string nor a list",
  },
  { content: [{ type: "thinking" }], reason: "c[0].thinking is not a string" },
  { content: [{ type: "redacted_thinking" }], reason: "c[0].data is not a string" },
];

for (const { content, reason } of malformed) {
  t.test(`decodeContent() refuses content of which ${reason}`, async (t) => {
    t.equal(read(content).reason, reason);
  });
}

t.test("decodeContent() reads text and empty text", async (t) => {
  t.strictSame(read("a").parts, [{ kind: "text", text: "a" }]);
  t.strictSame(read("").parts, []);
});

t.test("decodeContent() keeps blocks in their order, results and text mixed", async (t) => {
  const { parts } = read([
    { type: "tool_result", tool_use_id: "t1", content: "1" },
    { type: "text", text: "between" },
    { type: "tool_result", tool_use_id: "t2", content: "2" },
  ]);
  t.strictSame(
    parts.map(({ kind }) => kind),
    ["tool-result", "text", "tool-result"],
  );
});

t.test(
  "decodeContent() bears results in results of any depth, of which there are none",
  async (t) => {
    let content: unknown = "deep";
    for (let depth = 0; depth < 3_000; depth++) {
      content = [{ type: "tool_result", tool_use_id: "t", content }];
    }
    const { parts, unexpressed, reason } = read(content);
    t.match(parts, [{ kind: "tool-result", parts: [] }]);
    t.strictSame(unexpressed, [{ feature: "unknown-content", at: "c[0].content[0].type" }]);
    t.equal(reason, null);
  },
);
