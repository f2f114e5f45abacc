import t from "tap";
import type { EmbeddingsCodec, WireRequest } from "../codec.ts";
import type { EmbeddingsRequest, EmbeddingsResponse } from "../ir.ts";
import { checkEmbeddings } from "./embeddings-checks.ts";
import { embeddingsProblems } from "./testdata/broken-codecs.ts";
import { mirrorEmbeddings } from "./testdata/mirror-provider.ts";

const problemsOf = (embeddings: Partial<EmbeddingsCodec>) =>
  embeddingsProblems({ embeddings }, checkEmbeddings);
const writing = (change: (request: EmbeddingsRequest) => object) => ({
  encodeRequest: (request: EmbeddingsRequest) =>
    mirrorEmbeddings.encodeRequest({ ...request, ...change(request) }),
});
const answering = (change: (response: EmbeddingsResponse) => object) => ({
  encodeResponse: (response: EmbeddingsResponse, request: EmbeddingsRequest) =>
    mirrorEmbeddings.encodeResponse({ ...response, ...change(response) }, request),
});

t.test("checkEmbeddings() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

t.test("checkEmbeddings() leaves out what a dialect cannot express", async (t) => {
  const expresses = new Set(["dimensions"] as const);
  const poor = {
    encodeRequest: (request: EmbeddingsRequest) => {
      if (request.inputs.some((input) => typeof input !== "string")) throw new Error("No tokens");
      return mirrorEmbeddings.encodeRequest({ ...request, endUser: null });
    },
  };
  t.same(problemsOf({ ...poor, expresses }), []);
});

t.test("checkEmbeddings() wants no base64 of a dialect that has only numbers", async (t) => {
  const plain: Partial<EmbeddingsCodec> = {
    encodeRequest: (request) => mirrorEmbeddings.encodeRequest({ ...request, encoding: "float" }),
    encodeResponse: (response, request) =>
      mirrorEmbeddings.encodeResponse(response, { ...request, encoding: "float" }),
  };
  t.same(problemsOf(plain), []);
});

t.test("checkEmbeddings() lets a dialect read vectors in either form", async (t) => {
  const reading: Partial<EmbeddingsCodec> = {
    decodeResponse: (wire) => {
      const decoded = mirrorEmbeddings.decodeResponse(wire);
      if (decoded.kind === "malformed") return decoded;
      const vectors = decoded.value.vectors.map((vector) => {
        if (typeof vector !== "string") return vector;
        const bytes = Buffer.from(vector, "base64");
        return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
      });
      return { kind: "ok", value: { ...decoded.value, vectors } };
    },
  };
  t.same(problemsOf(reading), []);
});

for (const { name, embeddings, problem } of [
  {
    name: "one text only",
    embeddings: writing(({ inputs }) => ({ inputs: inputs.slice(0, 1) })),
    problem: 'request "several texts": inputs has 1 elements, wanted 3',
  },
  {
    name: "no dimensions",
    embeddings: writing(() => ({ dimensions: null })),
    problem: 'request "fewer dimensions": dimensions is null, wanted "256"',
  },
  {
    name: "an encoding that it does not read",
    embeddings: {
      decodeRequest: (wire: WireRequest) => {
        const decoded = mirrorEmbeddings.decodeRequest(wire);
        if (decoded.kind === "malformed") return decoded;
        return { kind: "ok", value: { ...decoded.value, encoding: "float" } };
      },
    },
    problem: 'request "vectors in base64": encoding is "float", wanted "base64"',
  },
  {
    name: "numbers for base64",
    embeddings: {
      encodeResponse: (response: EmbeddingsResponse, request: EmbeddingsRequest) =>
        mirrorEmbeddings.encodeResponse(response, { ...request, encoding: "float" }),
    },
    problem: 'answer "vectors in base64": numbers are written where base64 is asked for',
  },
  {
    name: "vectors as they come",
    embeddings: {
      encodeResponse: (response: EmbeddingsResponse) => ({
        contentType: "application/json",
        body: JSON.stringify(response),
      }),
    },
    problem: 'answer "no usage": numbers and base64 of the same vectors are written in two ways',
  },
  {
    name: "another model",
    embeddings: writing(() => ({ model: "x" })),
    problem: 'request "one text": model is "x", wanted "model-1"',
  },
  {
    name: "no end user",
    embeddings: writing(() => ({ endUser: null })),
    problem: 'request "an end user": endUser is null, wanted "user-7"',
  },
  {
    name: "what it cannot read",
    embeddings: { encodeRequest: () => "{" },
    problem: 'request "one text": its own writing is malformed: it is not JSON',
  },
  {
    name: "no request",
    embeddings: { decodeRequest: () => ({ kind: "ok", value: {} }) as never },
    problem: /^request "one text": it is read as no request: /,
  },
  {
    name: "vectors in another order",
    embeddings: answering(({ vectors }) => ({ vectors: vectors.toReversed() })),
    problem: /^answer "vectors of numbers": vectors\[0\] is /,
  },
  {
    name: "rounded vectors",
    embeddings: answering(({ vectors }) => ({
      vectors: vectors.map((one) =>
        typeof one === "string" ? one : one.map((number) => Number(JSON.stringify(number))),
      ),
    })),
    problem: /^answer "vectors of numbers": vectors\[0\] is "\[0\.0123456789012345/,
  },
  {
    name: "no usage",
    embeddings: answering(() => ({ usage: null })),
    problem: 'answer "vectors of numbers": usage.inputTokens is missing, wanted 120',
  },
  {
    name: "answers that it cannot read",
    embeddings: { encodeResponse: () => ({ contentType: "x", body: "" }) },
    problem: 'answer "vectors of numbers": its own writing is malformed: it is not JSON',
  },
  {
    name: "no answer",
    embeddings: { decodeResponse: () => ({ kind: "ok", value: {} }) as never },
    problem: /^answer "no usage": it is read as no answer: /,
  },
  {
    name: "features without a place",
    embeddings: { expresses: new Set(["embedding-task"] as const) },
    problem:
      'expresses: "embedding-task" has no place in the IR: a request would lose it in silence',
  },
] as { name: string; embeddings: Partial<EmbeddingsCodec>; problem: string | RegExp }[]) {
  t.test(`checkEmbeddings() finds a codec that writes or reads ${name}`, async (t) => {
    const problems = problemsOf(embeddings);
    const isFound = problems.some((one) =>
      typeof problem === "string" ? one === problem : problem.test(one),
    );
    t.ok(
      isFound,
      `${String(problem)} in ${JSON.stringify(problems)
        .replaceAll(/[^\x20-\x7e]/g, "?")
        .slice(0, 600)}`,
    );
  });
}
