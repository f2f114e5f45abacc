/** Tests of cutting a stream into frames, wherever it is cut itself. */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { FrameReader } from "./frame-reader.ts";
import { data, frame, ping, windowUpdate } from "./testdata/client-frames.ts";

/** One line a frame. */
function readAll(reader: FrameReader, chunks: readonly Buffer[]): string[] {
  return chunks.flatMap((chunk) => {
    reader.push(chunk);
    const lines: string[] = [];
    while (reader.next()) {
      const { type, flags, streamId, bytes, start, end } = reader;
      lines.push(`${type} ${flags} ${streamId} ${bytes.toString("latin1", start, end)}`);
    }
    return lines;
  });
}

const frames = [
  frame(4, 0, 0),
  data(1, "hello"),
  frame(0xff, 0xff, 0xffff_ffff, Buffer.from("x")),
  data(3, Buffer.alloc(16_384, "y")),
  ping("12345678", 1),
  windowUpdate(0x7fff_ffff, 1),
];
const stream = Buffer.concat(frames);
const wanted = [
  "4 0 0 ",
  "0 0 1 hello",
  "255 255 2147483647 x",
  `0 0 3 ${"y".repeat(16_384)}`,
  "6 1 0 12345678",
  "8 0 2147483647 \0\0\0\x01",
];

t.test("next() reads every frame of a chunk, without the reserved bit", async (t) => {
  t.strictSame(readAll(new FrameReader(), [stream]), wanted);
});

t.test("next() does not copy what lies whole in a chunk", async (t) => {
  const reader = new FrameReader();
  reader.push(stream);
  while (reader.next()) t.equal(reader.bytes, stream);
});

t.test("next() reads the same byte by byte", async (t) => {
  const bytes = Array.from(stream, (_, index) => stream.subarray(index, index + 1));
  t.strictSame(readAll(new FrameReader(), bytes), wanted);
});

t.test("next() reads the same cut in two at every place of the small frames", async (t) => {
  const small = Buffer.concat(frames.filter(({ length }) => length < 100));
  const all = readAll(new FrameReader(), [small]);
  for (let at = 0; at <= small.length; at++) {
    const lines = readAll(new FrameReader(), [small.subarray(0, at), small.subarray(at)]);
    t.strictSame(lines, all);
  }
});

t.test("next() reads the same cut at random", async (t) => {
  const random = seededRandom(4);
  for (let round = 0; round < 200; round++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; ) {
      const length = random.below(random.pick([3, 20, 20_000]));
      chunks.push(stream.subarray(at, at + length));
      at += length;
    }
    t.strictSame(readAll(new FrameReader(), chunks), wanted, `seed 4, round ${round}`);
  }
});

t.test("next() keeps a beginning that does not end", async (t) => {
  for (const length of [0, 1, 8, 9, 13]) {
    t.strictSame(readAll(new FrameReader(), [data(1, "hello").subarray(0, length)]), []);
  }
});

t.test("next() stops at a frame that is too large, whole or in pieces", async (t) => {
  const large = Buffer.concat([data(1, "ok"), frame(0, 0, 1, Buffer.alloc(16_385)), data(1, "no")]);
  const pieces = Array.from(large.subarray(0, 100), (_, index) => large.subarray(index, index + 1));
  for (const chunks of [[large], [large.subarray(0, 20), large.subarray(20)], pieces]) {
    const reader = new FrameReader();
    t.strictSame(readAll(reader, chunks), ["0 0 1 ok"]);
    t.equal(reader.isOversized, true);
    t.equal(reader.next(), false);
  }
});
