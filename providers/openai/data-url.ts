/** `data:` URLs (https://www.rfc-editor.org/rfc/rfc2397), in which OpenAI's dialect has the bytes of images and files. */

/** Bytes with their media type, which has no parameters. */
export interface InlineBytes {
  readonly mediaType: string;
  /** Base64 */
  readonly data: string;
}

/** Longest part before the comma; a media type is shorter. */
const longestHead = 256;

/** Reads a `data:` URL; undefined for other URLs and for one that is broken. */
export function parseDataUrl(url: string): InlineBytes | undefined {
  if (url.slice(0, 5).toLowerCase() !== "data:") return undefined;
  const comma = url.slice(0, longestHead).indexOf(",");
  if (comma < 0) return undefined;
  const [type = "", ...parameters] = url.slice(5, comma).split(";");
  const mediaType = type.trim().toLowerCase() || "text/plain";
  const rest = url.slice(comma + 1);
  if (parameters.at(-1)?.trim().toLowerCase() === "base64") return { mediaType, data: rest };
  try {
    return { mediaType, data: Buffer.from(decodeURIComponent(rest), "utf8").toString("base64") };
  } catch {
    // Its escapes are no UTF-8
    return undefined;
  }
}

/** Writes a `data:` URL. */
export function formatDataUrl({ mediaType, data }: InlineBytes): string {
  return `data:${mediaType};base64,${data}`;
}
