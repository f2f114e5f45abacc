import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import t from "tap";
import { decodeBody } from "./decode-body.ts";

const text = '{"model":"gpt-4o","messages":[]}'.repeat(50);
const bytes = Buffer.from(text);
const limit = bytes.length;

const codings = [
  { coding: "gzip", encode: gzipSync },
  { coding: "x-gzip", encode: gzipSync },
  { coding: " GZip ", encode: gzipSync },
  { coding: "br", encode: brotliCompressSync },
  { coding: "zstd", encode: zstdCompressSync },
  { coding: "deflate", encode: deflateSync },
  { coding: "deflate", encode: deflateRawSync },
];
for (const { coding, encode } of codings) {
  t.test(
    `decodeBody() undoes ${encode.name} of ${coding}, up to the bound and no further`,
    async (t) => {
      const decoded = decodeBody(encode(bytes), coding, limit);
      t.equal(decoded.kind === "ok" ? decoded.body.toString() : decoded.kind, text);
      t.same(decodeBody(encode(bytes), coding, limit - 1), { kind: "too-large" });
    },
  );

  t.test(`decodeBody() holds no more of a bomb of ${encode.name} than the bound`, async (t) => {
    const bomb = encode(Buffer.alloc(64 * 2 ** 20));
    const before = process.memoryUsage().arrayBuffers;
    t.same(decodeBody(bomb, coding, 1_000), { kind: "too-large" });
    t.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
  });

  t.test(`decodeBody() tells a cut ${encode.name} from a whole one`, async (t) => {
    for (const cut of [0, 1, 5]) {
      const decoded = decodeBody(encode(bytes).subarray(0, cut), coding, limit);
      t.same(decoded, { kind: "malformed" }, `after ${cut} bytes`);
    }
    t.same(decodeBody(Buffer.from([0xff, 0xff, 0xff]), coding, limit), { kind: "malformed" });
  });
}

for (const none of [undefined, "", " ", "identity", "Identity"]) {
  t.test(`decodeBody() gives the body itself for ${String(none)}`, async (t) => {
    const decoded = decodeBody(bytes, none, 1);
    t.equal(decoded.kind === "ok" && decoded.body, bytes);
  });
}

for (const coding of ["compress", "gzip, br", "gzip;q=1", "constructor", "__proto__", "*"]) {
  t.test(`decodeBody() knows no ${coding}`, async (t) => {
    t.same(decodeBody(bytes, coding, limit), { kind: "unsupported" });
  });
}

t.test("decodeBody() takes no zstd frame that wants a window beyond 8 MiB", async (t) => {
  const windowed = (bits: number) =>
    zstdCompressSync(bytes, {
      params: { [constants.ZSTD_c_windowLog]: bits },
      // A size that is known beforehand would make the window as small as that.
      pledgedSrcSize: undefined,
    });
  t.equal(decodeBody(windowed(23), "zstd", limit).kind, "ok");
  // Magic number, a descriptor without size and checksum, a window of 2^27 bytes, one empty last block.
  const greedy = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00]);
  t.same(decodeBody(greedy, "zstd", limit), { kind: "malformed" });
  const modest = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (23 - 10) << 3, 0x01, 0x00, 0x00]);
  t.equal(decodeBody(modest, "zstd", limit).kind, "ok");
});
