/** Tests of the wire format writer against protobufjs, at the edges of lengths, characters and slabs. */
import protobuf from "protobufjs/minimal.js";
import t from "tap";
import { ProtobufWriter, textBound } from "./protobuf-writer.ts";
import { seededRandom } from "./testdata/random.ts";

const lengths = [0, 1, 31, 32, 33, 127, 128, 129, 16_383, 16_384, 70_000];

for (const length of lengths) {
  t.test(`text() and bytes() write ${length} bytes`, async (t) => {
    const writer = new ProtobufWriter();
    const text = "a".repeat(length);
    const bytes = Buffer.alloc(length, 7);
    writer.begin(textBound(text) + length + 6);
    writer.bytes(2, bytes);
    writer.text(1, text);
    const expected = protobuf.Writer.create().uint32(10).string(text).uint32(18).bytes(bytes);
    t.same(writer.finish(), Buffer.from(expected.finish()));
  });
}

const texts = [
  "ü",
  "grüße",
  "日本語",
  "\u{1f600}",
  `${"a".repeat(31)}ü`,
  "ü".repeat(200),
  "\u0000",
];

for (const text of texts) {
  t.test(`text() writes ${JSON.stringify(text.slice(0, 40))} as UTF-8`, async (t) => {
    const writer = new ProtobufWriter();
    writer.begin(textBound(text));
    writer.text(1, text);
    const expected = protobuf.Writer.create().uint32(10).string(text);
    t.same(writer.finish(), Buffer.from(expected.finish()));
  });
}

t.test("text() writes U+FFFD for half a surrogate pair", async (t) => {
  const writer = new ProtobufWriter();
  writer.begin(textBound("a\ud83d"));
  writer.text(1, "a\ud83d");
  t.same(writer.finish(), Buffer.from([0x0a, 4, 0x61, 0xef, 0xbf, 0xbd]));
});

for (const value of [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1]) {
  t.test(`number() writes ${value}`, async (t) => {
    const writer = new ProtobufWriter();
    writer.begin(6);
    writer.number(3, value);
    const expected = protobuf.Writer.create().uint32(24).uint32(value).finish();
    t.same(writer.finish(), Buffer.from(expected));
  });
}

t.test("block() encloses what was written since its mark", async (t) => {
  const writer = new ProtobufWriter();
  writer.begin(100);
  writer.number(4, 9);
  const mark = writer.mark();
  writer.text(1, "a");
  writer.block(2, mark);
  writer.block(1, writer.mark());
  t.same(writer.finish(), Buffer.from([0x0a, 0, 0x12, 3, 0x0a, 1, 0x61, 0x20, 9]));
});

t.test("finish() gives bytes that later messages leave alone", async (t) => {
  const writer = new ProtobufWriter();
  const random = seededRandom(3);
  const messages = Array.from({ length: 400 }, () => {
    const bytes = random.bytes(random.below(1_000));
    writer.begin(bytes.length + 6);
    writer.bytes(1, bytes);
    return { bytes, message: writer.finish() };
  });
  for (const { bytes, message } of messages) {
    const expected = protobuf.Writer.create().uint32(10).bytes(bytes).finish();
    t.ok(message.equals(expected));
  }
});

t.test("finish() refuses a message that is longer than its bound", async (t) => {
  const tooLong = {
    name: "RangeError",
    message: "Cannot finish message: it is longer than its bound",
  };
  const writer = new ProtobufWriter();
  writer.begin(0);
  writer.bytes(1, Buffer.alloc(70_000));
  t.throws(() => writer.finish(), tooLong);
  writer.begin(10);
  writer.text(1, "a".repeat(70_000));
  t.throws(() => writer.finish(), tooLong);
  writer.begin(10);
  writer.text(1, "a");
  t.same(writer.finish(), Buffer.from([0x0a, 1, 0x61]));
});
