import OpenAI from "openai";
import t from "tap";
import type { EmbeddingsRequest, EmbeddingsResponse } from "../ir.ts";
import type { JsonValue } from "../json-text.ts";
import { embeddingsFeatures, judge } from "../request-features.ts";
import { readRecordedCalls } from "../testdata/recorded-calls.ts";
import { openaiEmbeddings } from "./embeddings-codec.ts";
import { decodedValue, wireRequest, wireResponse } from "./testdata/chat.ts";

const empty: EmbeddingsRequest = {
  model: "m",
  inputs: ["a"],
  dimensions: null,
  encoding: "float",
  endUser: null,
  unexpressed: [],
  variant: "",
};

function decode(body: unknown): EmbeddingsRequest {
  return decodedValue(openaiEmbeddings.decodeRequest(wireRequest(body)));
}

const requests: readonly {
  readonly name: string;
  readonly wire: Record<string, unknown>;
  readonly request: Partial<EmbeddingsRequest>;
}[] = [
  { name: "a string", wire: { input: "a" }, request: {} },
  { name: "a list of one string", wire: { input: ["a"] }, request: {} },
  { name: "strings", wire: { input: ["a", ""] }, request: { inputs: ["a", ""] } },
  { name: "tokens", wire: { input: [1, 2] }, request: { inputs: [[1, 2]] } },
  { name: "lists of tokens", wire: { input: [[1], [2, 3]] }, request: { inputs: [[1], [2, 3]] } },
  { name: "dimensions", wire: { input: "a", dimensions: 256 }, request: { dimensions: 256 } },
  {
    name: "base64",
    wire: { input: "a", encoding_format: "base64" },
    request: { encoding: "base64" },
  },
  { name: "floats", wire: { input: "a", encoding_format: "float" }, request: {} },
  { name: "an end user", wire: { input: "a", user: "u" }, request: { endUser: "u" } },
  {
    name: "members of other servers",
    wire: { input: "a", input_type: "query", truncate: "END", x: null },
    request: {
      unexpressed: [
        { feature: "embedding-task", at: "input_type" },
        { feature: "unknown-field", at: "truncate" },
      ],
    },
  },
];

for (const { name, wire, request } of requests) {
  t.test(`decodeRequest() reads ${name}`, async (t) => {
    t.strictSame(decode({ model: "m", ...wire }), { ...empty, ...request });
  });
}

t.test("decodeRequest() takes the model of the path before that of the body", async (t) => {
  const read = openaiEmbeddings.decodeRequest(wireRequest({ input: "a" }, "deployment"));
  t.equal(decodedValue(read).model, "deployment");
});

for (const [body, reason] of [
  ["[]", "the body is not a JSON object"],
  [{ input: "a" }, "model is not a string"],
  [{ model: "m" }, "input is neither a string nor a list"],
  [{ model: "m", input: {} }, "input is neither a string nor a list"],
  [{ model: "m", input: [] }, "input is empty"],
  [{ model: "m", input: ["a", 1] }, "input[1] is neither a string nor a list of tokens"],
  [{ model: "m", input: [[1, "a"]] }, "input[0] is neither a string nor a list of tokens"],
  [{ model: "m", input: "a", dimensions: "5" }, "dimensions is not a number"],
  [
    { model: "m", input: "a", encoding_format: "int8" },
    "encoding_format is neither float nor base64",
  ],
] as const satisfies readonly (readonly [JsonValue, string])[]) {
  t.test(`decodeRequest() says that ${reason} for ${JSON.stringify(body)}`, async (t) => {
    t.strictSame(openaiEmbeddings.decodeRequest(wireRequest(body)), { kind: "malformed", reason });
  });
}

const expressed: Readonly<Record<string, Partial<EmbeddingsRequest>>> = {
  dimensions: { dimensions: 256 },
  "token-input": { inputs: [[1, 2], [3]] },
  "base64-vectors": { encoding: "base64" },
  "end-user": { endUser: "u" },
};

t.test("openaiEmbeddings expresses what these tests have a request for", async (t) => {
  t.strictSame(Object.keys(expressed).toSorted(), [...openaiEmbeddings.expresses].toSorted());
});

for (const [feature, fields] of Object.entries(expressed)) {
  t.test(`decodeRequest() reads what encodeRequest() wrote when there is ${feature}`, async (t) => {
    const request = { ...empty, ...fields };
    const uses = embeddingsFeatures(request);
    t.strictSame(
      uses.map((use) => use.feature),
      [feature],
    );
    t.strictSame(judge(uses, (one) => openaiEmbeddings.expresses.has(one)).refused, []);
    t.strictSame(decode(`${openaiEmbeddings.encodeRequest(request)}`), request);
  });
}

