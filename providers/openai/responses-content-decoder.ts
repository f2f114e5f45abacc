/**
 * Reads the content of messages and of tool results
 * (https://platform.openai.com/docs/api-reference/responses/create, `input`).
 */

import type { Feature } from "../features.ts";
import type { AudioPart, DocumentPart, ImagePart, Part, Source } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { sourceOfUrl } from "./responses-data-url.ts";
import { mediaTypeOf } from "./responses-file-names.ts";
import type { FieldRule, RequestNotes } from "./responses-notes.ts";
import { note, noteFields, readString, reject } from "./responses-notes.ts";

/** Where something stands, as a path into the body. */
export interface Place {
  readonly notes: RequestNotes;
  readonly at: string;
}

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

const audioTypes: ReadonlyMap<string, string> = new Map([
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
]);

/** Parts of a message or of a tool's result; an empty text is no part. */
export function decodeContent(content: JsonValue | undefined, { notes, at }: Place): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (!Array.isArray(content)) {
    reject(notes, `${at} is neither a string nor a list`);
    return [];
  }
  const parts: Part[] = [];
  for (let index = 0; index < content.length; index++) {
    const part = decodePart(content[index], { notes, at: `${at}[${index}]` });
    if (part !== null) parts.push(part);
  }
  return parts;
}

function decodePart(value: JsonValue | undefined, place: Place): Part | null {
  const { notes, at } = place;
  if (!isJsonObject(value)) {
    reject(notes, `${at} is no object`);
    return null;
  }
  const { type } = value;
  switch (type) {
    case "input_text":
    case "output_text":
    case "text":
      noteFields(notes, value, { rule: textRule, at });
      return { kind: "text", text: neededString(value, "text", place) };
    case "refusal":
      noteFields(notes, value, { rule: refusalRule, at });
      return { kind: "refusal", text: neededString(value, "refusal", place) };
    case "input_image":
      return decodeImage(value, place);
    case "input_file":
      return decodeFile(value, place);
    case "input_audio":
      return decodeAudio(value, place);
    default:
      note(notes, "unknown-content", `${at}.type`);
      return null;
  }
}

function decodeImage(value: JsonObject, place: Place): ImagePart | null {
  const { notes, at } = place;
  noteFields(notes, value, { rule: imageRule, at });
  const source = decodeSource(value, "image_url", place);
  if (source === null) return null;
  const detail = readString(notes, value, { name: "detail", at: `${at}.` });
  // The default, so it asks for nothing.
  return { kind: "image", source, detail: detail === "auto" ? null : detail };
}

function decodeFile(value: JsonObject, place: Place): DocumentPart | null {
  const { notes, at } = place;
  noteFields(notes, value, { rule: fileRule, at });
  const name = readString(notes, value, { name: "filename", at: `${at}.` });
  const data = readString(notes, value, { name: "file_data", at: `${at}.` });
  const source =
    data === null ? decodeSource(value, "file_url", place) : decodeData(data, name, place);
  return source === null ? null : { kind: "document", source, name };
}

function decodeData(data: string, name: string | null, { notes, at }: Place): Source | null {
  if (!data.startsWith("data:")) return { kind: "base64", mediaType: mediaTypeOf(name), data };
  const source = sourceOfUrl(data);
  if (source === null) reject(notes, `${at}.file_data is a broken data URL`);
  return source;
}

function decodeSource(value: JsonObject, name: string, { notes, at }: Place): Source | null {
  const url = readString(notes, value, { name, at: `${at}.` });
  if (url !== null) {
    const source = sourceOfUrl(url);
    if (source === null) reject(notes, `${at}.${name} is a broken data URL`);
    return source;
  }
  const id = readString(notes, value, { name: "file_id", at: `${at}.` });
  if (id !== null) return { kind: "file", id };
  reject(notes, `${at} has neither ${name} nor file_id`);
  return null;
}

function decodeAudio(value: JsonObject, { notes, at }: Place): AudioPart | null {
  noteFields(notes, value, { rule: audioRule, at });
  const audio = value["input_audio"];
  const data = isJsonObject(audio) ? audio["data"] : undefined;
  const format = isJsonObject(audio) ? audio["format"] : undefined;
  if (typeof data !== "string" || typeof format !== "string") {
    reject(notes, `${at}.input_audio has no data with a format`);
    return null;
  }
  const mediaType = audioTypes.get(format) ?? `audio/${format}`;
  return { kind: "audio", source: { kind: "base64", mediaType, data } };
}

function neededString(value: JsonObject, name: string, { notes, at }: Place): string {
  const text = value[name];
  if (typeof text === "string") return text;
  reject(notes, `${at}.${name} is no string`);
  return "";
}

function partRule(own: readonly (readonly [string, Feature | null])[]): FieldRule {
  const fields = new Map<string, Feature | null>([
    ["type", null],
    ["prompt_cache_breakpoint", "cache-hint"],
    ...own,
  ]);
  return { fields, others: "content-metadata" };
}
