/** Tests of the wire format reader: every wire type, every length of a number, every way to be cut off. */
import t from "tap";
import { ProtobufReader, malformedMessage } from "./protobuf-reader.ts";
import { block, number, tag, varint } from "./testdata/wire-fields.ts";

const reader = (bytes: Buffer) => new ProtobufReader(bytes, 0, bytes.length);
const refusal = (detail: string) => ({
  code: "CLRK_MALFORMED_MESSAGE",
  message: `Cannot decode message of Envoy: ${detail}`,
});

const fieldNumbers = [1, 15, 16, 2_047, 2_048, 262_143, 262_144, 2 ** 29 - 1];

for (const field of fieldNumbers) {
  t.test(`tag() and block() read field ${field}`, async (t) => {
    const bytes = block(field, "abc");
    const input = reader(bytes);
    const found = input.tag(bytes.length);
    t.equal(found, field * 8 + 2);
    t.equal(input.block(found, bytes.length), bytes.length);
    t.equal(input.at, bytes.length - 3);
  });
}

const values: ReadonlyArray<{ name: string; bytes: Buffer; isSet: boolean }> = [
  { name: "0", bytes: varint(0), isSet: false },
  { name: "1", bytes: varint(1), isSet: true },
  { name: "2", bytes: varint(2), isSet: true },
  { name: "0 in 10 bytes", bytes: varint(0, 10), isSet: false },
  { name: "2^32", bytes: varint(2 ** 32), isSet: true },
  { name: "2^63", bytes: Buffer.from([...Buffer.alloc(9, 0x80), 1]), isSet: true },
];

for (const { name, bytes, isSet } of values) {
  t.test(`flag() reads ${name} as ${isSet}`, async (t) => {
    const input = reader(bytes);
    t.equal(input.flag(8, bytes.length), isSet);
    t.equal(input.at, bytes.length);
    for (let end = 0; end < bytes.length; end++) {
      t.throws(() => reader(bytes).flag(8, end), refusal("a number is cut off"));
    }
  });
}

const skipped: ReadonlyArray<{ name: string; bytes: Buffer }> = [
  { name: "a varint", bytes: number(30, 2 ** 40) },
  { name: "a fixed64", bytes: Buffer.concat([tag(30, 1), Buffer.alloc(8, 0xff)]) },
  { name: "a block", bytes: block(30, Buffer.alloc(300)) },
  { name: "an empty block", bytes: block(30) },
  { name: "a fixed32", bytes: Buffer.concat([tag(30, 5), Buffer.alloc(4, 0xff)]) },
];

for (const { name, bytes } of skipped) {
  t.test(`skip() passes over ${name} and refuses every beginning of it`, async (t) => {
    const input = reader(bytes);
    input.skip(input.tag(bytes.length), bytes.length);
    t.equal(input.at, bytes.length);
    for (let end = 1; end < bytes.length; end++) {
      const part = reader(bytes);
      t.throws(() => part.skip(part.tag(end), end), { code: "CLRK_MALFORMED_MESSAGE" });
    }
  });
}

for (const wireType of [3, 4, 6, 7]) {
  t.test(`skip() refuses wire type ${wireType}`, async (t) => {
    const detail = "a field has a wire type that is not read";
    t.throws(() => reader(Buffer.alloc(8)).skip(8 + wireType, 8), refusal(detail));
  });
}

for (const wireType of [0, 1, 3, 4, 5, 6, 7]) {
  t.test(`block() refuses wire type ${wireType}`, async (t) => {
    const detail = "a known field has another type";
    t.throws(() => reader(Buffer.alloc(8)).block(8 + wireType, 8), refusal(detail));
  });
}

t.test("tag() takes padded numbers up to 5 bytes", async (t) => {
  t.equal(reader(varint(10, 5)).tag(5), 10);
  t.throws(() => reader(varint(10, 6)).tag(6), refusal("a number has more than 32 bits"));
});

t.test("block() ends where the block does that it is in", async (t) => {
  const bytes = block(1, Buffer.alloc(10));
  t.throws(() => reader(bytes).block(10, 5), refusal("a length passes the end"));
});

t.test("new ProtobufReader() refuses a range that is not there", async (t) => {
  t.throws(() => new ProtobufReader(Buffer.alloc(4), 2, 5), {
    name: "RangeError",
    message: "Cannot read bytes 2 to 5: there are 4",
  });
});

t.test("malformedMessage() exposes nothing but the code's sentence", async (t) => {
  const error = malformedMessage("a detail");
  t.equal(error.expose, "The message cannot be read");
  t.equal(error.grpcStatus, 3);
});
