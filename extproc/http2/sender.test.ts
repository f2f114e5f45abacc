/** Tests of sending within the windows and the socket of a peer. */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { encodeFields } from "./hpack-encoder.ts";
import { ERROR, SETTING } from "./protocol.ts";
import type { Http2Stream } from "./stream.ts";
import { lastHeaders, reset, settings, windowUpdate } from "./testdata/client-frames.ts";
import { recordingHandlers } from "./testdata/recording-handlers.ts";
import { TestPeer } from "./testdata/test-peer.ts";

const nothing = Buffer.alloc(0);
const trailers = encodeFields([["grpc-status", "0"]]);
const initialWindow = (bytes: number) => settings([SETTING.initialWindowSize, bytes]);

function start(limits = {}) {
  const { openStream, log, streams } = recordingHandlers();
  const peer = new TestPeer({ openStream, limits });
  const open = (id: number): Http2Stream => {
    peer.say(lastHeaders(id));
    const stream = streams.get(id);
    if (stream === undefined) throw new Error(`Cannot get stream ${id}: it was not opened`);
    return stream;
  };
  return { peer, log, open };
}

/** What is heard after what was sent outside of a read. */
async function heard(peer: TestPeer): Promise<string[]> {
  await Promise.resolve();
  return peer.heard();
}

t.test("sendBody() cuts what is larger than a frame", async (t) => {
  const { peer, open } = start();
  open(1).sendBody(Buffer.from("lead!"), Buffer.alloc(40_000, "x"));
  t.strictSame(await heard(peer), ["DATA 1 5", "DATA 1 16384", "DATA 1 16384", "DATA 1 7232"]);
  t.equal(peer.body(1).toString(), `lead!${"x".repeat(40_000)}`);
});

t.test("sendBody() sends no further than the stream's window", async (t) => {
  const { peer, open } = start();
  peer.say(initialWindow(10));
  const stream = open(1);
  stream.sendBody(nothing, Buffer.from("0123456789abcdef"));
  t.strictSame(await heard(peer), ["SETTINGS ack", "DATA 1 10"]);
  peer.say(windowUpdate(1, 1));
  peer.say(windowUpdate(1, 100));
  t.strictSame(peer.heard(), ["DATA 1 1", "DATA 1 5"]);
  stream.sendBody(Buffer.from("g"), Buffer.from("h"));
  t.strictSame(await heard(peer), ["DATA 1 2"]);
  t.equal(peer.body(1).toString(), "0123456789abcdefgh");
});

t.test("sendBody() sends no further than the connection's window", async (t) => {
  const { peer, open } = start();
  peer.say(initialWindow(100_000));
  open(1).sendBody(nothing, Buffer.alloc(60_000));
  const other = open(3);
  other.sendBody(nothing, Buffer.alloc(10_000));
  other.end(trailers);
  await heard(peer);
  t.equal(peer.body(3).length, 5_535, "65,535 in all");
  peer.say(windowUpdate(0, 4_464));
  t.equal(peer.body(3).length, 9_999);
  peer.say(windowUpdate(0, 1));
  t.strictSame(peer.heard().slice(-2), ["DATA 3 1", "HEADERS 3 grpc-status=0 end"]);
});

t.test("a window may be negative, and nothing is sent until it no longer is", async (t) => {
  const { peer, open } = start();
  const stream = open(1);
  stream.sendBody(nothing, Buffer.alloc(1_000));
  peer.say(initialWindow(500));
  stream.sendBody(nothing, Buffer.alloc(100));
  peer.say(windowUpdate(1, 500));
  t.equal(peer.body(1).length, 1_000);
  peer.say(windowUpdate(1, 1));
  t.equal(peer.body(1).length, 1_001);
  peer.say(initialWindow(2_000));
  t.equal(peer.body(1).length, 1_100);
});

t.test("end() waits for what waits", async (t) => {
  for (const last of [trailers, undefined]) {
    const { peer, open, log } = start();
    peer.say(initialWindow(0));
    const stream = open(1);
    stream.sendBody(nothing, Buffer.from("abc"));
    stream.end(last);
    stream.sendBody(nothing, Buffer.from("ignored"));
    t.strictSame(await heard(peer), ["SETTINGS ack"]);
    t.equal(log.at(-1), "end 1");
    peer.say(initialWindow(3));
    const ends = last === undefined ? "DATA 1 0 end" : "HEADERS 1 grpc-status=0 end";
    t.strictSame(peer.heard(), ["SETTINGS ack", "DATA 1 3", ends]);
    t.equal(log.at(-1), "close 1 finished");
  }
});

t.test("streams that wait take turns", async (t) => {
  const { peer, open } = start();
  peer.say(initialWindow(1_000_000));
  open(1).sendBody(nothing, Buffer.alloc(65_535));
  for (const id of [3, 5]) open(id).sendBody(nothing, Buffer.alloc(50_000));
  await heard(peer);
  peer.say(windowUpdate(0, 16_384 * 3));
  t.strictSame(peer.heard(), ["DATA 3 16384", "DATA 5 16384", "DATA 3 16384"]);
});

