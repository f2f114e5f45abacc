/** Tests of a connection's life: beginning, batches, drain, time limits, and any bytes whatever. */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import type { Random } from "../testdata/random.ts";
import { encodeFields } from "./hpack-encoder.ts";
import { CLIENT_PREFACE, FLAG, FRAME, MAX_INT31, SETTING } from "./protocol.ts";
import type { Http2Stream, OpenStream } from "./stream.ts";
import {
  data,
  frame,
  headers,
  lastData,
  lastHeaders,
  opening,
  ping,
  reset,
  settings,
  windowUpdate,
} from "./testdata/client-frames.ts";
import { recordingHandlers } from "./testdata/recording-handlers.ts";
import { TestPeer } from "./testdata/test-peer.ts";

const ok = encodeFields([[":status", "200"]]);
const trailers = encodeFields([["grpc-status", "0"]]);
const nothing = Buffer.alloc(0);

/** Answers with as many bytes as came. */
const echo: OpenStream = (stream) => {
  let hasAnswered = false;
  return {
    onBody(bytes, start, end) {
      if (!hasAnswered) stream.sendHeaders(ok);
      hasAnswered = true;
      stream.sendBody(nothing, bytes.subarray(start, end));
    },
    onEnd: () => stream.end(trailers),
    onClose() {},
  };
};

t.test("start() sends our SETTINGS and opens the window", async (t) => {
  const limits = { maxConcurrentStreams: 5, streamWindowBytes: 70_000, maxHeaderListBytes: 9 };
  const { openStream } = recordingHandlers();
  const peer = new TestPeer({ openStream, limits, isOpen: false });
  t.strictSame(peer.heard(), [
    "SETTINGS 000300000005000400011170000600000009",
    `WINDOW_UPDATE 0 ${16_777_216 - 65_535}`,
  ]);
  t.equal(peer.writes, 1);
});

t.test("receive() takes the preface in pieces", async (t) => {
  const peer = new TestPeer({ openStream: echo, isOpen: false });
  peer.heard();
  for (const byte of opening) peer.say(Buffer.of(byte));
  t.strictSame(peer.heard(), ["SETTINGS ack"]);
});

