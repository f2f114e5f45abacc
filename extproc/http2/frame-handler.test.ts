/** Tests of every check on single frames, and of what frames do to the connection. */
import t from "tap";
import { encodeFields } from "./hpack-encoder.ts";
import { FLAG, FRAME, SETTING } from "./protocol.ts";
import {
  callFields,
  data,
  frame,
  headers,
  lastHeaders,
  ping,
  settings,
  uint32,
  windowUpdate,
} from "./testdata/client-frames.ts";
import { recordingHandlers } from "./testdata/recording-handlers.ts";
import { TestPeer } from "./testdata/test-peer.ts";

const block = encodeFields(callFields);
const opened = headers(1);
const bytes = (count: number) => Buffer.alloc(count);
const padded = (padding: number, rest: number) => Buffer.concat([Buffer.of(padding), bytes(rest)]);
const priority = (dependency: number) => Buffer.concat([uint32(dependency), Buffer.of(15)]);

const faults: readonly { name: string; says: readonly Buffer[]; goaway: string }[] = [
  { name: "DATA on stream 0", says: [data(0, "x")], goaway: "0 PROTOCOL_ERROR" },
  { name: "DATA on an idle stream", says: [data(1, "x")], goaway: "0 PROTOCOL_ERROR" },
  {
    name: "padding of a whole DATA frame",
    says: [opened, frame(FRAME.data, FLAG.padded, 1, padded(5, 4))],
    goaway: "1 PROTOCOL_ERROR",
  },
  {
    name: "padding without its length",
    says: [opened, frame(FRAME.data, FLAG.padded, 1)],
    goaway: "1 PROTOCOL_ERROR",
  },
  { name: "HEADERS on stream 0", says: [headers(0)], goaway: "0 PROTOCOL_ERROR" },
  { name: "HEADERS on an even stream", says: [headers(2)], goaway: "0 PROTOCOL_ERROR" },
  {
    name: "HEADERS on a lower stream",
    says: [headers(5), headers(3)],
    goaway: "5 PROTOCOL_ERROR",
  },
  {
    name: "HEADERS shorter than their padding",
    says: [frame(FRAME.headers, FLAG.endHeaders | FLAG.padded, 1, padded(9, 3))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "HEADERS shorter than their priority",
    says: [frame(FRAME.headers, FLAG.endHeaders | FLAG.priority, 1, bytes(4))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "HEADERS that depend on themselves",
    says: [
      frame(
        FRAME.headers,
        FLAG.endHeaders | FLAG.priority,
        1,
        Buffer.concat([priority(0x8000_0001), block]),
      ),
    ],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "a block that cannot be decoded",
    says: [frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.of(0x80))],
    goaway: "0 COMPRESSION_ERROR",
  },
  {
    name: "CONTINUATION without HEADERS",
    says: [frame(FRAME.continuation, FLAG.endHeaders, 1, block)],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "CONTINUATION after END_HEADERS",
    says: [opened, frame(FRAME.continuation, FLAG.endHeaders, 1, block)],
    goaway: "1 PROTOCOL_ERROR",
  },
  {
    name: "another frame within a header block",
    says: [frame(FRAME.headers, 0, 1, block), ping("12345678")],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "CONTINUATION of another stream",
    says: [frame(FRAME.headers, 0, 1, block), frame(FRAME.continuation, FLAG.endHeaders, 3)],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "PRIORITY on stream 0",
    says: [frame(FRAME.priority, 0, 0, priority(1))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "PRIORITY of 4 bytes",
    says: [frame(FRAME.priority, 0, 1, bytes(4))],
    goaway: "0 FRAME_SIZE_ERROR",
  },
  {
    name: "PRIORITY that depends on itself",
    says: [frame(FRAME.priority, 0, 1, priority(1))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "RST_STREAM on stream 0",
    says: [frame(FRAME.rstStream, 0, 0, bytes(4))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "RST_STREAM on an idle stream",
    says: [frame(FRAME.rstStream, 0, 1, bytes(4))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "RST_STREAM of 3 bytes",
    says: [opened, frame(FRAME.rstStream, 0, 1, bytes(3))],
    goaway: "1 FRAME_SIZE_ERROR",
  },
  { name: "SETTINGS on a stream", says: [frame(FRAME.settings, 0, 1)], goaway: "0 PROTOCOL_ERROR" },
  {
    name: "SETTINGS of 5 bytes",
    says: [frame(FRAME.settings, 0, 0, bytes(5))],
    goaway: "0 FRAME_SIZE_ERROR",
  },
  {
    name: "acknowledged SETTINGS with values",
    says: [frame(FRAME.settings, FLAG.ack, 0, bytes(6))],
    goaway: "0 FRAME_SIZE_ERROR",
  },
  {
    name: "SETTINGS with a window of 2^31",
    says: [settings([SETTING.initialWindowSize, 2 ** 31])],
    goaway: "0 FLOW_CONTROL_ERROR",
  },
  {
    name: "SETTINGS that make an open window too large",
    says: [
      opened,
      windowUpdate(1, 2 ** 31 - 1 - 65_535),
      settings([SETTING.initialWindowSize, 65_536]),
    ],
    goaway: "1 FLOW_CONTROL_ERROR",
  },
  {
    name: "PUSH_PROMISE",
    says: [frame(FRAME.pushPromise, FLAG.endHeaders, 1, bytes(4))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "PING on a stream",
    says: [frame(FRAME.ping, 0, 1, bytes(8))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "PING of 7 bytes",
    says: [frame(FRAME.ping, 0, 0, bytes(7))],
    goaway: "0 FRAME_SIZE_ERROR",
  },
  {
    name: "GOAWAY on a stream",
    says: [frame(FRAME.goaway, 0, 1, bytes(8))],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "GOAWAY of 7 bytes",
    says: [frame(FRAME.goaway, 0, 0, bytes(7))],
    goaway: "0 FRAME_SIZE_ERROR",
  },
  {
    name: "WINDOW_UPDATE of 3 bytes",
    says: [frame(FRAME.windowUpdate, 0, 0, bytes(3))],
    goaway: "0 FRAME_SIZE_ERROR",
  },
  { name: "WINDOW_UPDATE of 0", says: [windowUpdate(0, 0)], goaway: "0 PROTOCOL_ERROR" },
  {
    name: "WINDOW_UPDATE on an idle stream",
    says: [windowUpdate(1, 1)],
    goaway: "0 PROTOCOL_ERROR",
  },
  {
    name: "WINDOW_UPDATE above 2^31-1",
    says: [windowUpdate(0, 2 ** 31 - 65_535)],
    goaway: "0 FLOW_CONTROL_ERROR",
  },
];

for (const { name, says, goaway } of faults) {
  t.test(`handle() ends the connection for ${name}`, async (t) => {
    const { openStream, log } = recordingHandlers();
    const peer = new TestPeer({ openStream });
    peer.say(...says);
    t.equal(peer.heard().at(-1), `GOAWAY ${goaway}`);
    t.ok(peer.isEnded && peer.connection.isClosed);
    t.equal(peer.counters.openStreams, 0);
    const opens = log.filter((line) => line.startsWith("open"));
    const closes = log.filter((line) => line.endsWith("connection-lost"));
    t.equal(closes.length, opens.length, "every call was told");
    t.equal(peer.errors.length, 1);
    t.match(peer.errors[0], {
      code: "CLRK_MALFORMED_MESSAGE",
      message: `Cannot serve the HTTP/2 peer: ${goaway.split(" ")[1]}, `,
    });
  });
}

t.test("handle() opens the windows again at their half", async (t) => {
  const limits = { connectionWindowBytes: 131_072, streamWindowBytes: 65_535 };
  const peer = new TestPeer({ openStream: recordingHandlers().openStream, limits });
  peer.say(headers(1), headers(3));
  peer.say(data(1, bytes(16_384)), data(1, bytes(16_384)), data(3, bytes(16_384)));
  t.strictSame(peer.heard(), ["WINDOW_UPDATE 1 32768"]);
  peer.say(frame(FRAME.data, FLAG.padded, 3, padded(255, 16_383)));
  t.strictSame(peer.heard(), ["WINDOW_UPDATE 0 65536", "WINDOW_UPDATE 3 32768"], "padding counts");
});

t.test("handle() answers PING and SETTINGS", async (t) => {
  const peer = new TestPeer({ openStream: recordingHandlers().openStream });
  peer.say(
    ping("abcdefgh"),
    settings([SETTING.enablePush, 1], [0xff, 7]),
    ping("abcdefgh", FLAG.ack),
  );
  t.strictSame(peer.heard(), ["PING abcdefgh ack", "SETTINGS ack"]);
});

t.test("handle() ignores what it does not know, priorities and a GOAWAY", async (t) => {
  const peer = new TestPeer({ openStream: recordingHandlers().openStream });
  peer.say(
    frame(0xbe, 0xff, 0x7fff_ffff, bytes(20)),
    frame(FRAME.priority, 0, 9, priority(1)),
    frame(FRAME.goaway, 0, 0, bytes(9)),
    settings([SETTING.headerTableSize, 0], [SETTING.maxFrameSize, 2 ** 24 - 1]),
  );
  t.strictSame(peer.heard(), ["SETTINGS ack"]);
  t.notOk(peer.connection.isClosed);
});

t.test("handle() takes padding and priority off", async (t) => {
  const { openStream, log } = recordingHandlers();
  const peer = new TestPeer({ openStream });
  const flags = FLAG.endHeaders | FLAG.padded | FLAG.priority;
  const head = Buffer.concat([Buffer.of(3), priority(7), block, bytes(3)]);
  peer.say(frame(FRAME.headers, flags, 1, head));
  peer.say(
    frame(FRAME.data, FLAG.padded, 1, Buffer.concat([Buffer.of(4), Buffer.from("abc"), bytes(4)])),
  );
  peer.say(frame(FRAME.data, FLAG.padded, 1, padded(0, 0)));
  t.strictSame(log, ["open 1 /test.Echo/Stream", "body 1 3"]);
});

t.test("handle() puts blocks together from any number of fragments", async (t) => {
  for (const size of [1, 7, 30]) {
    const { openStream, log } = recordingHandlers();
    const peer = new TestPeer({ openStream, limits: { maxContinuations: 1_000 } });
    const parts: Buffer[] = [];
    for (let at = 0; at < block.length; at += size) parts.push(block.subarray(at, at + size));
    const fragments = parts.map((part, index) => {
      const isLast = index === parts.length - 1;
      const type = index === 0 ? FRAME.headers : FRAME.continuation;
      const endStream = index === 0 ? FLAG.endStream : 0;
      return frame(type, (isLast ? FLAG.endHeaders : 0) | endStream, 1, part);
    });
    peer.say(...fragments);
    t.strictSame(log, ["open 1 /test.Echo/Stream", "end 1"], `fragments of ${size}`);
  }
});

const floods: readonly { kind: string; limit: object; one: (index: number) => Buffer }[] = [
  { kind: "settings", limit: { maxSettings: 10 }, one: () => settings() },
  { kind: "pings", limit: { maxPings: 10 }, one: () => ping("12345678") },
  { kind: "window-updates", limit: { maxWindowUpdates: 10 }, one: () => windowUpdate(0, 1) },
  { kind: "ignored-frames", limit: { maxIgnoredFrames: 10 }, one: () => frame(0xbe, 0, 0) },
  {
    kind: "ignored-frames",
    limit: { maxIgnoredFrames: 10 },
    one: () => frame(FRAME.priority, 0, 1, priority(3)),
  },
  {
    kind: "early-resets",
    limit: { maxEarlyResets: 10 },
    one: (index) =>
      Buffer.concat([headers(index * 2 + 1), frame(FRAME.rstStream, 0, index * 2 + 1, bytes(4))]),
  },
  {
    kind: "early-resets",
    limit: { maxEarlyResets: 10 },
    one: (index) => Buffer.concat([headers(index * 2 + 1), windowUpdate(index * 2 + 1, 0)]),
  },
  {
    kind: "early-resets",
    limit: { maxEarlyResets: 10, maxConcurrentStreams: 0 },
    one: (index) => headers(index * 2 + 1),
  },
  {
    kind: "empty-frames",
    limit: { maxEmptyFrames: 10 },
    one: (index) => Buffer.concat([index === 0 ? opened : bytes(0), data(1, "")]),
  },
  {
    kind: "continuations",
    limit: { maxContinuations: 5 },
    one: (index) => frame(index === 0 ? FRAME.headers : FRAME.continuation, 0, 1),
  },
  {
    kind: "header-bytes",
    limit: { maxHeaderBlockBytes: 5_000, maxContinuations: 100 },
    one: (index) => frame(index === 0 ? FRAME.headers : FRAME.continuation, 0, 1, bytes(1_000)),
  },
];

for (const [index, { kind, limit, one }] of floods.entries()) {
  t.test(`handle() ends the connection for a flood of ${kind} (${index})`, async (t) => {
    const peer = new TestPeer({ openStream: recordingHandlers().openStream, limits: limit });
    let count = 0;
    for (; count < 50 && !peer.connection.isClosed; count++) peer.say(one(count));
    t.ok(count > 4 && count <= 12, `closed after ${count}`);
    t.match(peer.heard().at(-1), /^GOAWAY \d+ ENHANCE_YOUR_CALM$/);
    t.match(peer.counters.floods, { [kind]: 1 });
    t.equal(peer.counters.protocolErrors.ENHANCE_YOUR_CALM, 1);
    t.match(peer.errors, [{ code: "CLRK_LIMIT_EXCEEDED" }]);
  });
}

t.test("handle() takes any number of frames when they come slowly", async (t) => {
  const peer = new TestPeer({
    openStream: recordingHandlers().openStream,
    limits: { maxPings: 10, floodSpanMs: 1_000 },
  });
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 10; count++) peer.say(ping("12345678"));
    peer.wait(1_000);
  }
  t.notOk(peer.connection.isClosed);
});

t.test("handle() does not count resets of answered streams", async (t) => {
  const { openStream } = recordingHandlers((stream) =>
    stream.sendHeaders(encodeFields([[":status", "200"]])),
  );
  const peer = new TestPeer({ openStream, limits: { maxEarlyResets: 3 } });
  for (let id = 1; id < 200; id += 2) {
    peer.say(lastHeaders(id), frame(FRAME.rstStream, 0, id, bytes(4)));
  }
  t.notOk(peer.connection.isClosed);
  t.equal(peer.counters.resetStreams, 100);
});
