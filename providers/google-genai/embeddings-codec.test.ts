import t from "tap";
import type { EmbeddingsRequest, EmbeddingsResponse, Unexpressed } from "../ir.ts";
import { embeddingsFeatures } from "../request-features.ts";
import { geminiEmbeddings } from "./embeddings-codec.ts";
import { answer, decodedValue, wire } from "./testdata/requests.ts";

const batch = "/v1beta/models/m:batchEmbedContents";
const single = "/v1beta/models/m:embedContent?key=x";

function requestWith(given: Partial<EmbeddingsRequest>): EmbeddingsRequest {
  return {
    model: "gemini-3-flash-preview",
    inputs: ["a"],
    dimensions: null,
    encoding: "float",
    endUser: null,
    unexpressed: [],
    variant: "",
    ...given,
  };
}

function read(body: unknown, path = batch): EmbeddingsRequest {
  return decodedValue(geminiEmbeddings.decodeRequest(wire(body, path)));
}

const content = (text: string) => ({ parts: [{ text }] });

t.test("decodeRequest() reads many texts", async (t) => {
  const requests = [
    { model: "models/m", content: content("a"), outputDimensionality: 256 },
    { model: "models/m", content: content("b"), output_dimensionality: 256 },
  ];
  t.same(read({ requests }), requestWith({ inputs: ["a", "b"], dimensions: 256 }));
});

t.test("decodeRequest() reads one text", async (t) => {
  const body = { content: content("a"), embedContentConfig: { outputDimensionality: 8 } };
  t.same(read(body, single), requestWith({ dimensions: 8, variant: "single" }));
});

t.test("decodeRequest() takes parts of one text together", async (t) => {
  const body = { content: { parts: [{ text: "a" }, { text: "b" }, "c"] } };
  t.same(read(body, single).inputs, ["abc"]);
  t.same(read({ content: "abc" }, single).inputs, ["abc"]);
});

const left: readonly (readonly [string, object, readonly Unexpressed[]])[] = [
  [
    "what vectors are for",
    { requests: [{ content: content("a"), taskType: "RETRIEVAL_DOCUMENT", title: "t" }] },
    [
      { feature: "embedding-task", at: "requests[0].taskType" },
      { feature: "embedding-task", at: "requests[0].title" },
    ],
  ],
  [
    "a task that is not said",
    { requests: [{ content: content("a"), taskType: "TASK_TYPE_UNSPECIFIED", title: "" }] },
    [],
  ],
  [
    "images",
    { requests: [{ content: { parts: [{ inlineData: {} }] } }] },
    [{ feature: "unknown-content", at: "requests[0].content.parts[0]" }],
  ],
  [
    "vectors of different lengths",
    {
      requests: [
        { content: content("a"), outputDimensionality: 8 },
        { content: content("b"), outputDimensionality: 9 },
      ],
    },
    [{ feature: "unknown-content", at: "requests[].outputDimensionality" }],
  ],
  [
    "fields that it does not know",
    { requests: [{ content: content("a"), mood: 1 }], speed: 2 },
    [
      { feature: "unknown-field", at: "requests[0].mood" },
      { feature: "unknown-field", at: "speed" },
    ],
  ],
];

for (const [name, body, unexpressed] of left) {
  t.test(`decodeRequest() notes ${name}`, async (t) => {
    t.same(read(body).unexpressed, unexpressed);
  });
}

const broken: readonly (readonly [unknown, string, string])[] = [
  ["", batch, "it is not JSON"],
  ["[]", batch, "it is not an object"],
  [{}, batch, "requests is missing"],
  [{ requests: [] }, batch, "requests is missing"],
  [{ requests: [{}] }, batch, "requests[0].content is missing"],
  [{ requests: ["a"] }, batch, "requests[0].content is missing"],
  [{}, single, "content is missing"],
  [
    { content: content("a"), outputDimensionality: "x" },
    single,
    "outputDimensionality is not a number",
  ],
];

for (const [body, path, reason] of broken) {
  t.test(`decodeRequest() says of ${JSON.stringify(body)} that ${reason}`, async (t) => {
    t.same(geminiEmbeddings.decodeRequest(wire(body, path)), { kind: "malformed", reason });
  });
}

