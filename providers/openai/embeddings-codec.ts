/** Codec of OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings). */

import type { Decoded, EmbeddingsCodec, WireBody, WireRequest, WireResponse } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { EmbeddingsRequest, EmbeddingsResponse, Usage } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject, writeJson } from "../json-text.ts";
import { BodyReader, isJsonList, parseBody } from "./body-reader.ts";
import { decodeChatUsage } from "./chat-usage.ts";
import { decodeError, encodeError } from "./error-codec.ts";

type Input = EmbeddingsRequest["inputs"][number];

const readFields: ReadonlySet<string> = new Set([
  "model",
  "input",
  "dimensions",
  "encoding_format",
  "user",
]);

/** Members of other servers that ask for vectors of another use (Voyage, Cohere, Jina, Nvidia). */
const taskFields: ReadonlySet<string> = new Set(["input_type", "task", "task_type"]);

/** Reads and writes `/v1/embeddings`; vectors come as the agent asked, whatever the provider's way is. */
export const openaiEmbeddings: EmbeddingsCodec = {
  name: "openai-embeddings",
  operation: "embeddings",
  expresses: new Set<Feature>(["dimensions", "token-input", "base64-vectors", "end-user"]),
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  decodeError,
  encodeError,
};

function decodeRequest({ body, pathModel }: WireRequest): Decoded<EmbeddingsRequest> {
  const parsed = parseBody(body);
  if (parsed.kind === "malformed") return parsed;
  const reader = new BodyReader();
  const fields = parsed.value;
  noteFields(reader, fields);
  return reader.finish({
    model: pathModel ?? reader.requiredString(fields, "model", ""),
    inputs: decodeInputs(reader, fields["input"]),
    dimensions: reader.number(fields, "dimensions", ""),
    encoding: decodeEncoding(reader, fields),
    endUser: reader.string(fields, "user", ""),
    unexpressed: reader.unexpressed,
    // A string and a list of one string get the same answer
    variant: "",
  });
}

function noteFields(reader: BodyReader, body: JsonObject): void {
  for (const field of Object.keys(body)) {
    const value = body[field];
    if (readFields.has(field) || value === undefined || value === null) continue;
    reader.note(taskFields.has(field) ? "embedding-task" : "unknown-field", field);
  }
}

function decodeInputs(reader: BodyReader, value: JsonValue | undefined): Input[] {
  if (typeof value === "string") return [value];
  if (!isJsonList(value)) {
    reader.fail("input is neither a string nor a list");
    return [];
  }
  if (value.length === 0) reader.fail("input is empty");
  if (value.every(isJsonNumber)) return value.length === 0 ? [] : [value];
  return value.map((item, index) => decodeInput(reader, item, `input[${index}]`));
}

function decodeInput(reader: BodyReader, item: JsonValue, at: string): Input {
  if (typeof item === "string") return item;
  if (isJsonList(item) && item.every(isJsonNumber)) return item;
  reader.fail(`${at} is neither a string nor a list of tokens`);
  return "";
}

function decodeEncoding(reader: BodyReader, body: JsonObject): EmbeddingsRequest["encoding"] {
  const format = reader.string(body, "encoding_format", "");
  if (format === "base64") return "base64";
  if (format !== null && format !== "float") {
    reader.fail("encoding_format is neither float nor base64");
  }
  return "float";
}

function encodeRequest(request: EmbeddingsRequest): string {
  const { inputs } = request;
  const [first] = inputs;
  return writeJson({
    model: request.model,
    input: inputs.length === 1 && first !== undefined ? first : inputs,
    dimensions: request.dimensions ?? undefined,
    encoding_format: request.encoding,
    user: request.endUser ?? undefined,
  });
}

function decodeResponse({ body }: WireResponse): Decoded<EmbeddingsResponse> {
  const parsed = parseBody(body);
  if (parsed.kind === "malformed") return parsed;
  const { data, model } = parsed.value;
  if (!isJsonList(data)) return { kind: "malformed", reason: "data is not a list" };
  const vectors: (readonly JsonNumber[] | string)[] = [];
  for (const item of data.filter(isJsonObject).toSorted(byIndex)) {
    const vector = item["embedding"];
    if (typeof vector === "string") vectors.push(vector);
    else if (isJsonList(vector) && vector.every(isJsonNumber)) vectors.push(vector);
    else return { kind: "malformed", reason: "data[].embedding is not a vector" };
  }
  return {
    kind: "ok",
    value: {
      model: typeof model === "string" ? model : "",
      vectors,
      usage: decodeChatUsage(parsed.value["usage"]),
    },
  };
}

function byIndex(a: JsonObject, b: JsonObject): number {
  return indexOf(a) - indexOf(b);
}

function indexOf({ index }: JsonObject): number {
  return typeof index === "number" ? index : 0;
}

function encodeResponse(response: EmbeddingsResponse, { encoding }: EmbeddingsRequest): WireBody {
  const body = writeJson({
    object: "list",
    data: response.vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: encodeVector(vector, encoding),
    })),
    model: response.model,
    usage: encodeUsage(response.usage),
  });
  return { contentType: "application/json", body };
}

function encodeVector(
  vector: readonly JsonNumber[] | string,
  encoding: EmbeddingsRequest["encoding"],
): JsonValue {
  if (encoding === "base64") return typeof vector === "string" ? vector : packVector(vector);
  return typeof vector === "string" ? unpackVector(vector) : vector;
}

function packVector(vector: readonly JsonNumber[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (const [index, number] of vector.entries()) {
    bytes.writeFloatLE(typeof number === "number" ? number : Number(number.rawJSON), index * 4);
  }
  return bytes.toString("base64");
}

function unpackVector(text: string): number[] {
  const bytes = Buffer.from(text, "base64");
  const vector: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) vector.push(bytes.readFloatLE(at));
  return vector;
}

function encodeUsage(usage: Usage | null): JsonObject {
  const input = usage?.inputTokens ?? 0;
  return { prompt_tokens: input, total_tokens: input };
}
