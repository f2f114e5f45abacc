/** The body of an OTLP request: read and inflated within bounds, so that a small one cannot become a large one. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { ClrkError, describeError, errorCodeOf } from "../../gateway/errors.ts";
import { tooLarge } from "./otlp-bounds.ts";

/** Bounds of one body. */
export interface BodyBounds {
  /** On the wire */
  readonly maxBytes: number;
  /** After inflation */
  readonly maxInflatedBytes: number;
}

const inflaters = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  zstd: promisify(zstdDecompress),
  br: promisify(brotliDecompress),
} as const;

/** The body as it was before it was compressed. Throws CLRK_TOO_LARGE, CLRK_UNSUPPORTED or CLRK_MALFORMED_MESSAGE. */
export async function readOtlpBody(request: IncomingMessage, bounds: BodyBounds): Promise<Buffer> {
  const coding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (coding !== "identity" && coding !== "" && !Object.hasOwn(inflaters, coding)) {
    const message = `Cannot read a body of content-encoding "${coding.slice(0, 32)}": want gzip, deflate, br or zstd`;
    throw new ClrkError("CLRK_UNSUPPORTED", message, { expose: message, status: 415 });
  }
  const bytes = await readWire(request, bounds.maxBytes);
  if (coding === "identity" || coding === "") return bytes;
  try {
    return await inflateWith(coding, bytes, bounds.maxInflatedBytes);
  } catch (error) {
    if (errorCodeOf(error) === "ERR_BUFFER_TOO_LARGE") {
      throw tooLarge(`more than ${bounds.maxInflatedBytes} bytes once it is inflated`);
    }
    const message = `Cannot inflate the body: ${describeError(error)}`;
    throw new ClrkError("CLRK_MALFORMED_MESSAGE", message, { cause: error, expose: message });
  }
}

function inflateWith(coding: string, bytes: Buffer, maxOutputLength: number): Promise<Buffer> {
  switch (coding) {
    case "gzip":
      return inflaters.gzip(bytes, { maxOutputLength });
    case "deflate":
      return inflaters.deflate(bytes, { maxOutputLength });
    case "br":
      return inflaters.br(bytes, { maxOutputLength });
    default:
      return inflaters.zstd(bytes, { maxOutputLength });
  }
}

async function readWire(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    throw tooLarge(`more than ${maxBytes} bytes`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
