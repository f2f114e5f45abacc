import t from "tap";
import type { Message, Part, Unexpressed } from "../ir.ts";
import { parseJsonText } from "../json-text.ts";
import type { JsonValue } from "../json-text.ts";
import { decodeContents, decodeInstruction } from "./content-decoder.ts";
import { RequestNotes } from "./request-notes.ts";

interface Read {
  readonly messages: readonly Message[];
  readonly unexpressed: readonly Unexpressed[];
  readonly problem: string | null;
}

function read(contents: JsonValue): Read {
  const notes = new RequestNotes();
  const messages = decodeContents(contents, notes);
  return { messages, unexpressed: notes.unexpressed, problem: notes.problem };
}

/** What a part of a user's, or of the model's where it is one of its own, becomes. */
function readPart(part: JsonValue): Read & { readonly parts: readonly Part[] } {
  const result = read([{ role: "user", parts: [part] }]);
  return { ...result, parts: result.messages[0]?.parts ?? [] };
}

const thought = (text: string, signature: string | null) =>
  ({
    kind: "reasoning",
    text,
    signature,
    encrypted: null,
    origin: "gemini-generate-content",
  }) as const;

const parts: readonly {
  readonly name: string;
  readonly part: JsonValue;
  readonly wanted: readonly Part[];
}[] = [
  { name: "text", part: { text: "Hi" }, wanted: [{ kind: "text", text: "Hi" }] },
  { name: "text alone", part: "Hi", wanted: [{ kind: "text", text: "Hi" }] },
  { name: "empty text", part: { text: "" }, wanted: [{ kind: "text", text: "" }] },
  { name: "a thought", part: { text: "Hm", thought: true }, wanted: [thought("Hm", null)] },
  {
    name: "a signed thought",
    part: { text: "Hm", thought: true, thoughtSignature: "c2ln" },
    wanted: [thought("Hm", "c2ln")],
  },
  {
    name: "signed text",
    part: { text: "Hi", thought_signature: "c2ln" },
    wanted: [thought("", "c2ln"), { kind: "text", text: "Hi" }],
  },
  {
    name: "a signature with empty text",
    part: { text: "", thoughtSignature: "c2ln" },
    wanted: [thought("", "c2ln")],
  },
  {
    name: "a signature alone",
    part: { thoughtSignature: "c2ln" },
    wanted: [thought("", "c2ln")],
  },
  {
    name: "an image in snake case",
    part: { inline_data: { mime_type: "image/png", data: "AA==" } },
    wanted: [
      {
        kind: "image",
        source: { kind: "base64", mediaType: "image/png", data: "AA==" },
        detail: null,
      },
    ],
  },
  {
    name: "an image of a resolution",
    part: {
      inlineData: { mimeType: "image/png", data: "AA==" },
      mediaResolution: { level: "MEDIA_RESOLUTION_HIGH" },
    },
    wanted: [
      {
        kind: "image",
        source: { kind: "base64", mediaType: "image/png", data: "AA==" },
        detail: "high",
      },
    ],
  },
  {
    name: "a file",
    part: { fileData: { mimeType: "application/pdf", fileUri: "https://a.example/b" } },
    wanted: [
      {
        kind: "document",
        source: { kind: "url", url: "https://a.example/b", mediaType: "application/pdf" },
        name: null,
      },
    ],
  },
  {
    name: "a call",
    part: { functionCall: { id: "a", name: "f", args: { b: 1 } }, thoughtSignature: "c2ln" },
    wanted: [{ kind: "tool-call", id: "a", name: "f", arguments: '{"b":1}', signature: "c2ln" }],
  },
  {
    name: "a call that is signed for nobody",
    part: {
      functionCall: { name: "f" },
      thoughtSignature: "skip_thought_signature_validator",
    },
    wanted: [{ kind: "tool-call", id: "call_0_0", name: "f", arguments: "{}", signature: null }],
  },
  {
    name: "a response",
    part: { functionResponse: { name: "f", response: { output: "ok" } } },
    wanted: [
      {
        kind: "tool-result",
        callId: "call_0_0",
        name: "f",
        parts: [{ kind: "text", text: "ok" }],
        isError: false,
      },
    ],
  },
  {
    name: "a response that failed",
    part: { function_response: { id: "x", name: "f", response: { error: "no" } } },
    wanted: [
      {
        kind: "tool-result",
        callId: "x",
        name: "f",
        parts: [{ kind: "text", text: "no" }],
        isError: true,
      },
    ],
  },
  {
    name: "a response without words",
    part: { functionResponse: { name: "f", response: null } },
    wanted: [{ kind: "tool-result", callId: "call_0_0", name: "f", parts: [], isError: false }],
  },
  {
    name: "a response with media",
    part: {
      functionResponse: {
        name: "f",
        response: { output: "see" },
        parts: [
          { inlineData: { mimeType: "image/png", data: "AA==" } },
          { file_data: { mime_type: "application/pdf", file_uri: "https://a.example/b" } },
        ],
      },
    },
    wanted: [
      {
        kind: "tool-result",
        callId: "call_0_0",
        name: "f",
        parts: [
          { kind: "text", text: "see" },
          {
            kind: "image",
            source: { kind: "base64", mediaType: "image/png", data: "AA==" },
            detail: null,
          },
          {
            kind: "document",
            source: { kind: "url", url: "https://a.example/b", mediaType: "application/pdf" },
            name: null,
          },
        ],
        isError: false,
      },
    ],
  },
  {
    name: "a response with nothing but media",
    part: {
      functionResponse: {
        name: "f",
        response: {},
        parts: [{ inlineData: { mimeType: "image/png", data: "AA==" } }],
      },
    },
    wanted: [
      {
        kind: "tool-result",
        callId: "call_0_0",
        name: "f",
        parts: [
          {
            kind: "image",
            source: { kind: "base64", mediaType: "image/png", data: "AA==" },
            detail: null,
          },
        ],
        isError: false,
      },
    ],
  },
];

