/** Images, documents and sound as Gemini's `Blob` and `FileData` (https://ai.google.dev/api/caching#Blob), both ways. */

import type { AudioPart, DocumentPart, ImagePart, Part, Source } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { textOrNull } from "./proto-fields.ts";

/** An image, a document or sound. */
export type MediaPart = ImagePart | DocumentPart | AudioPart;

/** Media types of the extensions that URLs have, for requests that do not say them. */
const typesByExtension: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["webp", "image/webp"],
  ["gif", "image/gif"],
  ["heic", "image/heic"],
  ["heif", "image/heif"],
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
  ["mp4", "video/mp4"],
]);

/** Files API of Gemini: only the project that uploaded one can name it. */
const uploaded = /^(?:https:\/\/generativelanguage\.googleapis\.com\/[^?]*files\/|files\/)/;
const video = /^https?:\/\/(?:(?:www\.|m\.)?youtube\.com|youtu\.be)\//;

const resolutions: ReadonlyMap<string, string> = new Map([
  ["MEDIA_RESOLUTION_LOW", "low"],
  ["MEDIA_RESOLUTION_MEDIUM", "auto"],
  ["MEDIA_RESOLUTION_HIGH", "high"],
  ["MEDIA_RESOLUTION_ULTRA_HIGH", "high"],
]);

/** The part that a blob is; `video` for one that the IR has no place for, undefined for none at all. */
export function fromBlob(blob: JsonObject): MediaPart | "video" | undefined {
  const { mimeType, data, displayName } = blob;
  if (typeof mimeType !== "string" || typeof data !== "string") return undefined;
  const source: Source = { kind: "base64", mediaType: mimeType, data: plainBase64(data) };
  return toPart(source, mimeType, textOrNull(displayName));
}

/** The part that a file is; as of `fromBlob`. */
export function fromFile(file: JsonObject): MediaPart | "video" | undefined {
  const { mimeType, fileUri, displayName } = file;
  if (typeof fileUri !== "string" || fileUri === "") return undefined;
  const mediaType = textOrNull(mimeType);
  const source: Source = uploaded.test(fileUri)
    ? { kind: "file", id: fileUri }
    : { kind: "url", url: fileUri, mediaType };
  if (mediaType === null && video.test(fileUri)) return "video";
  return toPart(source, mediaType ?? typeOf(fileUri) ?? "", textOrNull(displayName));
}

/** An image with the resolution that its part asks for. */
export function withResolution(part: MediaPart, level: string | null): MediaPart {
  const detail = level === null ? undefined : resolutions.get(level);
  return part.kind === "image" && detail !== undefined ? { ...part, detail } : part;
}

/** The fields of a part with media; undefined for uploads to another provider, which no URL can name. */
export function toMedia(part: MediaPart): JsonObject | undefined {
  const { source } = part;
  switch (source.kind) {
    case "base64":
      return { inlineData: { mimeType: source.mediaType, data: source.data } };
    case "url":
      return {
        fileData: {
          mimeType: source.mediaType ?? guessType(part, source.url),
          fileUri: source.url,
        },
      };
    case "file":
      return undefined;
  }
}

/** Whether a part has media. */
export function isMedia(part: Part): part is MediaPart {
  return part.kind === "image" || part.kind === "document" || part.kind === "audio";
}

/** Bytes of proto3 JSON may be in either alphabet; others want the plain one. */
function plainBase64(data: string): string {
  if (!data.includes("-") && !data.includes("_")) return data;
  return data.replaceAll("-", "+").replaceAll("_", "/");
}

function toPart(source: Source, mediaType: string, name: string | null): MediaPart | "video" {
  if (mediaType.startsWith("image/")) return { kind: "image", source, detail: null };
  if (mediaType.startsWith("audio/")) return { kind: "audio", source };
  if (mediaType.startsWith("video/")) return "video";
  return { kind: "document", source, name };
}

/** The reference requires a type; the provider looks at what it fetches. */
function guessType({ kind }: MediaPart, url: string): string {
  const known = typeOf(url);
  if (known !== undefined) return known;
  return { image: "image/jpeg", document: "application/pdf", audio: "audio/mpeg" }[kind];
}

function typeOf(url: string): string | undefined {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  return typesByExtension.get(path.slice(path.lastIndexOf(".") + 1).toLowerCase());
}
