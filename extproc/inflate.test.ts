import { once } from "node:events";
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import type { Transform } from "node:stream";
import t from "tap";
import type { InflateEnd, Inflater } from "./inflate.ts";
import { createInflater } from "./inflate.ts";

type Compress = (bytes: Uint8Array) => Buffer;

const compressors: readonly { readonly coding: string; readonly compress: Compress }[] = [
  { coding: "gzip", compress: gzipSync },
  { coding: "x-gzip", compress: gzipSync },
  { coding: "deflate", compress: deflateSync },
  { coding: "br", compress: brotliCompressSync },
  { coding: "zstd", compress: zstdCompressSync },
];
const rawDeflate = { coding: "deflate", compress: deflateRawSync };

interface Decoding {
  readonly inflater: Inflater;
  readonly chunks: Buffer[];
  readonly ends: InflateEnd[];
  readonly end: Promise<InflateEnd>;
  text(): string;
}

interface Limits {
  readonly maxOutputBytes?: number;
  readonly maxWaitingBytes?: number;
}

function open(coding: string, { maxOutputBytes = 1e6, ...limits }: Limits = {}): Decoding {
  const chunks: Buffer[] = [];
  const ends: InflateEnd[] = [];
  const { promise, resolve } = Promise.withResolvers<InflateEnd>();
  const inflater = createInflater(coding, {
    maxOutputBytes,
    ...limits,
    onData: (chunk) => chunks.push(chunk),
    onEnd: ({ kind }) => {
      ends.push(kind);
      resolve(kind);
    },
  });
  return { inflater, chunks, ends, end: promise, text: () => Buffer.concat(chunks).toString() };
}

async function decode(coding: string, pieces: Iterable<Uint8Array>, limits: Limits = {}) {
  const decoding = open(coding, limits);
  for (const piece of pieces) decoding.inflater.write(piece);
  decoding.inflater.end();
  const kind = await decoding.end;
  return { kind, text: decoding.text(), ends: decoding.ends };
}

