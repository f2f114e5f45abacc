import t from "tap";
import type { Part, Unexpressed } from "../ir.ts";
import { isJsonObject, parseJsonText } from "../json-text.ts";
import type { JsonValue } from "../json-text.ts";
import { readContent, readSystem } from "./converse-content-decoder.ts";
import { RequestReader } from "./request-reader.ts";

interface Outcome {
  readonly parts: readonly Part[];
  readonly unexpressed: readonly Unexpressed[];
  readonly problem: string | null;
}

function read(content: JsonValue): Outcome {
  const reader = new RequestReader();
  const parts = readContent(reader, content, "c");
  return { parts, unexpressed: reader.unexpressed, problem: reader.problem };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

const blocks: readonly {
  readonly name: string;
  readonly block: JsonValue;
  readonly part: Part | null;
  readonly notes?: readonly Unexpressed[];
}[] = [
  { name: "text", block: { text: "Grüße" }, part: { kind: "text", text: "Grüße" } },
  { name: "empty text", block: { text: "" }, part: { kind: "text", text: "" } },
  {
    name: "an image",
    block: { image: { format: "webp", source: { bytes: "AQID" } } },
    part: {
      kind: "image",
      source: { kind: "base64", mediaType: "image/webp", data: "AQID" },
      detail: null,
    },
  },
  {
    name: "an image in a bucket",
    block: { image: { format: "png", source: { s3Location: { uri: "s3://b/k.png" } } } },
    part: { kind: "image", source: { kind: "file", id: "s3://b/k.png" }, detail: null },
  },
  {
    name: "a document",
    block: { document: { format: "pdf", name: "Report", source: { bytes: "AQID" } } },
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "application/pdf", data: "AQID" },
      name: "Report",
    },
  },
  {
    name: "a document of text",
    block: { document: { format: "txt", name: "Note", source: { text: "Grüße" } } },
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "text/plain", data: base64("Grüße") },
      name: "Note",
    },
  },
  {
    name: "a document of pieces without a format",
    block: { document: { name: "N", source: { content: [{ text: "a" }, { text: "b" }] } } },
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "text/plain", data: base64("ab") },
      name: "N",
    },
  },
  {
    name: "a document with what citations want",
    block: {
      document: {
        format: "md",
        name: "N",
        source: { bytes: "AQID" },
        context: "Read it",
        citations: { enabled: true },
      },
    },
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "text/markdown", data: "AQID" },
      name: "N",
    },
    notes: [
      { feature: "content-metadata", at: "c[0].document.context" },
      { feature: "citations", at: "c[0].document.citations" },
    ],
  },
  {
    name: "a document that wants no citations",
    block: {
      document: {
        format: "csv",
        name: "N",
        source: { bytes: "AQID" },
        citations: { enabled: false },
      },
    },
    part: {
      kind: "document",
      source: { kind: "base64", mediaType: "text/csv", data: "AQID" },
      name: "N",
    },
  },
  {
    name: "sound",
    block: { audio: { format: "mp3", source: { bytes: "AQID" } } },
    part: {
      kind: "audio",
      source: { kind: "base64", mediaType: "audio/mpeg", data: "AQID" },
    },
  },
  {
    name: "a call",
    block: { toolUse: { toolUseId: "t1", name: "f", input: { a: 1, b: [null] } } },
    part: {
      kind: "tool-call",
      id: "t1",
      name: "f",
      arguments: '{"a":1,"b":[null]}',
      signature: null,
    },
  },
  {
    name: "a call without input",
    block: { toolUse: { toolUseId: "t1", name: "f" } },
    part: { kind: "tool-call", id: "t1", name: "f", arguments: "{}", signature: null },
  },
  {
    name: "a call of the provider's own tool",
    block: { toolUse: { toolUseId: "t1", name: "web", input: {}, type: "server_tool_use" } },
    part: { kind: "tool-call", id: "t1", name: "web", arguments: "{}", signature: null },
    notes: [{ feature: "server-tool", at: "c[0].toolUse.type" }],
  },
  {
    name: "a result of all sorts",
    block: {
      toolResult: {
        toolUseId: "t1",
        content: [
          { text: "a" },
          { json: { b: 1 } },
          { image: { format: "png", source: { bytes: "AQID" } } },
          { document: { format: "txt", name: "N", source: { bytes: "AQID" } } },
        ],
      },
    },
    part: {
      kind: "tool-result",
      callId: "t1",
      name: null,
      parts: [
        { kind: "text", text: "a" },
        { kind: "text", text: '{"b":1}' },
        {
          kind: "image",
          source: { kind: "base64", mediaType: "image/png", data: "AQID" },
          detail: null,
        },
        {
          kind: "document",
          source: { kind: "base64", mediaType: "text/plain", data: "AQID" },
          name: "N",
        },
      ],
      isError: false,
    },
  },
  {
    name: "a result that failed, of what the IR does not have",
    block: {
      toolResult: {
        toolUseId: "t1",
        status: "error",
        content: [
          { video: { format: "mp4", source: { bytes: "AQID" } } },
          { searchResult: { source: "s", title: "t", content: [] } },
        ],
      },
    },
    part: { kind: "tool-result", callId: "t1", name: null, parts: [], isError: true },
    notes: [
      { feature: "video", at: "c[0].toolResult.content[0]" },
      { feature: "unknown-content", at: "c[0].toolResult.content[1]" },
    ],
  },
  {
    name: "a result without content",
    block: { toolResult: { toolUseId: "t1", status: "success" } },
    part: { kind: "tool-result", callId: "t1", name: null, parts: [], isError: false },
  },
  {
    name: "a result of the provider's own tool",
    block: { toolResult: { toolUseId: "t1", content: [], type: "web_search_tool_result" } },
    part: { kind: "tool-result", callId: "t1", name: null, parts: [], isError: false },
    notes: [{ feature: "server-tool", at: "c[0].toolResult.type" }],
  },
  {
    name: "reasoning",
    block: { reasoningContent: { reasoningText: { text: "Hm", signature: "sig" } } },
    part: {
      kind: "reasoning",
      text: "Hm",
      signature: "sig",
      encrypted: null,
      origin: "bedrock-converse",
    },
  },
  {
    name: "reasoning without a signature",
    block: { reasoningContent: { reasoningText: { text: "Hm" } } },
    part: {
      kind: "reasoning",
      text: "Hm",
      signature: null,
      encrypted: null,
      origin: "bedrock-converse",
    },
  },
  {
    name: "redacted reasoning",
    block: { reasoningContent: { redactedContent: "AQID" } },
    part: {
      kind: "reasoning",
      text: "",
      signature: null,
      encrypted: "AQID",
      origin: "bedrock-converse",
    },
  },
  {
    name: "reasoning of tomorrow",
    block: { reasoningContent: { summary: [] } },
    part: null,
    notes: [{ feature: "reasoning-history", at: "c[0].reasoningContent" }],
  },
  {
    name: "text with citations",
    block: { citationsContent: { content: [{ text: "a" }, { text: "b" }], citations: [{}] } },
    part: { kind: "text", text: "ab" },
    notes: [{ feature: "citations", at: "c[0].citationsContent" }],
  },
  {
    name: "text for a guardrail",
    block: { guardContent: { text: { text: "Hi", qualifiers: ["query"] } } },
    part: { kind: "text", text: "Hi" },
    notes: [{ feature: "guardrail", at: "c[0].guardContent" }],
  },
  {
    name: "an image for a guardrail",
    block: { guardContent: { image: { format: "png", source: { bytes: "AQID" } } } },
    part: {
      kind: "image",
      source: { kind: "base64", mediaType: "image/png", data: "AQID" },
      detail: null,
    },
    notes: [{ feature: "guardrail", at: "c[0].guardContent" }],
  },
  {
    name: "a point to cache up to",
    block: { cachePoint: { type: "default" } },
    part: null,
    notes: [{ feature: "cache-hint", at: "c[0]" }],
  },
  {
    name: "a film",
    block: { video: { format: "mp4", source: { bytes: "AQID" } } },
    part: null,
    notes: [{ feature: "video", at: "c[0]" }],
  },
  {
    name: "a result of a search",
    block: { searchResult: { source: "s", title: "t", content: [{ text: "x" }] } },
    part: null,
    notes: [{ feature: "unknown-content", at: "c[0]" }],
  },
  {
    name: "a tool that joins",
    block: { toolAddition: { tool: { name: "f" } } },
    part: null,
    notes: [{ feature: "unknown-content", at: "c[0]" }],
  },
];