t.test("what waits is forgotten with its stream", async (t) => {
  const { peer, open, log } = start({ maxQueuedBytes: 1_000 });
  peer.say(initialWindow(0));
  for (let id = 1; id < 50; id += 2) {
    open(id).sendBody(nothing, Buffer.alloc(800));
    peer.say(reset(id, ERROR.CANCEL));
  }
  t.equal(log.filter((line) => line.endsWith("reset")).length, 25);
  t.equal(peer.counters.overflownStreams, 0);
  peer.say(windowUpdate(0, 1_000_000), initialWindow(100));
  t.notMatch(peer.heard().join(), "DATA");
});

t.test("a stream whose answers wait too much is reset, and others are not", async (t) => {
  const { peer, open, log } = start({ maxQueuedStreamBytes: 1_000 });
  peer.say(initialWindow(0));
  const [stream, other] = [open(1), open(3)];
  other.sendBody(nothing, Buffer.alloc(500));
  stream.sendBody(nothing, Buffer.alloc(900));
  peer.heard();
  stream.sendBody(Buffer.alloc(5), Buffer.alloc(500));
  t.strictSame(await heard(peer), ["RST_STREAM 1 ENHANCE_YOUR_CALM"]);
  t.equal(log.at(-1), "close 1 reset");
  t.equal(peer.counters.overflownStreams, 1);
  peer.say(windowUpdate(3, 500));
  t.strictSame(peer.heard(), ["DATA 3 500"]);
});

t.test("a message that overflows in the middle sends nothing after the reset", async (t) => {
  const { peer, open } = start({ maxQueuedStreamBytes: 10 });
  peer.say(initialWindow(3));
  open(1).sendBody(Buffer.from("lead!"), Buffer.from("b"));
  const lines = await heard(peer);
  t.strictSame(lines.slice(1), ["DATA 1 3", "RST_STREAM 1 ENHANCE_YOUR_CALM"]);
});

t.test("small pieces count what they cost", async (t) => {
  const { peer, open } = start({ maxQueuedStreamBytes: 10_000 });
  peer.say(initialWindow(0));
  const stream = open(1);
  for (let count = 0; count < 1_000; count++) stream.sendBody(nothing, Buffer.from("x"));
  t.equal(peer.counters.overflownStreams, 1);
});

t.test("all streams together wait within a limit", async (t) => {
  const { peer, open } = start({ maxQueuedBytes: 2_000 });
  peer.say(initialWindow(0));
  for (const id of [1, 3, 5]) open(id).sendBody(nothing, Buffer.alloc(800));
  t.equal(peer.counters.overflownStreams, 1);
});

t.test("bodies wait while the socket is congested, and nothing else does", async (t) => {
  const { peer, open } = start();
  const stream = open(1);
  peer.isCongested = true;
  stream.sendHeaders(encodeFields([[":status", "200"]]));
  stream.sendBody(nothing, Buffer.from("abc"));
  stream.end(trailers);
  t.strictSame(await heard(peer), ["HEADERS 1 :status=200"]);
  peer.isCongested = false;
  peer.connection.drained();
  t.strictSame(peer.heard(), ["DATA 1 3", "HEADERS 1 grpc-status=0 end"]);
});

t.test("every byte arrives in order, whatever windows and socket do", async (t) => {
  const random = seededRandom(7);
  const { peer, open } = start({ maxSettings: 10_000 });
  peer.say(initialWindow(100), windowUpdate(0, 2 ** 30));
  const ids = [1, 3, 5];
  const streams = new Map(ids.map((id) => [id, open(id)]));
  const sent = new Map(ids.map((id) => [id, ""]));
  let window = 100;
  for (let step = 0; step < 3_000; step++) {
    const id = random.pick(ids);
    switch (random.below(6)) {
      case 0:
        window = random.below(20_000);
        peer.say(initialWindow(window));
        break;
      case 1:
        peer.isCongested = !peer.isCongested;
        if (!peer.isCongested) peer.connection.drained();
        break;
      case 2:
        peer.say(windowUpdate(id, random.below(30_000) + 1));
        break;
      default: {
        const text = String(step).repeat(random.below(random.pick([3, 3, 5_000])));
        streams.get(id)?.sendBody(Buffer.from("-----"), Buffer.from(text));
        sent.set(id, `${sent.get(id)}-----${text}`);
      }
    }
  }
  peer.isCongested = false;
  peer.connection.drained();
  for (const id of ids) {
    peer.say(windowUpdate(id, 2 ** 30));
    streams.get(id)?.end(trailers);
  }
  const ends = (await heard(peer)).filter((line) => line.endsWith(" end"));
  t.equal(ends.length, 3, "seed 7");
  for (const id of ids) t.ok(peer.body(id).toString() === sent.get(id), `stream ${id}`);
});
