/** Tests of gRPC calls: what a handler is told, what its peer hears, and what happens when either is broken. */
import t from "tap";
import type { GrpcCall, GrpcStream, OpenCall } from "./call.ts";
import { createRequestOpener } from "./grpc-requests.ts";
import { createLimits } from "./limits.ts";
import { ERROR, SETTING } from "./protocol.ts";
import {
  callFields,
  callPath,
  data,
  headers,
  lastData,
  message,
  reset,
  settings,
  windowUpdate,
} from "./testdata/client-frames.ts";
import { TestPeer } from "./testdata/test-peer.ts";

const responseHeaders = "HEADERS 1 :status=200 content-type=application/grpc";

interface Setting {
  readonly open?: OpenCall;
  readonly limits?: object;
}

/** A peer of a server with one method, whose calls write down what they are told. */
function start({ open, limits = {} }: Setting = {}) {
  const log: string[] = [];
  const errors: unknown[] = [];
  const streams: GrpcStream[] = [];
  const recorded: OpenCall = (stream) => {
    streams.push(stream);
    const inner: Partial<GrpcCall> = open?.(stream) ?? {};
    return {
      onMessage(bytes, from, end) {
        log.push(`message ${bytes.toString("latin1", from, end)}`);
        inner.onMessage?.(bytes, from, end);
      },
      onHalfClose() {
        log.push("half-close");
        inner.onHalfClose?.();
      },
      onClose(end) {
        log.push(`close ${end}`);
        inner.onClose?.(end);
      },
    };
  };
  const openStream = createRequestOpener({
    methods: new Map([[callPath, recorded]]),
    limits: createLimits(limits),
    onError: (error) => errors.push(error),
  });
  return { peer: new TestPeer({ openStream, limits }), log, errors, streams };
}

const call = (parts: Partial<GrpcCall>): GrpcCall => ({
  onMessage() {},
  onHalfClose() {},
  onClose() {},
  ...parts,
});

t.test("a call echoes its messages, several in a frame, and finishes", async (t) => {
  const { peer, log } = start({
    open: (stream) =>
      call({
        onMessage: (bytes, from, end) => stream.send(bytes.subarray(from, end)),
        onHalfClose: () => stream.finish(0),
      }),
  });
  peer.say(headers(1), data(1, Buffer.concat([message("one"), message("two")])), lastData(1));
  t.strictSame(peer.heard(), [
    responseHeaders,
    "DATA 1 8",
    "DATA 1 8",
    "HEADERS 1 grpc-status=0 end",
  ]);
  t.equal(peer.body(1).toString("hex"), "00000000036f6e65" + "000000000374776f");
  t.strictSame(log, ["message one", "message two", "half-close", "close finished"]);
});

t.test("header() finds the first of a name, and nothing of no name", async (t) => {
  const { peer, streams } = start();
  peer.say(headers(1, [...callFields, ["x-clrk-plan", "a"], ["x-clrk-plan", "b"]]));
  t.equal(streams[0]?.header("x-clrk-plan"), "a");
  t.equal(streams[0]?.header(":authority"), "engine");
  t.equal(streams[0]?.header("constructor"), undefined);
});

t.test("send() copies, so that a constant may be sent again", async (t) => {
  const { peer, streams } = start();
  peer.say(settings([SETTING.initialWindowSize, 7]), headers(1));
  const bytes = Buffer.from("abc");
  streams[0]?.send(bytes);
  streams[0]?.send(bytes);
  bytes.fill("!");
  await Promise.resolve();
  peer.say(windowUpdate(1, 100));
  t.equal(peer.body(1).toString("latin1"), "\0\0\0\0\x03abc".repeat(2));
});

t.test("finish() without a message is the only header block", async (t) => {
  const { peer, streams, log } = start();
  peer.say(headers(1));
  streams[0]?.finish(7, "Not for you, 100 %");
  streams[0]?.finish(0);
  streams[0]?.send(Buffer.from("late"));
  await Promise.resolve();
  t.strictSame(peer.heard(), [
    "HEADERS 1 :status=200 content-type=application/grpc grpc-status=7 " +
      "grpc-message=Not for you, 100 %25 end",
    "RST_STREAM 1 NO_ERROR",
  ]);
  t.strictSame(log, ["close finished"]);
});

t.test("finish() in the middle of a frame is the end of its messages", async (t) => {
  const { peer, log } = start({
    open: (stream) => call({ onMessage: () => stream.finish(0) }),
  });
  peer.say(headers(1), lastData(1, Buffer.concat([message("one"), message("two")])));
  t.strictSame(log, ["message one", "close finished"]);
});

