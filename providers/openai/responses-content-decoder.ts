/**
 * Reads the content of messages and of tool results
 * (https://platform.openai.com/docs/api-reference/responses/create, `input`).
 */

import type { Feature } from "../features.ts";
import type { AudioPart, DocumentPart, ImagePart, Part, Source } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { audioMediaType } from "./audio-formats.ts";
import { isJsonList } from "./body-reader.ts";
import { parseDataUrl } from "./data-url.ts";
import type { FieldRule, Place } from "./responses-fields.ts";
import { noteFields } from "./responses-fields.ts";
import { mediaTypeOf } from "./responses-file-names.ts";

const textRule = partRule([
  ["text", null],
  ["annotations", "citations"],
]);
const refusalRule = partRule([["refusal", null]]);
const imageRule = partRule([
  ["image_url", null],
  ["file_id", null],
  ["detail", null],
]);
const fileRule = partRule([
  ["file_data", null],
  ["file_url", null],
  ["file_id", null],
  ["filename", null],
]);
const audioRule = partRule([["input_audio", null]]);

/** Parts of a message or of a tool's result; an empty text is no part. */
export function decodeContent(content: JsonValue | undefined, { reader, at }: Place): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (!isJsonList(content)) {
    reader.fail(`${at} is neither a string nor a list`);
    return [];
  }
  const parts: Part[] = [];
  for (let index = 0; index < content.length; index++) {
    const part = decodePart(content[index], { reader, at: `${at}[${index}]` });
    if (part !== null) parts.push(part);
  }
  return parts;
}

function decodePart(value: JsonValue | undefined, place: Place): Part | null {
  const { reader, at } = place;
  if (!isJsonObject(value)) {
    reader.fail(`${at} is not an object`);
    return null;
  }
  const { type } = value;
  switch (type) {
    case "input_text":
    case "output_text":
    case "text":
      noteFields(value, textRule, { reader, at });
      return { kind: "text", text: place.reader.requiredString(value, "text", at) };
    case "refusal":
      noteFields(value, refusalRule, { reader, at });
      return { kind: "refusal", text: place.reader.requiredString(value, "refusal", at) };
    case "input_image":
      return decodeImage(value, place);
    case "input_file":
      return decodeFile(value, place);
    case "input_audio":
      return decodeAudio(value, place);
    default:
      reader.note("unknown-content", `${at}.type`);
      return null;
  }
}

function decodeImage(value: JsonObject, place: Place): ImagePart | null {
  const { reader, at } = place;
  noteFields(value, imageRule, { reader, at });
  const source = decodeSource(value, "image_url", place);
  if (source === null) return null;
  const detail = reader.string(value, "detail", at);
  // The default, so it asks for nothing.
  return { kind: "image", source, detail: detail === "auto" ? null : detail };
}

function decodeFile(value: JsonObject, place: Place): DocumentPart | null {
  const { reader, at } = place;
  noteFields(value, fileRule, { reader, at });
  const name = reader.string(value, "filename", at);
  const data = reader.string(value, "file_data", at);
  const source =
    data === null ? decodeSource(value, "file_url", place) : decodeData(data, name, place);
  return source === null ? null : { kind: "document", source, name };
}

function decodeData(data: string, name: string | null, { reader, at }: Place): Source | null {
  if (!isDataUrl(data)) return { kind: "base64", mediaType: mediaTypeOf(name), data };
  return sourceOf(data, { reader, at: `${at}.file_data` });
}

function decodeSource(value: JsonObject, name: string, { reader, at }: Place): Source | null {
  const url = reader.string(value, name, at);
  if (url !== null) return sourceOf(url, { reader, at: `${at}.${name}` });
  const id = reader.string(value, "file_id", at);
  if (id !== null) return { kind: "file", id };
  reader.fail(`${at} has neither ${name} nor file_id`);
  return null;
}

function sourceOf(url: string, { reader, at }: Place): Source | null {
  const bytes = parseDataUrl(url);
  if (bytes !== undefined) return { kind: "base64", ...bytes };
  if (!isDataUrl(url)) return { kind: "url", url, mediaType: null };
  reader.fail(`${at} is a broken data URL`);
  return null;
}

function isDataUrl(url: string): boolean {
  return url.slice(0, 5).toLowerCase() === "data:";
}

function decodeAudio(value: JsonObject, { reader, at }: Place): AudioPart | null {
  noteFields(value, audioRule, { reader, at });
  const audio = value["input_audio"];
  const data = isJsonObject(audio) ? audio["data"] : undefined;
  const format = isJsonObject(audio) ? audio["format"] : undefined;
  if (typeof data !== "string" || typeof format !== "string") {
    reader.fail(`${at}.input_audio has no data with a format`);
    return null;
  }
  return { kind: "audio", source: { kind: "base64", mediaType: audioMediaType(format), data } };
}

function partRule(own: readonly (readonly [string, Feature | null])[]): FieldRule {
  const fields = new Map<string, Feature | null>([
    ["type", null],
    ["prompt_cache_breakpoint", "cache-hint"],
    ...own,
  ]);
  return { fields, others: "content-metadata" };
}