for (const { name, block, part, notes = [] } of blocks) {
  t.test(`readContent() reads ${name}`, async (t) => {
    const wanted = { parts: part === null ? [] : [part], unexpressed: notes, problem: null };
    t.same(read([block]), wanted);
  });
}

const broken: readonly { readonly content: JsonValue; readonly problem: string }[] = [
  { content: "Hi", problem: "c is not a list" },
  { content: ["Hi"], problem: "c[0] is not an object" },
  { content: [{ text: "a" }, {}], problem: "c[1] has no member" },
  { content: [{ text: "a", image: {} }], problem: "c[0] has more than one member" },
  { content: [{ text: 1 }], problem: "c[0].text is not a string" },
  { content: [{ image: "x" }], problem: "c[0].image is not an object" },
  { content: [{ image: { format: "png" } }], problem: "c[0].image.source is not an object" },
  {
    content: [{ image: { source: { bytes: "AQID" } } }],
    problem: "c[0].image.format is not a string",
  },
  {
    content: [{ image: { format: "png", source: { bytes: [1, 2] } } }],
    problem: "c[0].image.source.bytes is not a string",
  },
  {
    content: [{ document: { format: "pdf", source: { bytes: "AQID" } } }],
    problem: "c[0].document.name is not a string",
  },
  {
    content: [{ toolUse: { name: "f", input: {} } }],
    problem: "c[0].toolUse.toolUseId is not a string",
  },
  {
    content: [{ toolUse: { toolUseId: "", name: "f", input: {} } }],
    problem: "c[0].toolUse.toolUseId is empty",
  },
  {
    content: [{ toolUse: { toolUseId: "t", input: {} } }],
    problem: "c[0].toolUse.name is not a string",
  },
  {
    content: [{ toolResult: { toolUseId: "t", content: "x" } }],
    problem: "c[0].toolResult.content is not a list",
  },
  {
    content: [{ reasoningContent: { reasoningText: { signature: "x" } } }],
    problem: "c[0].reasoningContent.reasoningText.text is not a string",
  },
];

