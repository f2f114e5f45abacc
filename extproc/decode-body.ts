/** A whole body undone from its content coding, within a bound. */

import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";

/** The decoded body, or why there is none. */
export type DecodedBody =
  | { readonly kind: "ok"; readonly body: Buffer }
  /** A coding, or several, that nobody here can undo */
  | { readonly kind: "unsupported" }
  | { readonly kind: "malformed" }
  | { readonly kind: "too-large" };

/** RFC 9659: what content codings may use, 8 MiB. */
const zstdWindowBits = 23;

type Decode = (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** RFC 9110 section 8.4.1, RFC 7932 and RFC 8878; some call raw DEFLATE `deflate`. */
const decoders = new Map<string, Decode>([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["br", brotliDecompressSync],
  ["zstd", decodeZstd],
  ["deflate", decodeDeflate],
]);

/** Undoes the coding that a `content-encoding` header names; absent, empty and `identity` are none. */
export function decodeBody(
  body: Buffer,
  contentEncoding: string | undefined,
  maxBytes: number,
): DecodedBody {
  const coding = contentEncoding?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") return { kind: "ok", body };
  const decode = decoders.get(coding);
  if (decode === undefined) return { kind: "unsupported" };
  try {
    return { kind: "ok", body: decode(body, { maxOutputLength: maxBytes }) };
  } catch (error) {
    return { kind: isTooLarge(error) ? "too-large" : "malformed" };
  }
}

/** Frames may ask for windows of up to 128 MiB, which a request for a few bytes would take (RFC 8878 section 3.1.1.1.2). */
function decodeZstd(body: Buffer, options: { readonly maxOutputLength: number }): Buffer {
  return zstdDecompressSync(body, {
    ...options,
    params: { [constants.ZSTD_d_windowLogMax]: zstdWindowBits },
  });
}

function decodeDeflate(body: Buffer, options: { readonly maxOutputLength: number }): Buffer {
  // The low bits of a zlib header's first byte say "deflate" (RFC 1950); raw streams hardly ever begin so.
  const isWrapped = ((body[0] ?? 0) & 0x0f) === 8;
  return isWrapped ? inflateSync(body, options) : inflateRawSync(body, options);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
