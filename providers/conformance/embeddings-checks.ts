/** Checks that requests for embeddings, and their vectors, survive being written and read by a codec. */

import type { EmbeddingsCodec } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { EmbeddingsRequest, EmbeddingsResponse } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import { embeddingsFeatures } from "../request-features.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { frozen, judgeUses, wireRequest, wireResponse } from "./codec-use.ts";
import {
  embeddingsAnswerCases,
  embeddingsRequestCases,
  plainEmbeddings,
} from "./embeddings-cases.ts";
import type { Plain } from "./first-difference.ts";
import { firstDifference } from "./first-difference.ts";
import { embeddingsRequestShape, embeddingsResponseShape } from "./ir-shape.ts";
import { plainNumber } from "./plain-parts.ts";
import { plainVectors } from "./plain-vectors.ts";
import { usageProblems } from "./plain-answer.ts";

/** Features that a request for embeddings can have. */
export function embeddingFeatures(): ReadonlySet<Feature> {
  const uses = embeddingsRequestCases().flatMap(({ request }) => embeddingsFeatures(request));
  return new Set(uses.map(({ feature }) => feature));
}

/** Makes every check of embeddings, errors excepted. */
export function checkEmbeddings(use: CodecUse<EmbeddingsCodec>, book: CheckBook): void {
  for (const { name, request } of embeddingsRequestCases()) {
    if (isRefused(use, request)) continue;
    book.check(`request "${name}"`, () => requestProblem(use, request));
  }
  for (const { name, request, response } of embeddingsAnswerCases()) {
    if (isRefused(use, request)) continue;
    book.check(`answer "${name}"`, () => answerProblemsOf(use, response, request));
  }
  const known = embeddingFeatures();
  book.check("expresses", () =>
    [...use.codec.expresses]
      .filter((feature) => !known.has(feature))
      .map((feature) => `"${feature}" has no place in the IR: a request would lose it in silence`),
  );
}

/** A request after it was written and read by the codec, or a clause about what went wrong. */
export function carryEmbeddings(
  use: CodecUse<EmbeddingsCodec>,
  request: EmbeddingsRequest,
): EmbeddingsRequest | string {
  const written = use.codec.encodeRequest(frozen(request));
  const wire = wireRequest(use, { model: request.model, stream: false }, written);
  const decoded = use.codec.decodeRequest(wire);
  wire.body.fill(0x21);
  if (decoded.kind === "malformed") return `its own writing is malformed: ${decoded.reason}`;
  const [problem] = embeddingsRequestShape(decoded.value, "");
  return problem === undefined ? decoded.value : `it is read as no request: ${problem}`;
}

function isRefused(use: CodecUse, request: EmbeddingsRequest): boolean {
  return judgeUses(use, embeddingsFeatures(request)).isRefused;
}

function requestProblem(
  use: CodecUse<EmbeddingsCodec>,
  request: EmbeddingsRequest,
): string | undefined {
  const found = carryEmbeddings(use, request);
  if (typeof found === "string") return found;
  const keepsUser = use.codec.expresses.has("end-user");
  const keepsEncoding = tellsEncodings(use);
  const plain = (one: EmbeddingsRequest): Plain => ({
    model: one.model,
    inputs: one.inputs.map((input) => (typeof input === "string" ? input : writeJson(input))),
    dimensions: plainNumber(one.dimensions),
    encoding: keepsEncoding ? one.encoding : null,
    endUser: keepsUser ? one.endUser : null,
    unexpressed: one.unexpressed.map(({ feature, at }) => `${feature} at ${at}`),
  });
  return firstDifference(plain(found), plain(request));
}

/** Whether requests of the dialect say how vectors are to be written; in others all are numbers. */
function tellsEncodings({ codec, model }: CodecUse<EmbeddingsCodec>): boolean {
  const [float, base64] = (["float", "base64"] as const).map((encoding) =>
    Buffer.from(codec.encodeRequest(frozen({ ...plainEmbeddings, model, encoding }))),
  );
  return float === undefined || base64 === undefined || !float.equals(base64);
}

function answerProblemsOf(
  use: CodecUse<EmbeddingsCodec>,
  response: EmbeddingsResponse,
  request: EmbeddingsRequest,
): readonly string[] {
  const asked = carryEmbeddings(use, request);
  if (typeof asked === "string") return [`its request cannot be carried: ${asked}`];
  const written = use.codec.encodeResponse(frozen(response), frozen(asked));
  const wire = wireResponse(written);
  const decoded = use.codec.decodeResponse(wire);
  wire.body.fill(0x21);
  if (decoded.kind === "malformed") return [`its own writing is malformed: ${decoded.reason}`];
  const shape = embeddingsResponseShape(decoded.value, "");
  if (shape.length > 0) return shape.map((problem) => `it is read as no answer: ${problem}`);
  const { found, wanted } = plainVectors(decoded.value.vectors, response.vectors);
  const difference = firstDifference(found, wanted, "vectors");
  return [
    ...(difference === undefined ? [] : [difference]),
    ...encodingProblems(use, response, asked),
    ...usageProblems(decoded.value.usage, response.usage),
  ];
}

/** The same vectors must be written in one form, and as the request has it: agents read no other. */
function encodingProblems(
  { codec }: CodecUse<EmbeddingsCodec>,
  response: EmbeddingsResponse,
  asked: EmbeddingsRequest,
): string[] {
  const write = (vectors: EmbeddingsResponse["vectors"], encoding: EmbeddingsRequest["encoding"]) =>
    Buffer.from(
      codec.encodeResponse(frozen({ ...response, vectors }), { ...asked, encoding }).body,
    );
  const [numbers, base64] = [[[0.25, -1]], ["AACAPgAAgL8="]];
  const { encoding } = asked;
  if (!write(numbers, encoding).equals(write(base64, encoding))) {
    return ["numbers and base64 of the same vectors are written in two ways"];
  }
  if (encoding === "float" || !write(numbers, "float").equals(write(numbers, "base64"))) return [];
  return ["numbers are written where base64 is asked for"];
}
