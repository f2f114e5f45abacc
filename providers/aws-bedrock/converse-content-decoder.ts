/**
 * Content blocks of Converse into parts of the IR
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html): each is a union of which one
 * member is given.
 */

import type { Feature } from "../features.ts";
import type { Part, Source } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, writeJson } from "../json-text.ts";
import { audioTypeOf, documentTypeOf, imageTypeOf } from "./media-formats.ts";
import type { RequestReader } from "./request-reader.ts";

/** Origin of reasoning in the IR, and the codec's name. */
export const converseName = "bedrock-converse";

/** Reads one member; null when it is no part of its own. */
type BlockReader = (reader: RequestReader, value: JsonValue, at: string) => Part | null;

const textReader: BlockReader = (reader, value, at) => ({
  kind: "text",
  text: reader.text(value, at),
});

const partReaders: ReadonlyMap<string, BlockReader> = new Map([
  ["text", textReader],
  ["image", readImage],
  ["document", readDocument],
  ["audio", readAudio],
  ["toolUse", readToolUse],
  ["toolResult", readToolResult],
  ["reasoningContent", readReasoning],
  ["citationsContent", readCitations],
  ["guardContent", readGuardContent],
]);

const resultReaders: ReadonlyMap<string, BlockReader> = new Map([
  ["text", textReader],
  ["json", readJsonResult],
  ["image", readImage],
  ["document", readDocument],
]);

const systemReaders: ReadonlyMap<string, BlockReader> = new Map([
  ["text", textReader],
  ["guardContent", readGuardContent],
]);

/** Members that are no parts, with what they are. */
const featureOfMember: ReadonlyMap<string, Feature> = new Map([
  ["cachePoint", "cache-hint"],
  ["video", "video"],
]);

/** The parts of a turn; `at` is where the list stands. */
export function readContent(reader: RequestReader, value: JsonValue | undefined, at: string) {
  return readBlocks(reader, reader.list(value, at), { at, readers: partReaders });
}

/** The parts of the instructions. */
export function readSystem(reader: RequestReader, value: JsonValue | undefined): Part[] {
  const blocks = reader.optionalList(value, "system");
  return readBlocks(reader, blocks, { at: "system", readers: systemReaders });
}

function readBlocks(
  reader: RequestReader,
  blocks: readonly JsonValue[],
  place: { readonly at: string; readonly readers: ReadonlyMap<string, BlockReader> },
): Part[] {
  const parts: Part[] = [];
  for (const [index, block] of blocks.entries()) {
    const at = `${place.at}[${index}]`;
    const member = reader.union(block, at);
    if (member === null) continue;
    const read = place.readers.get(member.name);
    if (read === undefined) {
      reader.note(featureOfMember.get(member.name) ?? "unknown-content", at);
      continue;
    }
    const part = read(reader, member.value, `${at}.${member.name}`);
    if (part !== null) parts.push(part);
  }
  return parts;
}

function readImage(reader: RequestReader, value: JsonValue, at: string): Part {
  const image = reader.object(value, at);
  const mediaType = imageTypeOf(reader.text(image["format"], `${at}.format`));
  const source = readSource(reader, image["source"], { at: `${at}.source`, mediaType });
  return { kind: "image", source, detail: null };
}

function readAudio(reader: RequestReader, value: JsonValue, at: string): Part {
  const audio = reader.object(value, at);
  const mediaType = audioTypeOf(reader.text(audio["format"], `${at}.format`));
  const source = readSource(reader, audio["source"], { at: `${at}.source`, mediaType });
  return { kind: "audio", source };
}

function readDocument(reader: RequestReader, value: JsonValue, at: string): Part {
  const document = reader.object(value, at);
  const format = reader.optionalText(document["format"], `${at}.format`) ?? "txt";
  const mediaType = documentTypeOf(format);
  const name = reader.text(document["name"], `${at}.name`);
  const source = readSource(reader, document["source"], { at: `${at}.source`, mediaType });
  if (document["context"] !== undefined) reader.note("content-metadata", `${at}.context`);
  const citations = reader.optionalObject(document["citations"], `${at}.citations`);
  if (citations?.["enabled"] === true) reader.note("citations", `${at}.citations`);
  return { kind: "document", source, name };
}