t.test("a call may be answered while it opens", async (t) => {
  const { peer, log } = start({
    open(stream) {
      stream.send(Buffer.from("hello"));
      stream.finish(0);
      return call({});
    },
  });
  peer.say(headers(1));
  t.strictSame(peer.heard().slice(0, 3), [
    responseHeaders,
    "DATA 1 10",
    "HEADERS 1 grpc-status=0 end",
  ]);
  t.strictSame(log, ["close finished"]);
});

t.test("a reset is told once, and nothing after it", async (t) => {
  const { peer, log, streams } = start();
  peer.say(headers(1), data(1, message("a").subarray(0, 3)), reset(1, ERROR.CANCEL), data(1, "x"));
  streams[0]?.send(Buffer.from("late"));
  streams[0]?.finish(0);
  t.strictSame(log, ["close reset"]);
});

t.test("a lost connection is told", async (t) => {
  const { peer, log } = start();
  peer.say(headers(1));
  peer.connection.lost();
  t.strictSame(log, ["close connection-lost"]);
});

const broken = new Error("Broken");
const internal = "grpc-status=13 grpc-message=The gateway failed end";
const trailersOnly = "HEADERS 1 :status=200 content-type=application/grpc";
const throwing: readonly { name: string; open: OpenCall; heard: string; closes: string[] }[] = [
  {
    name: "open",
    open: () => {
      throw broken;
    },
    heard: `${trailersOnly} ${internal}`,
    closes: [],
  },
  {
    name: "onMessage",
    open: () =>
      call({
        onMessage() {
          throw broken;
        },
      }),
    heard: `${trailersOnly} ${internal}`,
    closes: ["close finished"],
  },
  {
    name: "onHalfClose",
    open: (stream) =>
      call({
        onMessage: () => stream.send(Buffer.from("x")),
        onHalfClose() {
          throw broken;
        },
      }),
    heard: `HEADERS 1 ${internal}`,
    closes: ["close finished"],
  },
];

for (const { name, open, heard, closes } of throwing) {
  t.test(`a throw of ${name} ends its call with INTERNAL and nothing else`, async (t) => {
    const { peer, log, errors } = start({ open });
    peer.say(headers(1), lastData(1, message("hello")));
    t.ok(peer.heard().includes(heard));
    t.strictSame(errors, [broken]);
    t.strictSame(
      log.filter((line) => line.startsWith("close")),
      closes,
    );
    t.notOk(peer.connection.isClosed);
    t.equal(peer.counters.openStreams, 0);
  });
}

t.test("a throw of onClose is reported and harms nobody", async (t) => {
  const { peer, log, errors } = start({
    open: () =>
      call({
        onClose() {
          throw broken;
        },
      }),
  });
  peer.say(headers(1), headers(3), reset(1, ERROR.CANCEL), reset(3, ERROR.CANCEL));
  t.strictSame(errors, [broken, broken]);
  t.strictSame(log, ["close reset", "close reset"]);
  t.notOk(peer.connection.isClosed);
});

const refusals: readonly { name: string; limits: object; bytes: Buffer; heard: string }[] = [
  {
    name: "a compressed message",
    limits: {},
    bytes: Buffer.from("010000000161", "hex"),
    heard: "grpc-status=12 grpc-message=Compressed messages are not supported",
  },
  {
    name: "a message that is too large",
    limits: { maxMessageBytes: 3 },
    bytes: message("four"),
    heard: "grpc-status=8 grpc-message=The message is too large",
  },
  {
    name: "too much that is incomplete",
    limits: { maxPartialBytes: 1_000 },
    bytes: message(Buffer.alloc(9_000)).subarray(0, 8_000),
    heard: "grpc-status=8 grpc-message=Too many messages are incomplete",
  },
];

for (const { name, limits, bytes, heard } of refusals) {
  t.test(`${name} ends its call`, async (t) => {
    const { peer, log } = start({ limits });
    peer.say(headers(1), data(1, bytes));
    t.strictSame(peer.heard(), [`${trailersOnly} ${heard} end`, "RST_STREAM 1 NO_ERROR"]);
    t.strictSame(log, ["close finished"]);
  });
}

t.test("a message that is cut off ends its call with INTERNAL", async (t) => {
  const { peer, log } = start();
  peer.say(headers(1), lastData(1, message("hello").subarray(0, 7)));
  t.match(peer.heard(), [/grpc-status=13 grpc-message=The last message is cut off end$/]);
  t.strictSame(log, ["close finished"], "no half-close");
});
