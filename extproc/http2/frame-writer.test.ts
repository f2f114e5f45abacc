/** Tests of frames as they go out, and of who owns the buffer. */
import t from "tap";
import { FrameWriter } from "./frame-writer.ts";
import { ERROR } from "./protocol.ts";

function createWriter(isFree = true) {
  const written: Buffer[] = [];
  const copies: string[] = [];
  const writer = new FrameWriter({
    write(bytes) {
      written.push(bytes);
      copies.push(bytes.toString("hex"));
      return isFree;
    },
  });
  return { writer, written, copies };
}

const frames: readonly { name: string; write: (writer: FrameWriter) => void; hex: string }[] = [
  {
    name: "data",
    write: (writer) => writer.data(1, Buffer.from("ab"), Buffer.from("cd")),
    hex: "000004 00 00 00000001 61626364",
  },
  { name: "endOfData", write: (writer) => writer.endOfData(3), hex: "000000 00 01 00000003" },
  {
    name: "headers",
    write: (writer) => writer.headers(0x7fff_ffff, Buffer.of(0x88)),
    hex: "000001 01 04 7fffffff 88",
  },
  {
    name: "lastHeaders",
    write: (writer) => writer.lastHeaders(1, Buffer.of(0x88)),
    hex: "000001 01 05 00000001 88",
  },
  {
    name: "rstStream",
    write: (writer) => writer.rstStream(5, ERROR.REFUSED_STREAM),
    hex: "000004 03 00 00000005 00000007",
  },
  {
    name: "settings",
    write: (writer) =>
      writer.settings([
        [3, 100],
        [4, 0x0102_0304],
      ]),
    hex: "00000c 04 00 00000000 000300000064 000401020304",
  },
  { name: "settingsAck", write: (writer) => writer.settingsAck(), hex: "000000 04 01 00000000" },
  {
    name: "ping",
    write: (writer) => writer.ping(Buffer.from("12345678")),
    hex: "000008 06 00 00000000 3132333435363738",
  },
  {
    name: "pingAck",
    write: (writer) => writer.pingAck(Buffer.from("12345678")),
    hex: "000008 06 01 00000000 3132333435363738",
  },
  {
    name: "goaway",
    write: (writer) => writer.goaway(0x7fff_ffff, ERROR.ENHANCE_YOUR_CALM),
    hex: "000008 07 00 00000000 7fffffff 0000000b",
  },
  {
    name: "windowUpdate",
    write: (writer) => writer.windowUpdate(7, 0x7fff_ffff),
    hex: "000004 08 00 00000007 7fffffff",
  },
];

for (const { name, write, hex } of frames) {
  t.test(`${name}() writes its frame`, async (t) => {
    const { writer, copies } = createWriter();
    write(writer);
    t.strictSame(copies, [], "nothing before flush()");
    writer.flush();
    t.strictSame(copies, [hex.replaceAll(" ", "")]);
    t.equal(writer.pendingBytes, 0);
  });
}

t.test("flush() writes all frames at once, and nothing when there are none", async (t) => {
  const { writer, copies } = createWriter();
  for (const { write } of frames) write(writer);
  writer.flush();
  writer.flush();
  t.strictSame(copies, [frames.map(({ hex }) => hex.replaceAll(" ", "")).join("")]);
});

t.test("a full buffer is written before the frame that does not fit", async (t) => {
  const { writer, written } = createWriter();
  const body = Buffer.alloc(16_384, "x");
  for (let count = 0; count < 9; count++) writer.data(1, Buffer.alloc(0), body);
  writer.flush();
  t.strictSame(
    written.map(({ length }) => length / (16_384 + 9)),
    [3, 3, 3],
  );
});

t.test("data() copies long bodies and short ones", async (t) => {
  for (const length of [0, 1, 47, 48, 49, 200, 16_384]) {
    const { writer, written } = createWriter();
    const body = Buffer.alloc(length, 1);
    writer.data(1, Buffer.alloc(0), body);
    body.fill(2);
    writer.flush();
    t.ok(written[0]?.subarray(9).equals(Buffer.alloc(length, 1)), `${length} bytes`);
  }
});

t.test("flush() uses the buffer again only when the sink gave it back", async (t) => {
  for (const isFree of [true, false]) {
    const { writer, written } = createWriter(isFree);
    writer.endOfData(1);
    writer.flush();
    writer.endOfData(3);
    writer.flush();
    t.equal(written[0]?.readUInt32BE(5), isFree ? 3 : 1);
    t.equal(written[0]?.buffer === written[1]?.buffer, isFree);
  }
});
