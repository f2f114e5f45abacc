/** Images and documents between Anthropic's blocks and the IR (https://docs.anthropic.com/en/docs/build-with-claude/vision). */

import type { DocumentPart, ImagePart, Source } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { RequestNotes } from "./request-notes.ts";
import { isSaid, memberOf, textOrNull } from "./json-members.ts";

/** Text beside that of `text/…` */
const textualTypes: ReadonlySet<string> = new Set(["application/json", "application/xml"]);

const dataUrl = /^data:([^;,]*)(?:;[^,]*)?;base64,/i;

/** Reads an `image` block; null, and noted, where its source is of a sort that the IR has no place for. */
export function decodeImage(block: JsonObject, at: string, notes: RequestNotes): ImagePart | null {
  const source = decodeSource(notes.object(block, "source", at), at, notes);
  if (isSaid(memberOf(block, "transformations")))
    notes.miss("content-metadata", `${at}.transformations`);
  return source === null ? null : { kind: "image", source, detail: null };
}

/** Reads a `document` block; null, and noted, where its source is of a sort that the IR has no place for. */
export function decodeDocument(
  block: JsonObject,
  at: string,
  notes: RequestNotes,
): DocumentPart | null {
  const citations = memberOf(block, "citations");
  if (isJsonObject(citations) && citations["enabled"] === true) {
    notes.miss("citations", `${at}.citations`);
  }
  if (isSaid(memberOf(block, "context"))) notes.miss("content-metadata", `${at}.context`);
  const source = decodeSource(notes.object(block, "source", at), at, notes);
  if (source === null) return null;
  return { kind: "document", source, name: textOrNull(memberOf(block, "title")) };
}

/** An `image` block. */
export function encodeImage({ source }: ImagePart): JsonObject {
  return { type: "image", source: encodeSource(source) };
}

/** A `document` block; text of any sort is a plain text document, as PDF is the only other one that is known. */
export function encodeDocument({ source, name }: DocumentPart): JsonObject {
  const isText = source.kind === "base64" && isTextual(source.mediaType);
  return {
    type: "document",
    source: isText
      ? {
          type: "text",
          media_type: "text/plain",
          data: Buffer.from(source.data, "base64").toString("utf8"),
        }
      : encodeSource(source),
    ...(name !== null && { title: name }),
  };
}

function isTextual(mediaType: string): boolean {
  return mediaType.startsWith("text/") || textualTypes.has(mediaType);
}

function encodeSource(source: Source): JsonObject {
  switch (source.kind) {
    case "base64":
      return { type: "base64", media_type: source.mediaType, data: source.data };
    case "url":
      return { type: "url", url: source.url };
    case "file":
      return { type: "file", file_id: source.id };
  }
}

function decodeSource(source: JsonObject, at: string, notes: RequestNotes): Source | null {
  switch (source["type"]) {
    case "base64":
      return {
        kind: "base64",
        mediaType: notes.text(source, "media_type", `${at}.source`),
        data: notes.text(source, "data", `${at}.source`),
      };
    case "url":
      return decodeUrl(notes.text(source, "url", `${at}.source`));
    case "file":
      return { kind: "file", id: notes.text(source, "file_id", `${at}.source`) };
    case "text":
      return plainText(notes.text(source, "data", `${at}.source`));
    case "content":
      return decodeContentSource(memberOf(source, "content"), at, notes);
    default:
      notes.miss("unknown-content", `${at}.source.type`);
      return null;
  }
}

function decodeUrl(url: string): Source {
  const match = dataUrl.exec(url);
  if (match === null) return { kind: "url", url, mediaType: null };
  return {
    kind: "base64",
    mediaType: match[1] ?? "",
    data: url.slice(match[0].length),
  };
}

/** Blocks of text are read as one text: where one ends matters to citations only. */
function decodeContentSource(
  content: JsonValue | undefined,
  at: string,
  notes: RequestNotes,
): Source | null {
  if (typeof content === "string") return plainText(content);
  const texts: string[] = [];
  for (const block of notes.list(content, `${at}.source.content`)) {
    if (!isJsonObject(block) || typeof block["text"] !== "string") {
      notes.miss("unknown-content", `${at}.source.content`);
      return null;
    }
    texts.push(block["text"]);
  }
  if (texts.length > 1) notes.miss("content-metadata", `${at}.source.content`);
  return plainText(texts.join("\n"));
}

function plainText(text: string): Source {
  return {
    kind: "base64",
    mediaType: "text/plain",
    data: Buffer.from(text, "utf8").toString("base64"),
  };
}
