/**
 * Compressed bodies: what is decoded is what zlib decodes of the whole, within the bound, and the same however the body
 * is cut; what is broken or cut off is said to be.
 */

import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { BodyReader } from "../../../extproc/body-reader.ts";
import { createInflater } from "../../../extproc/inflate.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { cutsOf } from "../input-cuts.ts";

const codings = ["gzip", "br", "zstd", "deflate", "gzip, br", "x-none", "identity"] as const;
const cut = "cut";
const maxOutputBytes = 20_000;
const encoders = [
  gzipSync,
  brotliCompressSync,
  zstdCompressSync,
  deflateSync,
  deflateRawSync,
] as const;

/** The first byte chooses the coding. */
export const bodyTarget: FuzzTarget = {
  name: "body",
  promise: "the same however cut, bounded, and always ended",
  covers: ["/extproc/inflate", "/extproc/body-reader"],
  // Decoders are made anew for each piece of each cut.
  maxCpuMs: 100,
  words: [gzipSync("a"), brotliCompressSync("a"), zstdCompressSync("a"), deflateSync("a")],
  seeds: () =>
    encoders.map((encode, at) =>
      Buffer.concat([Buffer.of(Math.min(at, 3)), encode(Buffer.from("hello ".repeat(20)))]),
    ),
  invent: inventBody,
  open: () => ({ check }),
};

function inventBody(random: Random): Buffer {
  const at = random.below(encoders.length);
  const plain = random.pick([Buffer.alloc(0), Buffer.alloc(50_000, 0x61), random.bytes(200)]);
  const coded = (encoders[at] ?? gzipSync)(plain);
  const isChain = random.below(6) === 0;
  const body = isChain ? brotliCompressSync(gzipSync(plain)) : coded;
  return Buffer.concat([Buffer.of(isChain ? 4 : Math.min(at, 3)), body]);
}

async function check(input: Buffer): Promise<Finding> {
  const coding = codings[(input[0] ?? 0) % codings.length] ?? "gzip";
  const body = input.subarray(1);
  if (coding === "identity") return checkPlain(body);
  let whole: string | undefined;
  for (const pieces of cutsOf(body)) {
    // Each piece is decoded by itself: what is said must not depend on it, and one way of each kind is enough.
    if (pieces.length > 300) continue;
    const { text, bytes } = await decode(coding, pieces);
    if (bytes > maxOutputBytes) return `${bytes} bytes are given`;
    // libzstd compares the length that a frame declares only where it has the frame at once.
    if (coding === "zstd" && (text === cut || whole === cut)) continue;
    whole ??= text;
    if (text !== whole)
      return `in ${pieces.length} pieces: ${text.slice(0, 60)}, wanted ${whole.slice(0, 60)}`;
  }
  return undefined;
}

/** How the body ended, and what was decoded where it ended well. */
function decode(
  coding: string,
  pieces: readonly Buffer[],
): Promise<{ text: string; bytes: number }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const inflater = createInflater(coding, {
      maxOutputBytes,
      onData: (chunk) => chunks.push(chunk),
      onEnd: ({ kind }) => {
        const decoded = Buffer.concat(chunks);
        // Of a body that is broken and too large it depends on the pieces which of both is seen first.
        const isWhole = kind === "complete";
        const text = isWhole ? `complete ${decoded.toString("base64")}` : cut;
        resolve({ text, bytes: decoded.length });
      },
    });
    for (const piece of pieces) inflater.write(piece);
    inflater.end();
  });
}

function checkPlain(body: Buffer): Finding {
  const given: Buffer[] = [];
  const reader = new BodyReader({
    contentEncoding: " Identity ",
    onData: (chunk) => given.push(Buffer.from(chunk)),
    onEnd: () => given.push(Buffer.from("ended")),
  });
  for (const piece of cutsOf(body)[2] ?? []) reader.write(piece);
  reader.end();
  return Buffer.concat(given).equals(body) ? undefined : "a plain body is changed";
}