t.test("encodeRequest() asks for many texts, each with the model", async (t) => {
  const request = requestWith({ model: "gemini-embedding-001", inputs: ["a", "b"], dimensions: 8 });
  const one = { model: "models/gemini-embedding-001", outputDimensionality: 8 };
  t.same(JSON.parse(geminiEmbeddings.encodeRequest(request).toString()), {
    requests: [
      { ...one, content: content("a") },
      { ...one, content: content("b") },
    ],
  });
});

t.test("decodeRequest() reads what encodeRequest() writes", async (t) => {
  for (const request of [requestWith({}), requestWith({ inputs: ["a", ""], dimensions: 8 })]) {
    t.same(read(geminiEmbeddings.encodeRequest(request).toString()), request);
  }
});

t.test("expresses only what a request can ask for", async (t) => {
  const request = requestWith({ dimensions: 8, encoding: "base64", inputs: [[1]], endUser: "u" });
  const missing = embeddingsFeatures(request)
    .map(({ feature }) => feature)
    .filter((feature) => !geminiEmbeddings.expresses.has(feature));
  t.same(missing, ["token-input", "base64-vectors", "end-user"]);
});

t.test("decodeResponse() reads vectors of both forms", async (t) => {
  const read = (body: object) => decodedValue(geminiEmbeddings.decodeResponse(answer(body)));
  t.same(read({ embeddings: [{ values: [0.5, -1] }, { values: [2] }] }), {
    model: "",
    vectors: [[0.5, -1], [2]],
    usage: null,
  });
  t.match(read({ embedding: { values: [1] }, usageMetadata: { promptTokenCount: 2 } }), {
    vectors: [[1]],
    usage: { inputTokens: 2, outputTokens: null },
  });
});

t.test("decodeResponse() keeps the digits of vectors", async (t) => {
  const body = '{"embeddings":[{"values":[0.0123456789012345678]}]}';
  const response = decodedValue(geminiEmbeddings.decodeResponse(answer(body)));
  const written = geminiEmbeddings.encodeResponse(response, requestWith({}));
  t.equal(written.body, body);
});

t.test("decodeResponse() says what is wrong", async (t) => {
  for (const body of ["{}", "[]", '{"embeddings":[]}', '{"embeddings":[{}]}', "7"]) {
    t.same(
      geminiEmbeddings.decodeResponse(answer(body)),
      { kind: "malformed", reason: "it has no embeddings" },
      body,
    );
  }
  t.match(geminiEmbeddings.decodeResponse(answer("")), { reason: "it is not JSON" });
});

const usage: EmbeddingsResponse["usage"] = {
  inputTokens: 3,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};

t.test("encodeResponse() writes a list, or the only vector of one text", async (t) => {
  const response = { model: "m", vectors: [[0.5, 1]], usage };
  const write = (variant: string) =>
    JSON.parse(geminiEmbeddings.encodeResponse(response, requestWith({ variant })).body.toString());
  t.same(write(""), { embeddings: [{ values: [0.5, 1] }], usageMetadata: { promptTokenCount: 3 } });
  t.same(write("single"), {
    embedding: { values: [0.5, 1] },
    usageMetadata: { promptTokenCount: 3 },
  });
});

t.test("encodeResponse() writes vectors in base64 as numbers", async (t) => {
  const floats = Buffer.alloc(8);
  floats.writeFloatLE(0.5, 0);
  floats.writeFloatLE(-2, 4);
  const response = { model: "m", vectors: [floats.toString("base64")], usage: null };
  const { body } = geminiEmbeddings.encodeResponse(response, requestWith({}));
  t.equal(body, '{"embeddings":[{"values":[0.5,-2]}]}');
});

t.test("errors are those of Google's APIs", async (t) => {
  const error = { status: 429, kind: "rate-limit", message: "Why", code: null } as const;
  const { body, status } = geminiEmbeddings.encodeError(error);
  t.equal(status, 429);
  t.match(geminiEmbeddings.decodeError(answer(body.toString(), status)), { kind: "rate-limit" });
});