function readSource(
  reader: RequestReader,
  value: JsonValue | undefined,
  { at, mediaType }: { readonly at: string; readonly mediaType: string },
): Source {
  const member = reader.union(value, at);
  const inner = `${at}.${member?.name}`;
  switch (member?.name) {
    case "bytes":
      return { kind: "base64", mediaType, data: reader.text(member.value, inner) };
    case "text":
      return textSource(reader.text(member.value, inner));
    case "content":
      return textSource(readTexts(reader, member.value, inner));
    case "s3Location": {
      // Only Bedrock can read the account's buckets, so it is an upload to it rather than an address.
      const location = reader.object(member.value, inner);
      return { kind: "file", id: reader.text(location["uri"], `${inner}.uri`) };
    }
    default:
      if (member !== null) reader.note("unknown-content", at);
      return { kind: "base64", mediaType, data: "" };
  }
}

/** Text instead of a file stands for the file's text, whatever its format would be. */
function textSource(text: string): Source {
  return { kind: "base64", mediaType: "text/plain", data: Buffer.from(text).toString("base64") };
}

/** The text of blocks that have nothing else. */
function readTexts(reader: RequestReader, value: JsonValue | undefined, at: string): string {
  let text = "";
  for (const [index, block] of reader.optionalList(value, at).entries()) {
    const member = reader.union(block, `${at}[${index}]`);
    if (member?.name === "text") text += reader.text(member.value, `${at}[${index}].text`);
    else if (member !== null) reader.note("unknown-content", `${at}[${index}]`);
  }
  return text;
}

function readToolUse(reader: RequestReader, value: JsonValue, at: string): Part {
  const use = reader.object(value, at);
  if (use["type"] !== undefined) reader.note("server-tool", `${at}.type`);
  return {
    kind: "tool-call",
    id: readId(reader, use, at),
    name: reader.text(use["name"], `${at}.name`),
    arguments: writeJson(use["input"] ?? {}),
    signature: null,
  };
}

function readToolResult(reader: RequestReader, value: JsonValue, at: string): Part {
  const result = reader.object(value, at);
  if (result["type"] !== undefined) reader.note("server-tool", `${at}.type`);
  const content = reader.optionalList(result["content"], `${at}.content`);
  return {
    kind: "tool-result",
    callId: readId(reader, result, at),
    name: null,
    parts: readBlocks(reader, content, { at: `${at}.content`, readers: resultReaders }),
    isError: result["status"] === "error",
  };
}

function readId(reader: RequestReader, block: JsonObject, at: string): string {
  const id = reader.text(block["toolUseId"], `${at}.toolUseId`);
  if (id === "") reader.fail(`${at}.toolUseId is empty`);
  return id;
}

function readJsonResult(_reader: RequestReader, value: JsonValue, _at: string): Part {
  return { kind: "text", text: writeJson(value) };
}

function readReasoning(reader: RequestReader, value: JsonValue, at: string): Part | null {
  const member = reader.union(value, at);
  const inner = `${at}.${member?.name}`;
  switch (member?.name) {
    case "reasoningText": {
      const block = reader.object(member.value, inner);
      const text = reader.text(block["text"], `${inner}.text`);
      const signature = reader.optionalText(block["signature"], `${inner}.signature`);
      return { kind: "reasoning", text, signature, encrypted: null, origin: converseName };
    }
    case "redactedContent": {
      const encrypted = reader.text(member.value, inner);
      return { kind: "reasoning", text: "", signature: null, encrypted, origin: converseName };
    }
    default:
      if (member !== null) reader.note("reasoning-history", at);
      return null;
  }
}

function readCitations(reader: RequestReader, value: JsonValue, at: string): Part {
  const block = reader.object(value, at);
  reader.note("citations", at);
  return { kind: "text", text: readTexts(reader, block["content"], `${at}.content`) };
}

/** What a guardrail is to judge is also said to the model. */
function readGuardContent(reader: RequestReader, value: JsonValue, at: string): Part | null {
  reader.note("guardrail", at);
  const member = reader.union(value, at);
  if (member?.name === "image") return readImage(reader, member.value, `${at}.image`);
  if (member?.name !== "text") return null;
  const text = isJsonObject(member.value) ? member.value["text"] : undefined;
  return { kind: "text", text: reader.text(text, `${at}.text.text`) };
}