for (const { name, part, wanted } of parts) {
  t.test(`decodeContents() reads ${name}`, async (t) => {
    const result = readPart(part);
    t.same(result.parts, wanted);
    t.same(result.unexpressed, []);
    t.equal(result.problem, null);
  });
}

const at = "contents[0].parts[0]";
const left: readonly {
  readonly name: string;
  readonly part: JsonValue;
  readonly unexpressed: readonly Unexpressed[];
}[] = [
  {
    name: "code that was run",
    part: { executableCode: { language: "PYTHON", code: "1" } },
    unexpressed: [{ feature: "server-tool", at: `${at}.executableCode` }],
  },
  {
    name: "what code said",
    part: { code_execution_result: { outcome: "OUTCOME_OK", output: "1" } },
    unexpressed: [{ feature: "server-tool", at: `${at}.codeExecutionResult` }],
  },
  {
    name: "a call of the server's tool",
    part: { toolCall: { id: "a" } },
    unexpressed: [{ feature: "server-tool", at: `${at}.toolCall` }],
  },
  {
    name: "video",
    part: { inlineData: { mimeType: "video/mp4", data: "AA==" }, videoMetadata: { fps: 1 } },
    unexpressed: [
      { feature: "content-metadata", at: `${at}.videoMetadata` },
      { feature: "video", at },
    ],
  },
  {
    name: "video in a response",
    part: {
      functionResponse: {
        name: "f",
        parts: [{ inlineData: { mimeType: "video/mp4", data: "AA==" } }],
      },
    },
    unexpressed: [{ feature: "video", at: `${at}.functionResponse.parts[0]` }],
  },
  { name: "an empty part", part: {}, unexpressed: [{ feature: "unknown-content", at }] },
  {
    name: "a part that it does not know",
    part: { hologram: {} },
    unexpressed: [
      { feature: "content-metadata", at: `${at}.hologram` },
      { feature: "unknown-content", at },
    ],
  },
  {
    name: "text that is none",
    part: { text: 7 },
    unexpressed: [{ feature: "unknown-content", at }],
  },
  {
    name: "metadata of text",
    part: { text: "a", partMetadata: { a: 1 } },
    unexpressed: [{ feature: "content-metadata", at: `${at}.partMetadata` }],
  },
  {
    name: "a signature of an image",
    part: { inlineData: { mimeType: "image/png", data: "AA==" }, thoughtSignature: "c2ln" },
    unexpressed: [{ feature: "content-metadata", at: `${at}.thoughtSignature` }],
  },
  {
    name: "arguments that are not whole",
    part: { functionCall: { name: "f", partialArgs: [{ jsonPath: "$.a" }] } },
    unexpressed: [{ feature: "unknown-content", at: `${at}.functionCall.partialArgs` }],
  },
  {
    name: "when a response is to be read",
    part: { functionResponse: { name: "f", response: {}, scheduling: "SILENT" } },
    unexpressed: [{ feature: "tool-metadata", at: `${at}.functionResponse.scheduling` }],
  },
];

for (const { name, part, unexpressed } of left) {
  t.test(`decodeContents() notes ${name}`, async (t) => {
    const result = readPart(part);
    t.same(result.unexpressed, unexpressed);
    t.equal(result.problem, null);
  });
}

