/**
 * Gemini's embeddings (https://ai.google.dev/api/embeddings): `batchEmbedContents` with many texts and `embedContent`
 * with one.
 */

import type { Decoded, EmbeddingsCodec, WireBody, WireRequest } from "../codec.ts";
import type { EmbeddingsRequest, EmbeddingsResponse } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, parseJson, writeJson } from "../json-text.ts";
import { methodOf, modelOf } from "./call-path.ts";
import { modelPath } from "./model-path.ts";
import { countOf, fieldsOf, isList, listOf, numberOf } from "./proto-fields.ts";
import { RequestNotes } from "./request-notes.ts";
import { decodeError, encodeError, jsonType } from "./rpc-status.ts";

/** Variant of a request for one text, whose answer is not in a list. */
const single = "single";
const batchFields: ReadonlySet<string> = new Set(["requests", "model"]);
const requestFields: ReadonlySet<string> = new Set([
  "model",
  "content",
  "taskType",
  "title",
  "outputDimensionality",
  "embedContentConfig",
]);

/** The codec of embeddings; it asks for many texts at once, also when there is one. */
export const geminiEmbeddings: EmbeddingsCodec = {
  name: "gemini-embeddings",
  operation: "embeddings",
  expresses: new Set(["dimensions"]),
  decodeRequest,
  encodeRequest,
  decodeResponse: ({ body }) => decodeResponse(body),
  encodeResponse,
  decodeError,
  encodeError,
};

function decodeRequest({ path, pathModel, body }: WireRequest): Decoded<EmbeddingsRequest> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const fields = fieldsOf(parsed.value);
  if (fields === undefined) return { kind: "malformed", reason: "it is not an object" };
  const notes = new RequestNotes();
  const isSingle = methodOf(path) === "embedContent";
  const texts = isSingle
    ? [decodeText(fields, "", notes)]
    : listOf(fields["requests"]).map((one, index) => decodeText(one, `requests[${index}].`, notes));
  if (!isSingle) notes.leaveUnknown(fields, batchFields, { at: "", feature: "unknown-field" });
  if (texts.length === 0) notes.fail("requests is missing");
  if (notes.problem !== null) return { kind: "malformed", reason: notes.problem };
  return {
    kind: "ok",
    value: {
      model: modelOf(path, pathModel),
      inputs: texts.map(({ text }) => text),
      dimensions: dimensionsOf(texts, notes),
      encoding: "float",
      endUser: null,
      unexpressed: notes.unexpressed,
      variant: isSingle ? single : "",
    },
  };
}

/** One text with how long its vector is to be. */
interface WantedVector {
  readonly text: string;
  readonly dimensions: JsonNumber | null;
}

function decodeText(request: JsonValue, at: string, notes: RequestNotes): WantedVector {
  const fields = fieldsOf(request) ?? {};
  notes.leaveUnknown(fields, requestFields, { at, feature: "unknown-field" });
  const config = fieldsOf(fields["embedContentConfig"]) ?? {};
  if (isSaid(fields["taskType"] ?? config["taskType"])) {
    notes.leave("embedding-task", `${at}taskType`);
  }
  if (isSaid(fields["title"] ?? config["title"])) notes.leave("embedding-task", `${at}title`);
  const dimensions = numberOf(fields["outputDimensionality"] ?? config["outputDimensionality"]);
  if (dimensions === undefined) notes.fail(`${at}outputDimensionality is not a number`);
  return { text: textOfContent(fields["content"], at, notes), dimensions: dimensions ?? null };
}

/** Only texts are embedded; several parts are one text. */
function textOfContent(content: JsonValue | undefined, at: string, notes: RequestNotes): string {
  if (typeof content === "string") return content;
  const fields = fieldsOf(content);
  if (fields === undefined) notes.fail(`${at}content is missing`);
  let text = "";
  for (const [index, part] of listOf(fields?.["parts"]).entries()) {
    const words = typeof part === "string" ? part : fieldsOf(part)?.["text"];
    if (typeof words === "string") text += words;
    else notes.leave("unknown-content", `${at}content.parts[${index}]`);
  }
  return text;
}

function dimensionsOf(texts: readonly WantedVector[], notes: RequestNotes): JsonNumber | null {
  const [first, ...others] = texts.map(({ dimensions }) => dimensions);
  const wanted = first === undefined ? null : first;
  if (others.some((one) => writeJson(one) !== writeJson(wanted))) {
    notes.leave("unknown-content", "requests[].outputDimensionality");
  }
  return wanted;
}

function encodeRequest({ model, inputs, dimensions }: EmbeddingsRequest): string {
  const requests = inputs.map((input) => ({
    model: modelPath(model),
    content: { parts: [{ text: typeof input === "string" ? input : "" }] },
    outputDimensionality: dimensions ?? undefined,
  }));
  return writeJson({ requests });
}

function decodeResponse(body: Buffer): Decoded<EmbeddingsResponse> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const fields = fieldsOf(parsed.value);
  const embeddings = listOf(fields?.["embeddings"] ?? fields?.["embedding"]);
  const vectors = embeddings.map((one) => listOf(fieldsOf(one)?.["values"]).filter(isJsonNumber));
  if (vectors.length === 0 || vectors.some(({ length }) => length === 0)) {
    return { kind: "malformed", reason: "it has no embeddings" };
  }
  const usage = fieldsOf(fields?.["usageMetadata"]);
  return {
    kind: "ok",
    value: {
      model: "",
      vectors,
      usage: usage === undefined ? null : inputUsage(countOf(usage["promptTokenCount"])),
    },
  };
}

function encodeResponse(response: EmbeddingsResponse, request: EmbeddingsRequest): WireBody {
  const embeddings = response.vectors.map((vector) => ({ values: valuesOf(vector) }));
  const inputTokens = response.usage?.inputTokens ?? null;
  const usageMetadata: JsonObject | undefined =
    inputTokens === null ? undefined : { promptTokenCount: inputTokens };
  const isSingle = request.variant === single;
  return {
    contentType: jsonType,
    body: writeJson(
      isSingle ? { embedding: embeddings[0], usageMetadata } : { embeddings, usageMetadata },
    ),
  };
}

/** Vectors in base64 are little-endian 32-bit floats. */
function valuesOf(vector: readonly JsonNumber[] | string): readonly JsonNumber[] {
  if (typeof vector !== "string") return vector;
  const bytes = Buffer.from(vector, "base64");
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) =>
    bytes.readFloatLE(index * 4),
  );
}

function inputUsage(inputTokens: number | null) {
  return {
    inputTokens,
    outputTokens: null,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  };
}

function isSaid(value: JsonValue | undefined): boolean {
  return (
    value !== undefined &&
    value !== null &&
    value !== "" &&
    value !== "TASK_TYPE_UNSPECIFIED" &&
    !isList(value)
  );
}
