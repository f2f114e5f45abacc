/** Tests of the reading of one body: the same text however it was cut and coded, and an end in every case. */
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import t from "tap";
import { BodyReader } from "./body-reader.ts";
import { seededRandom } from "./testdata/random.ts";

function open(contentEncoding: string) {
  const pieces: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  let ends = 0;
  const reader = new BodyReader({
    contentEncoding,
    // Lent: whoever keeps it copies it.
    onData: (chunk) => pieces.push(Buffer.from(chunk)),
    onEnd: () => {
      ends++;
      ended.resolve();
    },
  });
  const seen = {
    get text() {
      return Buffer.concat(pieces).toString();
    },
    get ends() {
      return ends;
    },
  };
  return { reader, pieces, seen, whenEnded: ended.promise };
}

const text = JSON.stringify({ model: "gpt-4.1", messages: ["ö".repeat(3_000)] });

/** Cuts into pieces of random lengths, none among them. */
function cut(bytes: Buffer, seed: number): Buffer[] {
  const random = seededRandom(seed);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = random.below(4) === 0 ? 0 : random.below(400);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

const oneByOne = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.from([byte]));

for (const coding of ["", "identity", " Identity "]) {
  t.test(`write() hands plain bytes on at once for content-encoding "${coding}"`, async (t) => {
    const { reader, seen } = open(coding);
    t.ok(reader.isSettled, "there is nothing to wait for");
    reader.write(Buffer.from("one"));
    t.equal(seen.text, "one");
    reader.write(Buffer.alloc(0));
    reader.write(Buffer.from(" two"));
    reader.end();
    await new Promise((resolve) => setImmediate(resolve));
    t.match(reader, { isSettled: true, isCut: false, undecoded: "" });
    t.match(seen, { text: "one two", ends: 0 });
  });
}

t.test("write() lends plain bytes without a copy", async (t) => {
  const piece = Buffer.from("piece");
  const lent: Buffer[] = [];
  const reader = new BodyReader({
    contentEncoding: "",
    onData: (chunk) => lent.push(chunk),
    onEnd: () => t.fail("a plain body has no end of its own"),
  });
  reader.write(piece);
  t.equal(lent[0], piece);
});

const codings: readonly { readonly coding: string; readonly compress: (body: string) => Buffer }[] =
  [
    { coding: "gzip", compress: (body) => gzipSync(body) },
    { coding: " GZIP ", compress: (body) => gzipSync(body) },
    { coding: "br", compress: (body) => brotliCompressSync(body) },
    { coding: "zstd", compress: (body) => zstdCompressSync(body) },
    { coding: "gzip, br", compress: (body) => brotliCompressSync(gzipSync(body)) },
  ];

for (const { coding, compress } of codings) {
  t.test(`write() decodes ${coding} alike, however it was cut`, async (t) => {
    const bytes = compress(text);
    const cuts = [[bytes], oneByOne(bytes), ...[1, 2, 3].map((seed) => cut(bytes, seed))];
    for (const pieces of cuts) {
      const { reader, seen, whenEnded } = open(coding);
      t.notOk(reader.isSettled);
      for (const piece of pieces) {
        const lent = Buffer.from(piece);
        reader.write(lent);
        lent.fill(0);
      }
      reader.end();
      await whenEnded;
      t.equal(seen.text, text);
      t.match(reader, { isSettled: true, isCut: false, undecoded: "" });
    }
  });
}

t.test("end() of a compressed body of nothing is an end", async (t) => {
  const { reader, seen, whenEnded } = open("gzip");
  reader.write(Buffer.alloc(0));
  reader.end();
  await whenEnded;
  t.match(reader, { isSettled: true, isCut: false });
  t.equal(seen.text, "");
});

function withWrongChecksum(): Buffer {
  const bytes = gzipSync(text);
  return bytes.fill(0, bytes.length - 8, bytes.length - 4);
}

const broken: readonly { readonly name: string; readonly bytes: Buffer }[] = [
  { name: "that breaks off", bytes: gzipSync(text).subarray(0, -20) },
  { name: "that is none", bytes: Buffer.from(text) },
  { name: "with a wrong checksum", bytes: withWrongChecksum() },
];

for (const { name, bytes } of broken) {
  t.test(`end() says that less was read of gzip ${name}`, async (t) => {
    const { reader, seen, whenEnded } = open("gzip");
    for (const piece of cut(bytes, 5)) reader.write(piece);
    reader.end();
    await whenEnded;
    t.match(reader, { isSettled: true, isCut: true, undecoded: "" });
    t.ok(text.startsWith(seen.text) || seen.text === text);
    reader.write(bytes);
    reader.end();
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(seen.ends, 1, "exactly once");
  });
}

t.test("write() stops at 16 MiB of decoded bytes, far before the end of a bomb", async (t) => {
  const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
  let bytes = 0;
  const ended = Promise.withResolvers<void>();
  const reader = new BodyReader({
    contentEncoding: "gzip",
    onData: (chunk) => {
      bytes += chunk.length;
    },
    onEnd: ended.resolve,
  });
  reader.write(bomb);
  reader.end();
  await ended.promise;
  t.equal(bytes, 16 * 1024 * 1024);
  t.match(reader, { isSettled: true, isCut: true, undecoded: "" });
});

const unknown: readonly { readonly coding: string; readonly undecoded: string }[] = [
  { coding: "compress", undecoded: "compress" },
  { coding: "AES128GCM", undecoded: "aes128gcm" },
  { coding: "gzip, gzip, gzip, gzip", undecoded: "gzip, gzip, gzip, gzip" },
  { coding: `sk-${"a1b2".repeat(10)}`, undecoded: "unknown" },
  { coding: 'x"\u0000<script>', undecoded: "unknown" },
  { coding: "x".repeat(60_000), undecoded: "unknown" },
];

for (const { coding, undecoded } of unknown) {
  t.test(`undecoded of ${JSON.stringify(coding.slice(0, 24))} is "${undecoded}"`, async (t) => {
    const { reader, seen, whenEnded } = open(coding);
    reader.write(Buffer.from("x"));
    await whenEnded;
    reader.end();
    t.match(reader, { isSettled: true, isCut: true });
    t.equal(reader.undecoded, undecoded);
    t.equal(seen.text, "");
  });
}

t.test("destroy() stops decoding for good, and nothing is called after it", async (t) => {
  const { reader, seen } = open("gzip");
  const bytes = gzipSync(text);
  reader.write(bytes.subarray(0, 100));
  reader.destroy();
  const before = seen.text;
  t.ok(reader.isSettled);
  reader.write(bytes.subarray(100));
  reader.end();
  reader.destroy();
  // Another one reads the same to its end meanwhile.
  const other = open("gzip");
  other.reader.write(bytes);
  other.reader.end();
  await other.whenEnded;
  t.match(seen, { text: before, ends: 0 });
});