const broken: readonly (readonly [JsonValue, string])[] = [
  [["x"], "contents[0] is not an object"],
  [[{ role: "robot", parts: [] }], "contents[0].role is neither user nor model"],
  [[{ role: "constructor", parts: [] }], "contents[0].role is neither user nor model"],
  [[{ role: 7, parts: [] }], "contents[0].role is neither user nor model"],
  [[{ parts: [7] }], "contents[0].parts[0] is not an object"],
  [[{ parts: [{}, null] }], "contents[0].parts[1] is not an object"],
  [
    [{ parts: [{ functionCall: { args: {} } }] }],
    "contents[0].parts[0].functionCall.name is missing",
  ],
  [
    [{ parts: [{ functionCall: { name: "f", args: "{}" } }] }],
    "contents[0].parts[0].functionCall.args is not an object",
  ],
  [
    [{ parts: [{ functionResponse: { response: {} } }] }],
    "contents[0].parts[0].functionResponse.name is missing",
  ],
  [
    [{ parts: [{ functionResponse: { name: "f", response: "ok" } }] }],
    "contents[0].parts[0].functionResponse.response is not an object",
  ],
  [
    [{ parts: [{ inlineData: { data: "AA==" } }] }],
    "contents[0].parts[0] has neither data with a type nor a file",
  ],
  [
    [{ parts: [{ functionResponse: { name: "f", parts: [7] } }] }],
    "contents[0].parts[0].functionResponse.parts[0] has neither data with a type nor a file",
  ],
];

for (const [contents, problem] of broken) {
  t.test(`decodeContents() says that ${problem}`, async (t) => {
    t.equal(read(contents).problem, problem);
  });
}

const roles: readonly (readonly [JsonValue, Message["role"]])[] = [
  ["user", "user"],
  ["USER", "user"],
  ["function", "user"],
  ["tool", "user"],
  ["model", "assistant"],
  ["", "user"],
  [null, "user"],
];

for (const [role, wanted] of roles) {
  t.test(`decodeContents() takes ${JSON.stringify(role)} for ${wanted}`, async (t) => {
    t.equal(read([{ role, parts: [{ text: "a" }] }]).messages[0]?.role, wanted);
  });
}

t.test("decodeContents() takes one content and one part without lists", async (t) => {
  const wanted = [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }];
  t.same(read({ parts: { text: "Hi" } }).messages, wanted);
});

t.test("decodeContents() matches calls without ids and their results over turns", async (t) => {
  const call = (name: string) => ({ functionCall: { name, args: {} } });
  const response = (name: string) => ({ functionResponse: { name, response: { output: name } } });
  const { messages } = read([
    { role: "user", parts: [{ text: "Go" }] },
    { role: "model", parts: [call("f"), call("g")] },
    { role: "user", parts: [response("g"), response("f"), { text: "and?" }] },
    { role: "model", parts: [call("f")] },
    { role: "function", parts: [response("f")] },
  ]);
  const ids = messages.flatMap(({ parts }) =>
    parts.flatMap((part) => {
      if (part.kind === "tool-call") return [part.id];
      return part.kind === "tool-result" ? [part.callId] : [];
    }),
  );
  t.same(ids, ["call_1_0", "call_1_1", "call_1_1", "call_1_0", "call_3_0", "call_3_0"]);
  t.same(messages[2]?.parts.at(-1), { kind: "text", text: "and?" });
});

t.test("decodeContents() keeps the digits of arguments", async (t) => {
  const parsed = parseJsonText(
    '[{"parts":[{"functionCall":{"name":"f","args":{"seed":12345678901234567890,"rate":0.10}}}]}]',
  );
  const { messages } = read(parsed.kind === "value" ? parsed.value : null);
  t.match(messages[0]?.parts[0], { arguments: '{"seed":12345678901234567890,"rate":0.10}' });
});

t.test("decodeInstruction() reads parts, one part, and text", async (t) => {
  const notes = new RequestNotes();
  const wanted = [{ kind: "text", text: "Be kind" }];
  t.same(decodeInstruction({ parts: [{ text: "Be kind" }] }, notes), wanted);
  t.same(decodeInstruction({ role: "system", parts: { text: "Be kind" } }, notes), wanted);
  t.same(decodeInstruction("Be kind", notes), wanted);
  t.same(decodeInstruction(undefined, notes), []);
  t.same(decodeInstruction(null, notes), []);
  t.equal(notes.problem, null);
});

t.test("decodeInstruction() says what is wrong", async (t) => {
  const notes = new RequestNotes();
  decodeInstruction(7, notes);
  t.equal(notes.problem, "systemInstruction is not an object");
});
