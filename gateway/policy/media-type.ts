/** Which bodies are kept, judged by their content type (RFC 9110 section 8.3.1). */

/**
 * Whether the media type of a Content-Type header is in the list (lower case, without parameters). Parameters and case do
 * not count, and JSON under another name (`application/problem+json`, RFC 6839) is `application/json`. No header, or one
 * that holds several types, matches nothing.
 */
export function matchesContentType(header: string | undefined, list: readonly string[]): boolean {
  const mediaType = mediaTypeOf(header);
  if (mediaType === "" || mediaType.includes(",")) return false;
  if (list.includes(mediaType)) return true;
  return mediaType.endsWith("+json") && list.includes("application/json");
}

/** The media type of a Content-Type header in lower case, without parameters; empty where there is none. */
export function mediaTypeOf(header: string | undefined): string {
  if (header === undefined) return "";
  const end = header.indexOf(";");
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}