/** Repeats itself, and does not. */
function sampleText(): string {
  const lines = Array.from(
    { length: 300 },
    (_, line) => `data: {"line":${(line * 7_919) % 1_009}}`,
  );
  return lines.join("\n\n");
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

const text = sampleText();
const plain = Buffer.from(text);

for (const { coding, compress } of [...compressors, rawDeflate]) {
  const name = compress === deflateRawSync ? "deflate without its frame" : coding;

  t.test(`createInflater() decodes ${name} whatever its pieces`, async (t) => {
    const packed = compress(plain);
    for (const size of [packed.length, 100, 7, 1]) {
      const { kind, text: decoded } = await decode(coding, cut(packed, size));
      t.equal(kind, "complete", `${size} bytes each`);
      t.ok(decoded === text, `${size} bytes each`);
    }
    for (let at = 0; at <= packed.length; at += 11) {
      const { kind, text: decoded } = await decode(coding, [
        packed.subarray(0, at),
        packed.subarray(at),
      ]);
      if (kind !== "complete" || decoded !== text) t.fail(`split at ${at}: ${kind}`);
    }
  });

  t.test(`createInflater() gives what a cut off ${name} body holds`, async (t) => {
    const packed = compress(plain);
    for (let length = 1; length < packed.length; length += 13) {
      const {
        kind,
        text: decoded,
        ends,
      } = await decode(coding, cut(packed.subarray(0, length), 64));
      if (kind !== "corrupt" || !text.startsWith(decoded)) t.fail(`${length}: ${kind}`);
      t.equal(ends.length, 1);
    }
  });

  t.test(`createInflater() stops at the limit of a ${name} bomb`, async (t) => {
    const bomb = await bombs(coding, compress);
    const decoding = open(coding, { maxOutputBytes: 300_000, maxWaitingBytes: bomb.length });
    decoding.inflater.write(bomb);
    decoding.inflater.end();
    t.equal(await decoding.end, "limit");
    const given = decoding.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    t.equal(given, 300_000);
    t.same(decoding.ends, ["limit"]);
  });
}

/** A gigabyte of zeros, once for each compressor. */
const made = new Map<Compress, Promise<Buffer>>();

function bombs(coding: string, compress: Compress): Promise<Buffer> {
  const known = made.get(compress);
  if (known !== undefined) return known;
  const bomb = makeBomb(coding, compress);
  made.set(compress, bomb);
  return bomb;
}

async function makeBomb(coding: string, compress: Compress): Promise<Buffer> {
  const zeros = Buffer.alloc(1 << 20);
  if (compress === deflateRawSync) return deflateRawSync(Buffer.alloc(1 << 26));
  const stream = createCompressor(coding);
  const packed: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => packed.push(chunk));
  for (let count = 0; count < 1_024; count++) {
    if (!stream.write(zeros)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "end");
  return Buffer.concat(packed);
}

function createCompressor(coding: string): Transform {
  if (coding === "br") {
    return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  }
  if (coding === "zstd") return createZstdCompress();
  return coding === "deflate" ? createDeflate({ level: 1 }) : createGzip({ level: 1 });
}

t.test("createInflater() refuses bytes that are not of the coding", async (t) => {
  for (const { coding } of compressors) {
    const { kind, ends } = await decode(coding, cut(Buffer.from("Hello, this is plain text"), 5));
    t.equal(kind, "corrupt", coding);
    t.same(ends, ["corrupt"], coding);
  }
});

t.test("createInflater() finds corruption in the middle", async (t) => {
  for (const { coding, compress } of compressors) {
    const packed = compress(plain);
    if (coding === "zstd" || coding === "br") continue; // they carry no checksum unless asked
    packed.fill(0x55, packed.length >> 1, (packed.length >> 1) + 40);
    const { kind } = await decode(coding, cut(packed, 64));
    t.equal(kind, "corrupt", coding);
  }
});

t.test("createInflater() never gives more than once an end for any flipped byte", async (t) => {
  for (const { coding, compress } of compressors) {
    const packed = compress(plain);
    for (let at = 0; at < packed.length; at += 29) {
      const broken = Buffer.from(packed);
      broken[at] = (broken[at] ?? 0) ^ 0xff;
      const { kind, ends } = await decode(coding, cut(broken, 100));
      if (ends.length !== 1) t.fail(`${coding} ${at}: ${ends}`);
      if (kind !== "complete" && kind !== "corrupt") t.fail(`${coding} ${at}: ${kind}`);
    }
  }
  t.pass("every flip");
});

const chains: readonly { readonly header: string; readonly pack: Compress }[] = [
  { header: "gzip, br", pack: (bytes) => brotliCompressSync(gzipSync(bytes)) },
  { header: "deflate,zstd", pack: (bytes) => zstdCompressSync(deflateSync(bytes)) },
  { header: "GZIP", pack: gzipSync },
  { header: " identity , gzip ", pack: gzipSync },
  {
    header: "br, gzip, zstd",
    pack: (bytes) => zstdCompressSync(gzipSync(brotliCompressSync(bytes))),
  },
  { header: "", pack: (bytes) => Buffer.from(bytes) },
  { header: "identity", pack: (bytes) => Buffer.from(bytes) },
];

for (const { header, pack } of chains) {
  t.test(`createInflater() undoes "${header}" from the last coding to the first`, async (t) => {
    const packed = pack(plain);
    for (const size of [packed.length, 33, 1]) {
      const { kind, text: decoded } = await decode(header, cut(packed, size));
      t.equal(kind, "complete");
      t.ok(decoded === text, `${size} bytes each`);
    }
  });
}

for (const header of [
  "compress",
  "gzip, compress",
  "aws-chunked",
  "gzip gzip",
  "gzip,br,zstd,gzip",
]) {
  t.test(`createInflater() does not begin "${header}"`, async (t) => {
    const { kind, text: decoded, ends } = await decode(header, [gzipSync(plain)]);
    t.equal(kind, "unsupported");
    t.equal(decoded, "");
    t.same(ends, ["unsupported"]);
  });
}

t.test("createInflater() bounds what lies between two codings", async (t) => {
  const bomb = brotliCompressSync(gzipSync(Buffer.alloc(4_000_000), { level: 0 }));
  const { kind, text: decoded } = await decode("gzip, br", [bomb], { maxOutputBytes: 100_000 });
  t.equal(kind, "limit");
  t.ok(decoded.length <= 100_000);
});

t.test("createInflater() gives a body of exactly the limit whole", async (t) => {
  const limits = { maxOutputBytes: plain.length };
  t.equal((await decode("gzip", [gzipSync(plain)], limits)).kind, "complete");
  const less = { maxOutputBytes: plain.length - 1 };
  const { kind, text: decoded } = await decode("gzip", [gzipSync(plain)], less);
  t.equal(kind, "limit");
  t.equal(decoded, text.slice(0, -1));
});

t.test("createInflater() takes no body for a whole one", async (t) => {
  for (const { coding } of compressors) {
    t.equal((await decode(coding, [])).kind, "complete", coding);
    t.equal((await decode(coding, [new Uint8Array(0)])).kind, "complete", coding);
  }
  const { kind } = await decode("gzip, br", [brotliCompressSync(Buffer.alloc(0))]);
  t.equal(kind, "corrupt", "nothing inside of another coding");
});

t.test("createInflater() refuses a zstd window beyond the standard's", async (t) => {
  const packed = zstdCompressSync(Buffer.alloc(20_000_000, "window"), {
    params: { [constants.ZSTD_c_windowLog]: 25, [constants.ZSTD_c_contentSizeFlag]: 0 },
  });
  t.equal((await decode("zstd", [packed], { maxOutputBytes: 1e9 })).kind, "corrupt");
});

t.test("write() bounds what waits", async (t) => {
  const decoding = open("gzip", { maxWaitingBytes: 1_000 });
  const piece = new Uint8Array(600);
  decoding.inflater.write(gzipSync(plain).subarray(0, 600));
  t.same(decoding.ends, [], "not from inside");
  decoding.inflater.write(piece);
  t.same(decoding.ends, [], "not from inside");
  t.equal(await decoding.end, "limit");
});

t.test("write() copies what it keeps", async (t) => {
  const packed = gzipSync(plain);
  const decoding = open("gzip");
  for (const piece of cut(packed, 50)) {
    const lent = new Uint8Array(piece);
    decoding.inflater.write(lent);
    lent.fill(0);
  }
  decoding.inflater.end();
  t.equal(await decoding.end, "complete");
  t.ok(decoding.text() === text);
});

const live: readonly {
  readonly coding: string;
  readonly stream: () => Transform & { flush(kind: number, done: () => void): void };
  readonly flush: number;
}[] = [
  { coding: "gzip", stream: createGzip, flush: constants.Z_SYNC_FLUSH },
  { coding: "deflate", stream: createDeflate, flush: constants.Z_SYNC_FLUSH },
  { coding: "br", stream: createBrotliCompress, flush: constants.BROTLI_OPERATION_FLUSH },
  { coding: "zstd", stream: createZstdCompress, flush: constants.ZSTD_e_flush },
];

for (const { coding, stream, flush } of live) {
  t.test(`createInflater() gives each event of a live ${coding} stream at once`, async (t) => {
    const compressor = stream();
    let arrived = Promise.withResolvers<string>();
    const inflater = createInflater(coding, {
      maxOutputBytes: 1e6,
      onData: (chunk) => arrived.resolve(chunk.toString()),
      onEnd: () => t.fail("ended"),
    });
    t.teardown(() => inflater.destroy());
    compressor.on("data", (chunk: Buffer) => inflater.write(chunk));
    for (const event of ["data: one\n\n", "data: two\n\n", "data: three\n\n"]) {
      arrived = Promise.withResolvers<string>();
      compressor.write(event);
      compressor.flush(flush, () => {});
      t.equal(await arrived.promise, event);
    }
  });
}

t.test("destroy() ends without a word, at any time", async (t) => {
  for (const { coding, compress } of compressors) {
    for (const when of ["before", "between", "after end"] as const) {
      const decoding = open(coding);
      const packed = compress(plain);
      if (when !== "before") decoding.inflater.write(packed.subarray(0, 100));
      if (when === "after end") decoding.inflater.end();
      decoding.inflater.destroy();
      decoding.inflater.destroy();
      decoding.inflater.write(packed);
      decoding.inflater.end();
      // A decoding that began later ends later
      await decode(coding, [packed]);
      t.same(decoding.ends, [], `${coding} ${when}`);
      t.same(decoding.chunks, [], `${coding} ${when}`);
    }
  }
  const unsupported = open("compress");
  unsupported.inflater.destroy();
  await decode("gzip", [gzipSync(plain)]);
  t.same(unsupported.ends, []);
});

t.test("write() and end() after the end are ignored", async (t) => {
  const decoding = open("gzip");
  decoding.inflater.write(gzipSync(plain));
  decoding.inflater.end();
  await decoding.end;
  decoding.inflater.write(gzipSync(plain));
  decoding.inflater.end();
  await decode("gzip", [gzipSync(plain)]);
  t.same(decoding.ends, ["complete"]);
  t.ok(decoding.text() === text);
});
