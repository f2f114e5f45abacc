/** Tests of the life of streams: conversations of a peer with handlers that write down what they are told. */
import t from "tap";
import { encodeFields } from "./hpack-encoder.ts";
import { ERROR, FLAG, FRAME } from "./protocol.ts";
import {
  callFields,
  data,
  frame,
  headers,
  lastData,
  lastHeaders,
  reset,
  settings,
  windowUpdate,
} from "./testdata/client-frames.ts";
import { recordingHandlers } from "./testdata/recording-handlers.ts";
import { TestPeer } from "./testdata/test-peer.ts";

const ok = encodeFields([[":status", "200"]]);
const open = "open 1 /test.Echo/Stream";

function start(limits = {}) {
  const handlers = recordingHandlers();
  const peer = new TestPeer({ openStream: handlers.openStream, limits });
  const stream = (id: number) => {
    const found = handlers.streams.get(id);
    if (found === undefined) throw new Error(`Cannot get stream ${id}: it was not opened`);
    return found;
  };
  return { peer, log: handlers.log, stream };
}

t.test("a call goes from open to close", async (t) => {
  const { peer, log, stream } = start();
  peer.say(headers(1), data(1, "hello"));
  t.match(peer.counters, { openStreams: 1, totalStreams: 1 });
  stream(1).sendHeaders(ok);
  stream(1).sendBody(Buffer.from("ab"), Buffer.from("cde"));
  peer.say(lastData(1, "bye"));
  stream(1).end(encodeFields([["grpc-status", "0"]]));
  await Promise.resolve();
  t.strictSame(peer.heard(), ["HEADERS 1 :status=200", "DATA 1 5", "HEADERS 1 grpc-status=0 end"]);
  t.equal(peer.body(1).toString(), "abcde");
  t.strictSame(log, [open, "body 1 5", "body 1 3", "end 1", "close 1 finished"]);
  t.match(peer.counters, { openStreams: 0, totalStreams: 1, resetStreams: 0 });
});

t.test("an answer that ends first makes the peer stop", async (t) => {
  const { peer, log, stream } = start();
  peer.say(headers(1));
  stream(1).end(ok);
  await Promise.resolve();
  t.strictSame(peer.heard(), ["HEADERS 1 :status=200 end", "RST_STREAM 1 NO_ERROR"]);
  t.strictSame(log, [open, "close 1 finished"]);
  peer.say(
    data(1, "late"),
    lastData(1),
    lastHeaders(1),
    reset(1, ERROR.CANCEL),
    windowUpdate(1, 5),
  );
  t.strictSame(peer.heard(), [], "what was under way is ignored");
  t.notOk(peer.connection.isClosed);
});

t.test("an answer in the last body needs no reset", async (t) => {
  const log: string[] = [];
  const peer = new TestPeer({
    openStream: (stream) => ({
      onBody: () => stream.end(ok),
      onEnd: () => log.push("end"),
      onClose: (end) => log.push(end),
    }),
  });
  peer.say(headers(1), lastData(1, "x"));
  t.strictSame(peer.heard(), ["HEADERS 1 :status=200 end"]);
  t.strictSame(log, ["finished"], "onEnd() never comes after the end of the answer");
});

t.test("answers of a closed stream do nothing", async (t) => {
  const { peer, log, stream } = start();
  peer.say(headers(1), reset(1, ERROR.CANCEL));
  stream(1).sendHeaders(ok);
  stream(1).sendBody(ok, ok);
  stream(1).end(undefined);
  peer.say(headers(3));
  stream(3).end(ok);
  stream(3).sendBody(ok, ok);
  stream(3).end(ok);
  await Promise.resolve();
  t.strictSame(peer.heard(), ["HEADERS 3 :status=200 end", "RST_STREAM 3 NO_ERROR"]);
  t.strictSame(log.slice(1), ["close 1 reset", "open 3 /test.Echo/Stream", "close 3 finished"]);
});

t.test("onClose() waits until no handler runs", async (t) => {
  const log: string[] = [];
  const peer = new TestPeer({
    openStream(stream) {
      log.push("open");
      stream.end(ok);
      log.push("opened");
      return { onBody() {}, onEnd: () => log.push("end"), onClose: (end) => log.push(end) };
    },
  });
  peer.say(lastHeaders(1));
  t.strictSame(log, ["open", "opened", "finished"]);
});

t.test("trailers of a request end it", async (t) => {
  const { peer, log } = start();
  peer.say(headers(1), data(1, "x"), lastHeaders(1, [["x-checksum", "1"]]));
  t.strictSame(log, [open, "body 1 1", "end 1"]);
});

