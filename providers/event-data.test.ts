import t from "tap";
import { EventDataReader } from "./event-data.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

const stream = Buffer.from(
  'event: a\ndata: {"n":1}\n\n: ping\n\ndata: Grüße\ndata: 👩‍🚀\n\nid: 7\r\ndata: x\r\n\r\ndata: open',
);
const data = ['{"n":1}', "Grüße\n👩‍🚀", "x"];

/** What is told of pieces that are overwritten as soon as they were read. */
function read(pieces: Iterable<Buffer>): string[] {
  const told: string[] = [];
  const reader = new EventDataReader((one) => told.push(one));
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    reader.write(lent);
    lent.fill(0x21);
  }
  return told;
}

/** Memory of the process that objects and buffers take. */
function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

t.test("write() tells the data of every event that has some", async (t) => {
  t.same(read([stream]), data);
});

t.test("write() tells the same of bytes one by one, which it keeps", async (t) => {
  t.same(read(Array.from(stream, (byte) => Buffer.of(byte))), data);
});

t.test("write() tells the same of a piece that is lent for every byte again", async (t) => {
  const told: string[] = [];
  const reader = new EventDataReader((one) => told.push(one));
  const lent = Buffer.alloc(1);
  for (const byte of stream) {
    lent[0] = byte;
    reader.write(lent);
  }
  t.same(told, data);
});

t.test("write() tells the same however the stream is cut", async (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    t.same(read(randomPieces(stream, 9, seededRandom(seed))), data, `seed ${seed}`);
  }
});

t.test("isInEvent tells of data whose event has not ended", async (t) => {
  const reader = new EventDataReader(() => {});
  t.equal(reader.isInEvent, false);
  reader.write(Buffer.from("data: a"));
  t.equal(reader.isInEvent, true);
  reader.write(Buffer.from("\n\n"));
  t.equal(reader.isInEvent, false);
});

t.test("write() tells nothing more once an event was too long", async (t) => {
  const told: string[] = [];
  const reader = new EventDataReader((one) => told.push(one));
  reader.write(Buffer.from("data: a\n\ndata: "));
  const megabyte = Buffer.alloc(1024 * 1024, 0x61);
  for (let written = 0; written < 32; written++) reader.write(megabyte);
  t.equal(reader.isTooLong, false);
  reader.write(megabyte);
  t.equal(reader.isTooLong, true);
  reader.write(Buffer.from("\n\ndata: b\n\n"));
  t.same(told, ["a"]);
});

t.test("write() holds an event of empty lines in memory that its bytes are worth", async (t) => {
  const reader = new EventDataReader(() => {});
  const lines = Buffer.from("data\n".repeat(13_000));
  const before = heldBytes();
  for (let written = 0; written < 100; written++) reader.write(lines);
  const grown = heldBytes() - before;
  t.equal(reader.isInEvent, true);
  t.ok(grown < 40_000_000, `1.3 million lines hold ${grown} bytes`);
});

t.test("write() tells an event whose only line is empty to nobody", async (t) => {
  t.same(read([Buffer.from("data\n\ndata:\n\ndata: a\n\n")]), ["a"]);
});

t.test("write() tells an event of empty lines as their joints", async (t) => {
  t.same(read([Buffer.from("data\ndata\ndata:\n\n")]), ["\n\n"]);
});
