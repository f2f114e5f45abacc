/** Unit tests of cutting HTTP/2 streams: every split gives the same frames, and messages are counted across them. */
import t from "tap";
import { acknowledge, CLIENT_PREFACE, FrameCutter, FRAME, MessageCounter } from "./http2-frames.ts";
import type { Frame } from "./http2-frames.ts";

function frame(type: number, streamId: number, body: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, body]);
}

function message(size: number): Buffer {
  const bytes = Buffer.alloc(5 + size, 0xff);
  bytes[0] = 0;
  bytes.writeUInt32BE(size, 1);
  return bytes;
}

function cut(side: "client" | "server", chunks: readonly Buffer[]): string[] {
  const frames: string[] = [];
  const cutter = new FrameCutter(side, ({ type, flags, streamId, bytes }) => {
    frames.push(`${type} ${flags} ${streamId} ${bytes.toString("hex")}`);
  });
  for (const chunk of chunks) cutter.push(chunk);
  return frames;
}

const frames = [
  frame(FRAME.settings, 0, Buffer.alloc(0)),
  frame(FRAME.headers, 1, Buffer.from("abc"), 0x4),
  frame(FRAME.data, 0x7fffffff, Buffer.alloc(300, 1)),
  frame(FRAME.resetStream, 3, Buffer.alloc(4)),
];

t.test("push() gives the same frames for every split", async (t) => {
  for (const side of ["client", "server"] as const) {
    const bytes = Buffer.concat([...(side === "client" ? [CLIENT_PREFACE] : []), ...frames]);
    const whole = cut(side, [bytes]);
    t.equal(whole.length, 4);
    t.equal(whole[1], `1 4 1 ${frames[1]?.toString("hex")}`);
    for (let at = 1; at < bytes.length; at += 1) {
      const split = cut(side, [bytes.subarray(0, at), bytes.subarray(at)]);
      t.same(split, whole, `${side} split at ${at}`);
    }
    const single = [...bytes].map((byte) => Buffer.from([byte]));
    t.same(cut(side, single), whole, `${side} byte by byte`);
  }
});

t.test("push() waits for the end of a frame", async (t) => {
  const bytes = Buffer.concat(frames);
  t.equal(cut("server", [bytes.subarray(0, bytes.length - 1)]).length, 3);
  t.same(cut("client", [CLIENT_PREFACE]), []);
});

t.test("push() reads a stream id without its reserved bit", async (t) => {
  const bytes = frame(FRAME.data, 5, Buffer.alloc(0));
  bytes.writeUInt32BE(0x80000005, 5);
  t.match(cut("server", [bytes])[0], /^0 0 5 /);
});

t.test("messages counts those that are complete, over any frames", async (t) => {
  const bytes = Buffer.concat([message(0), message(3), message(70_000), message(0)]);
  const asFrame = (body: Buffer): Frame => {
    return { type: FRAME.data, flags: 0, streamId: 1, bytes: frame(FRAME.data, 1, body) };
  };
  for (const size of [1, 2, 7, 4_096, bytes.length]) {
    const counter = new MessageCounter();
    const seen: number[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      counter.push(asFrame(bytes.subarray(at, at + size)));
      if (seen.at(-1) !== counter.messages) seen.push(counter.messages);
    }
    t.equal(counter.messages, 4, `frames of ${size}`);
    if (size === 1) t.same(seen, [0, 1, 2, 3, 4]);
  }
  const open = new MessageCounter();
  open.push(asFrame(message(9).subarray(0, 13)));
  t.equal(open.messages, 0, "the last byte is missing");
});

t.test("push() refuses padded data", async (t) => {
  const bytes = frame(FRAME.data, 1, Buffer.alloc(2), 0x8);
  t.throws(
    () => new MessageCounter().push({ type: FRAME.data, flags: 0x8, streamId: 1, bytes }),
    new RangeError("Cannot count messages: DATA is padded"),
  );
});

t.test("acknowledge() answers SETTINGS without and PING with its body", async (t) => {
  const of = (bytes: Buffer, type: number) =>
    acknowledge({ type, flags: 0, streamId: 0, bytes }).toString("hex");
  t.equal(of(frame(FRAME.settings, 0, Buffer.alloc(6, 7)), FRAME.settings), "000000040100000000");
  const ping = frame(FRAME.ping, 0, Buffer.from("12345678"));
  t.equal(of(ping, FRAME.ping), `000008060100000000${Buffer.from("12345678").toString("hex")}`);
});