for (const { content, problem } of broken) {
  t.test(`readContent() says that ${problem}`, async (t) => {
    t.equal(read(content).problem, problem);
  });
}

t.test("readContent() keeps the digits of a call's input", async (t) => {
  const text = '{"big":12345678901234567890,"exact":1.10,"small":1e-7}';
  const parsed = parseJsonText(`[{"toolUse":{"toolUseId":"t","name":"f","input":${text}}}]`);
  if (parsed.kind !== "value") throw new Error(parsed.reason);
  const [part] = read(parsed.value).parts;
  t.same(part, { kind: "tool-call", id: "t", name: "f", arguments: text, signature: null });
});

t.test("readContent() keeps input that is no object as its text", async (t) => {
  const [part] = read([{ toolUse: { toolUseId: "t", name: "f", input: "oops" } }]).parts;
  t.match(part, { arguments: '"oops"' });
});

t.test("readContent() keeps the order of results and text", async (t) => {
  const result = (toolUseId: string) => ({ toolResult: { toolUseId, content: [{ text: "r" }] } });
  const { parts } = read([result("a"), { text: "and" }, result("b"), { text: "so" }]);
  t.same(
    parts.map((part) => (part.kind === "tool-result" ? part.callId : part.kind)),
    ["a", "text", "b", "text"],
  );
});

t.test("readSystem() reads texts, and notes what else there is", async (t) => {
  const reader = new RequestReader();
  const parts = readSystem(reader, [
    { text: "Be kind" },
    { cachePoint: { type: "default" } },
    { guardContent: { text: { text: "Be safe" } } },
    { image: { format: "png", source: { bytes: "AQID" } } },
  ]);
  t.same(parts, [
    { kind: "text", text: "Be kind" },
    { kind: "text", text: "Be safe" },
  ]);
  t.same(reader.unexpressed, [
    { feature: "cache-hint", at: "system[1]" },
    { feature: "guardrail", at: "system[2].guardContent" },
    { feature: "unknown-content", at: "system[3]" },
  ]);
  t.equal(reader.problem, null);
});

t.test("readSystem() has nothing where nothing is said", async (t) => {
  for (const value of [undefined, null, []]) t.same(readSystem(new RequestReader(), value), []);
});

t.test("readContent() raises nothing for any damage", async (t) => {
  for (const { block } of blocks) {
    for (const value of [null, 1, "x", [], {}, [[]], { text: { text: { text: 1 } } }]) {
      t.doesNotThrow(() => read([replaceLeaves(block, value)]));
    }
  }
});

/** Every member's member replaced. */
function replaceLeaves(block: JsonValue, value: JsonValue): JsonValue {
  if (!isJsonObject(block)) return value;
  return Object.fromEntries(
    Object.entries(block).map(([name, member]) => [
      name,
      isJsonObject(member)
        ? Object.fromEntries(Object.keys(member).map((key) => [key, value]))
        : value,
    ]),
  );
}
