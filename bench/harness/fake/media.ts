/** Images and documents in requests: their bytes must be what their media type says, as every provider checks. Pure. */
import { createHash } from "node:crypto";

/** What an attachment is in words for an answer, or a clause that says what is wrong with it. */
export type MediaFinding =
  | { readonly kind: "fine"; readonly words: string }
  | { readonly kind: "broken"; readonly reason: string };

const digestDigits = 8;

/** First bytes of the formats, in hex. */
const magic: ReadonlyMap<string, string> = new Map([
  ["image/png", "89504e470d0a1a0a"],
  ["image/jpeg", "ffd8ff"],
  ["image/gif", "474946383"],
  ["image/webp", "52494646"],
  ["application/pdf", "255044462d"],
]);

/** Media types of images that all providers take. */
export const imageTypes: readonly string[] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/** Looks at base64 data: strict alphabet and padding, and bytes that begin as the media type demands. */
export function inspectBase64(mediaType: string, data: string): MediaFinding {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(data)) {
    return { kind: "broken", reason: "invalid base64 data" };
  }
  const bytes = Buffer.from(data, "base64");
  if (bytes.length === 0) return { kind: "broken", reason: "empty data" };
  const start = magic.get(mediaType);
  if (start !== undefined && !bytes.toString("hex", 0, 8).startsWith(start)) {
    return { kind: "broken", reason: `the bytes are no ${mediaType}` };
  }
  return { kind: "fine", words: describe(mediaType, bytes) };
}

/** Words for data that was attached, with a digest that shows a changed byte. */
function describe(mediaType: string, bytes: Buffer): string {
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, digestDigits);
  return `${mediaType} of ${bytes.length} bytes (${digest})`;
}

/** Reads a `data:` URL; undefined for any other URL. */
export function parseDataUrl(url: string): { mediaType: string; data: string } | undefined {
  const [, mediaType, data] = /^data:([\w/+.-]+);base64,(.*)$/s.exec(url) ?? [];
  return mediaType === undefined || data === undefined ? undefined : { mediaType, data };
}

/** Looks at an image given by URL: http(s), or `data:` of one of `imageTypes`. */
export function inspectImageUrl(url: string): MediaFinding {
  if (/^https?:\/\/\S+$/.test(url)) return { kind: "fine", words: `image at ${url}` };
  const parsed = parseDataUrl(url);
  if (parsed === undefined) return { kind: "broken", reason: "neither an http(s) nor a data URL" };
  if (!imageTypes.includes(parsed.mediaType)) {
    return { kind: "broken", reason: `unsupported image type "${parsed.mediaType}"` };
  }
  return inspectBase64(parsed.mediaType, parsed.data);
}