t.test("encodeRequest() writes one text as a string and several as a list", async (t) => {
  t.equal(
    openaiEmbeddings.encodeRequest(empty),
    '{"model":"m","input":"a","encoding_format":"float"}',
  );
  t.equal(
    openaiEmbeddings.encodeRequest({ ...empty, inputs: ["a", "b"] }),
    '{"model":"m","input":["a","b"],"encoding_format":"float"}',
  );
});

t.test("decodeResponse() reads vectors in the order of their index", async (t) => {
  const answer = {
    object: "list",
    model: "text-embedding-3-small",
    data: [
      { object: "embedding", index: 1, embedding: [0.5] },
      { object: "embedding", index: 0, embedding: "AACAPw==" },
    ],
    usage: { prompt_tokens: 8, total_tokens: 8 },
  };
  const read = decodedValue(openaiEmbeddings.decodeResponse(wireResponse(answer)));
  t.equal(read.model, "text-embedding-3-small");
  t.strictSame(read.vectors, ["AACAPw==", [0.5]]);
  t.equal(read.usage?.inputTokens, 8);
});

t.test("decodeResponse() reads recorded answers", async (t) => {
  const calls = readRecordedCalls().filter(({ name }) => name.endsWith("/embeddings"));
  t.equal(calls.length, 2);
  for (const { answer, name } of calls) {
    const read = decodedValue(openaiEmbeddings.decodeResponse(wireResponse(answer)));
    t.ok(read.vectors.length > 0, name);
  }
});

for (const [body, reason] of [
  ["<html>", "the body cannot be read: it is not JSON"],
  [{}, "data is not a list"],
  [{ data: [{}] }, "data[].embedding is not a vector"],
  [{ data: [{ embedding: ["a"] }] }, "data[].embedding is not a vector"],
] as const satisfies readonly (readonly [JsonValue, string])[]) {
  t.test(`decodeResponse() says that ${reason} for ${JSON.stringify(body)}`, async (t) => {
    t.strictSame(openaiEmbeddings.decodeResponse(wireResponse(body)), {
      kind: "malformed",
      reason,
    });
  });
}

const response: EmbeddingsResponse = {
  model: "e",
  vectors: [[1, -0.5], "AACAPwAAAL8="],
  usage: null,
};

t.test("encodeResponse() writes vectors as the agent asked, however they came", async (t) => {
  const floats = JSON.parse(`${openaiEmbeddings.encodeResponse(response, empty).body}`);
  t.strictSame(floats, {
    object: "list",
    data: [
      { object: "embedding", index: 0, embedding: [1, -0.5] },
      { object: "embedding", index: 1, embedding: [1, -0.5] },
    ],
    model: "e",
    usage: { prompt_tokens: 0, total_tokens: 0 },
  });
  const base64 = { ...empty, encoding: "base64" } as const;
  const packed = JSON.parse(`${openaiEmbeddings.encodeResponse(response, base64).body}`);
  t.strictSame(
    packed.data.map(({ embedding }: { embedding: unknown }) => embedding),
    ["AACAPwAAAL8=", "AACAPwAAAL8="],
  );
});

t.test("encodeResponse() keeps the digits of numbers", async (t) => {
  const text = '{"data":[{"embedding":[0.0023064255000000001]}],"usage":{"prompt_tokens":5}}';
  const read = decodedValue(openaiEmbeddings.decodeResponse(wireResponse(text)));
  t.match(openaiEmbeddings.encodeResponse(read, empty).body, "[0.0023064255000000001]");
});

t.test("encodeResponse() writes what OpenAI's SDK gives its caller", async (t) => {
  // The SDK asks for base64 of its own accord and unpacks it
  const client = new OpenAI({
    apiKey: "unit",
    fetch: async (_, init) => {
      const request = decode(`${init?.body}`);
      t.equal(request.encoding, "base64");
      const { body, contentType } = openaiEmbeddings.encodeResponse(response, request);
      return new Response(`${body}`, { headers: { "content-type": contentType } });
    },
  });
  const { data } = await client.embeddings.create({ model: "m", input: "a" });
  t.strictSame(
    data.map(({ embedding }) => [...embedding]),
    [
      [1, -0.5],
      [1, -0.5],
    ],
  );
});

t.test("openaiEmbeddings reads and writes errors as chat completions do", async (t) => {
  const error = { status: 429, kind: "rate-limit", message: "Slow", code: "x" } as const;
  const written = openaiEmbeddings.encodeError(error);
  t.equal(written.status, 429);
  t.strictSame(openaiEmbeddings.decodeError(wireResponse(`${written.body}`, 429)), error);
});