const beginnings: readonly { name: string; bytes: Buffer }[] = [
  { name: "another protocol", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n") },
  {
    name: "a preface that is wrong at its end",
    bytes: Buffer.from(`${CLIENT_PREFACE.slice(0, -1)}x`),
  },
  {
    name: "another frame first",
    bytes: Buffer.concat([Buffer.from(CLIENT_PREFACE), ping("12345678")]),
  },
  {
    name: "an acknowledgement first",
    bytes: Buffer.concat([Buffer.from(CLIENT_PREFACE), frame(FRAME.settings, FLAG.ack, 0)]),
  },
];

for (const { name, bytes } of beginnings) {
  t.test(`receive() ends the connection for ${name}`, async (t) => {
    const peer = new TestPeer({ openStream: echo, isOpen: false });
    peer.say(bytes);
    t.equal(peer.heard().at(-1), "GOAWAY 0 PROTOCOL_ERROR");
    t.ok(peer.isEnded);
    peer.say(opening, headers(1));
    t.strictSame(peer.heard(), [], "nothing is read any more");
  });
}

t.test("receive() ends the connection for a frame that is too large", async (t) => {
  const peer = new TestPeer({ openStream: echo });
  peer.say(headers(1), frame(FRAME.data, 0, 1, Buffer.alloc(16_385)));
  t.strictSame(peer.heard(), ["GOAWAY 1 FRAME_SIZE_ERROR"]);
});

t.test("receive() writes short answers at once", async (t) => {
  const peer = new TestPeer({ openStream: echo });
  const { writes } = peer;
  const ids = Array.from({ length: 15 }, (_, index) => index * 2 + 1);
  peer.say(...ids.flatMap((id) => [headers(id), data(id, "ping"), lastData(id, "pong")]));
  t.equal(peer.writes, writes + 1);
  t.equal(peer.heard().length, 4 * 15);
});

t.test("receive() writes long answers while there is more to read", async (t) => {
  const peer = new TestPeer({ openStream: echo });
  const { writes } = peer;
  const ids = Array.from({ length: 10 }, (_, index) => index * 2 + 1);
  peer.say(...ids.flatMap((id) => [headers(id), lastData(id, "x".repeat(2_500))]));
  t.equal(peer.writes, writes + 10);
  t.equal(peer.heard().length, 3 * 10);
});

t.test("what is sent at the end of a batch leaves with the answers of its read", async (t) => {
  const { openStream, streams } = recordingHandlers();
  const log: string[] = [];
  const peer: TestPeer = new TestPeer({
    openStream,
    batch: {
      beginBatch: () => log.push(`begin ${peer?.writes}`),
      endBatch() {
        log.push(`end ${streams.size}`);
        for (const stream of streams.values()) {
          stream.sendHeaders(ok);
          stream.sendBody(nothing, Buffer.from("x"));
        }
      },
    },
    isOpen: false,
  });
  peer.say(opening);
  peer.heard();
  log.length = 0;
  const { writes } = peer;
  peer.say(headers(1), headers(3));
  t.strictSame(log, [`begin ${writes}`, "end 2"]);
  t.equal(peer.writes, writes + 1);
  t.equal(peer.heard().length, 4);
});

t.test("a batch ends also where a read fails", async (t) => {
  let isOpen = false;
  const peer = new TestPeer({
    openStream: () => {
      throw new Error("Broken");
    },
    batch: {
      beginBatch() {
        isOpen = true;
      },
      endBatch() {
        isOpen = false;
      },
    },
  });
  peer.say(headers(1));
  t.equal(isOpen, false);
  t.match(peer.heard(), [/GOAWAY/]);
});

t.test("answers outside of a read are written together, soon", async (t) => {
  const { openStream, streams } = recordingHandlers();
  const peer = new TestPeer({ openStream });
  peer.say(headers(1), headers(3));
  const { writes } = peer;
  for (const stream of streams.values()) {
    stream.sendHeaders(ok);
    stream.sendBody(nothing, Buffer.from("x"));
  }
  t.equal(peer.writes, writes);
  await Promise.resolve();
  t.equal(peer.writes, writes + 1);
});

t.test("receive() hears the same however the bytes are cut", async (t) => {
  const bytes = Buffer.concat([
    opening,
    settings([SETTING.initialWindowSize, 100]),
    ...[1, 3, 5].flatMap((id) => [
      headers(id),
      data(id, "x".repeat(id * 50)),
      windowUpdate(id, 500),
    ]),
    ping("12345678"),
    reset(3, 8),
    lastData(1),
    lastData(5, "bye"),
  ]);
  const random = seededRandom(8);
  const runs = [0, 1, 7, 100, 1_000].map((most) => {
    const peer = new TestPeer({ openStream: echo, isOpen: false });
    if (most === 0) peer.say(bytes);
    for (let at = 0; most > 0 && at < bytes.length; ) {
      const length = random.below(most) + 1;
      peer.say(bytes.subarray(at, at + length));
      at += length;
    }
    return peer.heard();
  });
  for (const lines of runs) t.strictSame(lines, runs[0]);
});

t.test("receive() survives a handler that throws", async (t) => {
  const broken = new Error("Broken");
  const { openStream, log } = recordingHandlers(() => {
    throw broken;
  });
  const peer = new TestPeer({ openStream });
  peer.say(headers(1), lastHeaders(3));
  t.strictSame(peer.heard(), ["GOAWAY 3 INTERNAL_ERROR"]);
  t.equal(peer.errors[0], broken);
  t.strictSame(log.slice(-2), ["close 1 connection-lost", "close 3 connection-lost"]);
});

t.test("receive() tells every handler of its end, even when another one throws", async (t) => {
  const log: string[] = [];
  const peer = new TestPeer({
    openStream: ({ id }) => ({
      onBody() {},
      onEnd() {},
      onClose(end) {
        log.push(`${id} ${end}`);
        if (id < 7) throw new Error(`Broken ${id}`);
      },
    }),
  });
  peer.say(headers(1), headers(3), headers(5), headers(7), reset(3, 8), reset(5, 8));
  t.strictSame(log, ["3 reset", "5 reset", "1 connection-lost", "7 connection-lost"]);
  t.strictSame(peer.heard(), ["GOAWAY 7 INTERNAL_ERROR"]);
  t.equal(peer.errors.length, 4, "three throws, and the end of the connection");
});

t.test("abort() within a handler tells it of the end only when it has returned", async (t) => {
  const log: string[] = [];
  const peer: TestPeer = new TestPeer({
    openStream: () => ({
      onBody() {
        peer.connection.abort();
        log.push("body");
      },
      onEnd: () => log.push("end"),
      onClose: (end) => log.push(end),
    }),
  });
  peer.say(headers(1), lastData(1, "x"), headers(3));
  t.strictSame(log, ["body", "connection-lost"]);
  t.strictSame(peer.heard(), ["GOAWAY 1 NO_ERROR"]);
});

t.test("drain() serves what is open and on its way, and ends after the last", async (t) => {
  const { openStream, streams } = recordingHandlers();
  const peer = new TestPeer({ openStream });
  peer.say(headers(1));
  peer.connection.drain();
  peer.connection.drain();
  t.strictSame(peer.heard(), [`GOAWAY ${MAX_INT31} NO_ERROR`, "PING clrk-end"]);
  peer.say(headers(3), ping("12345678", FLAG.ack));
  t.strictSame(peer.heard(), [], "another PING says nothing");
  peer.say(ping("clrk-end", FLAG.ack));
  t.strictSame(peer.heard(), ["GOAWAY 3 NO_ERROR"]);
  peer.say(headers(5));
  t.strictSame(peer.heard(), ["RST_STREAM 5 REFUSED_STREAM"]);
  const end = async (id: number) => {
    streams.get(id)?.end(trailers);
    await Promise.resolve();
  };
  await end(1);
  t.notOk(peer.isEnded);
  await end(3);
  t.ok(peer.isEnded);
  t.notMatch(peer.heard().join(), "GOAWAY");
  t.strictSame(peer.errors, []);
});

t.test("drain() does not wait for a peer that answers no PING", async (t) => {
  const peer = new TestPeer({ openStream: echo });
  peer.connection.drain();
  peer.wait(999);
  t.notOk(peer.isEnded);
  peer.wait(1);
  t.ok(peer.isEnded);
});

t.test("abort() ends all streams with the connection", async (t) => {
  const { openStream, log } = recordingHandlers();
  const peer = new TestPeer({ openStream });
  peer.say(headers(1));
  peer.connection.abort();
  peer.connection.abort();
  t.strictSame(peer.heard(), ["GOAWAY 1 NO_ERROR"]);
  t.equal(log.at(-1), "close 1 connection-lost");
  t.ok(peer.isEnded);
});

t.test("check() ends a connection that does not begin", async (t) => {
  for (const bytes of [nothing, opening.subarray(0, 10), Buffer.from(CLIENT_PREFACE)]) {
    const peer = new TestPeer({ openStream: echo, isOpen: false, limits: { handshakeMs: 5_000 } });
    peer.say(bytes);
    peer.wait(4_999);
    t.notOk(peer.isEnded);
    peer.wait(1);
    t.equal(peer.heard().at(-1), "GOAWAY 0 SETTINGS_TIMEOUT");
    t.equal(peer.counters.timedOutConnections, 1);
  }
});

t.test("check() leaves an idle connection and an idle stream alone", async (t) => {
  const peer = new TestPeer({ openStream: recordingHandlers().openStream });
  peer.say(headers(1));
  for (let hour = 0; hour < 24; hour++) peer.wait(3_600_000);
  t.notOk(peer.connection.isClosed);
  t.strictSame(peer.heard(), []);
});

t.test("check() destroys what its peer does not close", async (t) => {
  const peer = new TestPeer({ openStream: echo, limits: { lingerMs: 500 } });
  peer.connection.abort();
  peer.wait(1_000);
  t.notOk(peer.isDestroyed, "counted from the first look");
  peer.wait(500);
  t.ok(peer.isDestroyed);
});

t.test("check() lets a slow peer take the last words", async (t) => {
  const peer = new TestPeer({ openStream: echo, limits: { lingerMs: 500, stallMs: 9_000 } });
  peer.isCongested = true;
  peer.connection.abort();
  peer.wait(1_000);
  peer.wait(8_999);
  t.notOk(peer.isDestroyed);
  peer.wait(1);
  t.ok(peer.isDestroyed);
});

t.test("check() resets streams whose peer takes too little", async (t) => {
  const { openStream, streams, log } = recordingHandlers();
  const peer = new TestPeer({ openStream, limits: { stallMs: 1_000, minDrainBytes: 10 } });
  peer.say(settings([SETTING.initialWindowSize, 0]), lastHeaders(1), lastHeaders(3), headers(5));
  for (const id of [1, 3]) streams.get(id)?.sendBody(nothing, Buffer.alloc(100));
  peer.wait(1_000);
  peer.say(windowUpdate(1, 9), windowUpdate(3, 10));
  peer.heard();
  peer.wait(1_000);
  t.strictSame(peer.heard(), ["RST_STREAM 1 CANCEL"]);
  t.equal(log.at(-1), "close 1 reset");
  t.equal(peer.counters.stalledStreams, 1);
  peer.wait(1_000);
  t.strictSame(peer.heard(), ["RST_STREAM 3 CANCEL"], "and one that waits for nothing is left");
});

t.test("check() destroys a connection whose socket takes nothing", async (t) => {
  const peer = new TestPeer({ openStream: echo, limits: { stallMs: 1_000 } });
  peer.isCongested = true;
  peer.wait(1_000);
  peer.isCongested = false;
  peer.connection.drained();
  peer.isCongested = true;
  peer.wait(1_000);
  t.notOk(peer.isDestroyed, "it took something meanwhile");
  peer.wait(1_000);
  t.ok(peer.isDestroyed);
  t.equal(peer.counters.timedOutConnections, 1);
});

/** A valid conversation, of which the seed chooses one. */
function conversation(random: Random): Buffer[] {
  const frames = [opening, settings([SETTING.initialWindowSize, random.below(1_000)])];
  for (let id = 1; id < 40; id += 2) {
    frames.push(headers(id));
    for (let count = random.below(4); count > 0; count--)
      frames.push(data(id, random.bytes(random.below(200))));
    frames.push(
      random.pick([
        lastData(id),
        reset(id, 8),
        lastHeaders(id, []),
        windowUpdate(id, 99),
        ping("12345678"),
      ]),
    );
  }
  return frames;
}

t.test(
  "receive() takes any bytes without a throw, and tells every handler of its end",
  async (t) => {
    for (let seed = 0; seed < 3_000; seed++) {
      const random = seededRandom(seed);
      let open = 0;
      const openStream: OpenStream = (stream: Http2Stream, head) => {
        open++;
        const inner = echo(stream, head);
        return { ...inner, onClose: () => open-- };
      };
      const peer = new TestPeer({ openStream, isOpen: false });
      const bytes = Buffer.concat(conversation(random));
      for (let count = random.below(6); count > 0; count--) {
        // Rarely in the preface, after which nothing would be read.
        const at = random.below(random.below(20) === 0 ? 24 : bytes.length);
        bytes[at] = random.pick([
          random.below(256),
          0,
          1,
          0xff,
          (bytes[at] ?? 0) ^ (1 << random.below(8)),
        ]);
      }
      for (let at = 0; at < bytes.length; ) {
        const length = random.below(random.pick([10, 300, 5_000])) + 1;
        peer.say(bytes.subarray(at, at + length));
        at += length;
      }
      const internal = peer.errors.filter((error) => !(error instanceof Error && "code" in error));
      if (internal.length > 0) t.fail(`seed ${seed}`, { internal });
      if (peer.counters.openStreams !== open) t.fail(`seed ${seed}: ${open} open`);
      peer.connection.lost();
      if (open !== 0 || peer.counters.openStreams !== 0) t.fail(`seed ${seed}: ${open} left`);
    }
    t.pass("3,000 conversations");
  },
);
