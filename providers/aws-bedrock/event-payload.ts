/**
 * Payloads of the events of Bedrock's streams. They come by the thousand, so what digits their numbers had is not asked:
 * all that are read are counts.
 */

import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";

const opening = Buffer.from('{"bytes":"');
const quote = 0x22;

/** The object that a payload is; null when it is none. */
export function readEventPayload(payload: Buffer): JsonObject | null {
  try {
    const value: JsonValue = JSON.parse(payload.toString("utf8"));
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * The bytes that a payload holds in base64, as InvokeModel's do
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html); null when it holds none.
 */
export function readChunkBytes(payload: Buffer): Buffer | null {
  const end = beginsWithBytes(payload) ? payload.indexOf(quote, opening.length) : -1;
  if (end >= 0) {
    const text = payload.toString("latin1", opening.length, end);
    // Escapes are undone by who parses.
    if (!text.includes("\\")) return Buffer.from(text, "base64");
  }
  const bytes = readEventPayload(payload)?.["bytes"];
  return typeof bytes === "string" ? Buffer.from(bytes, "base64") : null;
}

/** As Bedrock writes them, so that what they are needs no parser. */
function beginsWithBytes(payload: Buffer): boolean {
  const { length } = opening;
  return payload.length > length && payload.compare(opening, 0, length, 0, length) === 0;
}
