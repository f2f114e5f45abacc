/** POST /v1/embeddings. https://platform.openai.com/docs/api-reference/embeddings/create */
import { createHash } from "node:crypto";
import { findFieldProblem } from "./json-fields.ts";
import type { FieldRules, JsonObject } from "./json-fields.ts";
import { openAiError, openAiFieldError } from "./openai-error.ts";
import { findOpenAiModel, unknownOpenAiModel } from "./openai-model.ts";
import { jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import { countTokens } from "./tokens.ts";

const embeddingRules: FieldRules = {
  model: { type: "string", required: true },
  input: { type: ["string", "array"], required: true },
  dimensions: { type: "integer", minimum: 1 },
  encoding_format: { type: "string", values: ["float", "base64"] },
  user: { type: "string" },
};

const inputLimit = 2_048;

interface EmbeddingInput {
  /** What the vector is computed from */
  readonly key: string;
  readonly tokens: number;
}

/** Answers a decoded embeddings request with unit vectors that depend on the input only. */
export function answerEmbeddings(body: JsonObject): Reply {
  const problem = findFieldProblem(body, embeddingRules);
  if (problem !== undefined) return openAiFieldError(problem);
  const name = String(body["model"]);
  const model = findOpenAiModel(name, "embedding");
  return model === undefined ? unknownOpenAiModel(name) : renderEmbeddings(body, model);
}

/** Answers for one model: the name that answers carry, and the longest vectors that it makes. */
export function renderEmbeddings(
  body: JsonObject,
  model: { readonly snapshot: string; readonly dimensions: number },
): Reply {
  const problem = findFieldProblem(body, embeddingRules);
  if (problem !== undefined) return openAiFieldError(problem);
  const inputs = parseInputs(body["input"]);
  if (inputs === undefined) {
    return openAiError("'$.input' is invalid. Please check the API reference.", { status: 400 });
  }
  const length = Number(body["dimensions"] ?? model.dimensions);
  if (length > model.dimensions) {
    const message = `Invalid value for 'dimensions' = ${length}. Must be less than or equal to ${model.dimensions}.`;
    return openAiError(message, { status: 400 });
  }
  const base64 = body["encoding_format"] === "base64";
  const data = inputs.map(({ key }, index) => {
    const vector = unitVector(key, length);
    const embedding = base64 ? Buffer.from(vector.buffer).toString("base64") : Array.from(vector);
    return { object: "embedding", index, embedding };
  });
  const tokens = inputs.reduce((sum, input) => sum + input.tokens, 0);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return jsonReply(200, { object: "list", data, model: model.snapshot, usage });
}

/** One text, one token array, or a non-empty array of either kind; undefined for anything else. */
function parseInputs(input: unknown): EmbeddingInput[] | undefined {
  if (typeof input === "string") return input === "" ? undefined : [fromText(input)];
  if (!Array.isArray(input) || input.length === 0 || input.length > inputLimit) return undefined;
  if (isTokenArray(input)) return [fromTokens(input)];
  if (input.every((item) => typeof item === "string" && item !== "")) return input.map(fromText);
  if (input.every(isTokenArray)) return input.map(fromTokens);
  return undefined;
}

function isTokenArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => Number.isInteger(item));
}

function fromText(text: string): EmbeddingInput {
  return { key: text, tokens: countTokens(text) };
}

function fromTokens(tokens: readonly number[]): EmbeddingInput {
  return { key: tokens.join(","), tokens: tokens.length };
}

/** A vector of length 1 that depends on the key only. */
export function unitVector(key: string, length: number): Float32Array {
  const bytes = createHash("shake256", { outputLength: length }).update(key).digest();
  const vector = Float32Array.from(bytes, (byte) => byte - 127.5);
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
