/** `data:` URLs (RFC 2397), in which the Responses API carries the bytes of images and files. */

import type { Source } from "../ir.ts";

const scheme = "data:";

/** The bytes of a `data:` URL, or an URL of any other scheme; null for a `data:` URL that is broken. */
export function sourceOfUrl(url: string): Source | null {
  if (!url.startsWith(scheme)) return { kind: "url", url, mediaType: null };
  const comma = url.indexOf(",");
  if (comma < 0) return null;
  const [type = "", ...parameters] = url.slice(scheme.length, comma).split(";");
  const mediaType = type === "" ? "text/plain" : type.toLowerCase();
  const payload = url.slice(comma + 1);
  if (parameters.at(-1)?.trim().toLowerCase() === "base64") {
    return { kind: "base64", mediaType, data: payload };
  }
  try {
    const data = Buffer.from(decodeURIComponent(payload), "utf8").toString("base64");
    return { kind: "base64", mediaType, data };
  } catch {
    // An escape that is none.
    return null;
  }
}

/** The `data:` URL of bytes. */
export function dataUrl(mediaType: string, data: string): string {
  return `${scheme}${mediaType};base64,${data}`;
}