const resets: readonly { name: string; says: readonly Buffer[]; code: string }[] = [
  {
    name: "trailers that do not end it",
    says: [headers(1), headers(1, [["a", "b"]])],
    code: "PROTOCOL_ERROR",
  },
  { name: "trailers with a path", says: [headers(1), lastHeaders(1)], code: "PROTOCOL_ERROR" },
  {
    name: "trailers after its end",
    says: [lastHeaders(1), lastHeaders(1, [])],
    code: "STREAM_CLOSED",
  },
  { name: "DATA after its end", says: [lastHeaders(1), data(1, "x")], code: "STREAM_CLOSED" },
  { name: "no method", says: [headers(1, callFields.slice(1))], code: "PROTOCOL_ERROR" },
  {
    name: "a field in upper case",
    says: [headers(1, [...callFields, ["Upper", "x"]])],
    code: "PROTOCOL_ERROR",
  },
  { name: "WINDOW_UPDATE of 0", says: [headers(1), windowUpdate(1, 0)], code: "PROTOCOL_ERROR" },
  {
    name: "a window above 2^31-1",
    says: [headers(1), windowUpdate(1, 2 ** 31 - 1)],
    code: "FLOW_CONTROL_ERROR",
  },
  ...["0", "6"].map((length) => ({
    name: `a body of 5 with content-length ${length}`,
    says: [
      headers(1, [...callFields, ["content-length", length]]),
      data(1, "he"),
      lastData(1, "llo"),
    ],
    code: "PROTOCOL_ERROR",
  })),
  {
    name: "no body with content-length 1",
    says: [lastHeaders(1, [...callFields, ["content-length", "1"]])],
    code: "PROTOCOL_ERROR",
  },
  {
    name: "trailers before content-length is reached",
    says: [headers(1, [...callFields, ["content-length", "1"]]), lastHeaders(1, [["a", "b"]])],
    code: "PROTOCOL_ERROR",
  },
];

for (const { name, says, code } of resets) {
  t.test(`a stream is reset for ${name}`, async (t) => {
    const { peer, log } = start();
    peer.say(...says);
    t.strictSame(peer.heard(), [`RST_STREAM 1 ${code}`]);
    const opened = log.some((line) => line.startsWith("open"));
    t.equal(log.at(-1), opened ? "close 1 reset" : undefined);
    t.match(peer.counters.protocolErrors, { [code]: 1 });
    t.equal(peer.counters.openStreams, 0);
    peer.say(headers(3));
    t.equal(log.at(-1), "open 3 /test.Echo/Stream", "others go on");
  });
}

t.test("a body of exactly content-length is taken", async (t) => {
  const { peer, log } = start();
  peer.say(headers(1, [...callFields, ["content-length", "5"]]), data(1, "he"), lastData(1, "llo"));
  t.strictSame(log, [open, "body 1 2", "body 1 3", "end 1"]);
});

t.test("frames on a stream that ended end the stream or the connection", async (t) => {
  const { peer, stream } = start();
  peer.say(lastHeaders(1));
  stream(1).end(ok);
  peer.say(headers(3), reset(3, ERROR.CANCEL));
  peer.heard();
  peer.say(data(1, "x"), data(3, "x"), reset(1, ERROR.CANCEL), windowUpdate(3, 1));
  t.strictSame(peer.heard(), ["RST_STREAM 1 STREAM_CLOSED", "RST_STREAM 3 STREAM_CLOSED"]);
  peer.say(headers(1));
  t.strictSame(peer.heard(), ["GOAWAY 3 STREAM_CLOSED"]);
});

t.test("more streams than allowed are refused, and their fields still count", async (t) => {
  const { peer, log, stream } = start({ maxConcurrentStreams: 1 });
  const indexed = Buffer.from("4003782d730179", "hex");
  peer.say(headers(1));
  peer.say(frame(FRAME.headers, FLAG.endHeaders, 3, indexed), lastData(3, "x"));
  t.strictSame(peer.heard(), ["RST_STREAM 3 REFUSED_STREAM"]);
  t.match(peer.counters, { refusedStreams: 1, openStreams: 1, totalStreams: 1 });
  stream(1).end(ok);
  await Promise.resolve();
  const block = Buffer.concat([encodeFields(callFields), Buffer.of(0xbe)]);
  peer.say(frame(FRAME.headers, FLAG.endHeaders, 5, block));
  t.equal(log.at(-1), "open 5 /test.Echo/Stream", "the table has what the refused one added");
});

t.test("a header list that is too large is answered 431", async (t) => {
  const { peer, log } = start({ maxHeaderListBytes: 1_000 });
  peer.say(headers(1, [...callFields, ["x-large", "x".repeat(1_000)]]), data(1, "x"));
  t.strictSame(peer.heard(), ["HEADERS 1 :status=431 end", "RST_STREAM 1 NO_ERROR"]);
  peer.say(lastHeaders(3, [["x-large", "x".repeat(2_000)], ...callFields]));
  t.strictSame(peer.heard(), ["HEADERS 3 :status=431 end"]);
  t.strictSame(log, []);
  t.equal(peer.counters.openStreams, 0);
});

t.test("the first header block says that no dynamic table is used", async (t) => {
  const blocks: string[] = [];
  const { peer, stream } = start();
  const write = peer.write.bind(peer);
  peer.write = (bytes) => {
    blocks.push(bytes.toString("hex"));
    return write(bytes);
  };
  peer.say(settings([1, 0]), headers(1), headers(3));
  stream(1).sendHeaders(ok);
  stream(3).sendHeaders(ok);
  await Promise.resolve();
  t.equal(blocks.at(-1), "0000020104000000012088" + "00000101040000000388");
});

t.test("closeAll() tells every handler once", async (t) => {
  const { peer, log } = start();
  peer.say(headers(1), headers(3), lastHeaders(5));
  peer.connection.lost();
  peer.connection.lost();
  t.strictSame(log.slice(-3), [
    "close 1 connection-lost",
    "close 3 connection-lost",
    "close 5 connection-lost",
  ]);
  t.equal(peer.counters.openStreams, 0);
});
