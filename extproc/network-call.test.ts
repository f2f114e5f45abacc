/** Tests of one stream of the network filter: every piece comes back as it was, and counts. */
import t from "tap";
import { ManualClock } from "../gateway/clock.ts";
import { NetworkCall } from "./network-call.ts";
import type { ConnectionTraffic } from "./network-session.ts";
import { envoyNetworkMessage, readNetworkReply } from "./testdata/envoy-messages.ts";
import { RecordingStream } from "./testdata/recording-stream.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";

function open() {
  const clock = new ManualClock();
  const counters = new ThreadCounters(createCounters(1), 0);
  const stream = new RecordingStream();
  const ended: ConnectionTraffic[] = [];
  const call = new NetworkCall({
    stream,
    clock,
    counters,
    onEnd: (traffic) => ended.push(traffic),
  });
  const say = (direction: "read" | "write", text: string, endOfStream = false) => {
    const bytes = envoyNetworkMessage({ direction, data: Buffer.from(text), endOfStream });
    call.onMessage(bytes, 0, bytes.length);
  };
  return { clock, counters, stream, ended, call, say };
}

t.test("onMessage() sends every piece back unmodified, in its direction", async (t) => {
  const { stream, say } = open();
  say("read", "EHLO agent.test\r\n");
  say("write", "220 mail.test\r\n");
  say("read", "");
  say("write", "bye", true);
  const replies = stream.sent.map(readNetworkReply).map(({ readData, writeData }) => ({
    read: readData && [Buffer.from(readData.data).toString(), readData.endOfStream],
    write: writeData && [Buffer.from(writeData.data).toString(), writeData.endOfStream],
  }));
  t.same(replies, [
    { read: ["EHLO agent.test\r\n", false], write: null },
    { read: null, write: ["220 mail.test\r\n", false] },
    { read: ["", false], write: null },
    { read: null, write: ["bye", true] },
  ]);
  t.equal(stream.end, undefined);
});

t.test("onMessage() reads the part of the bytes that is its own", async (t) => {
  const { stream, call } = open();
  const message = envoyNetworkMessage({
    direction: "read",
    data: Buffer.from("x"),
    endOfStream: false,
  });
  const around = Buffer.concat([Buffer.from("before"), message, Buffer.from("after")]);
  call.onMessage(around, 6, 6 + message.length);
  const [reply] = stream.sent.map(readNetworkReply);
  t.equal(Buffer.from(reply?.readData?.data ?? []).toString(), "x");
});

t.test("onMessage() counts while the connection is open", async (t) => {
  const { clock, counters, call, say, ended } = open();
  t.equal(counters.get("openConnections"), 1);
  t.equal(counters.get("totalConnections"), 1);
  say("read", "four");
  say("write", "sixsix");
  t.equal(counters.get("bytesUpstream"), 4);
  t.equal(counters.get("bytesDownstream"), 6);
  clock.advance(250);
  t.same(ended, []);
  call.onClose();
  t.same(ended, [{ bytesUpstream: 4, bytesDownstream: 6, durationMs: 250 }]);
  t.equal(counters.get("openConnections"), 0);
  t.equal(counters.get("totalConnections"), 1);
});

t.test("onClose() tells of the end once", async (t) => {
  const { counters, call, ended } = open();
  call.onClose();
  call.onClose();
  t.equal(ended.length, 1);
  t.equal(counters.get("openConnections"), 0);
});

t.test("onHalfClose() ends the call well", async (t) => {
  const { stream, call } = open();
  call.onHalfClose();
  t.same(stream.end, { status: 0, message: "" });
});

t.test(
  "onMessage() ends the call at a message that cannot be read, and shows nothing of it",
  async (t) => {
    const { counters, stream, call, say } = open();
    const bytes = Buffer.from("sk-secret-in-raw-bytes");
    call.onMessage(bytes, 0, bytes.length);
    t.same(stream.end, { status: 3, message: "The message cannot be read" });
    call.onMessage(bytes, 0, bytes.length);
    say("read", "more");
    t.equal(counters.get("failedStreams"), 1, "a stream fails once");
    t.equal(counters.get("bytesUpstream"), 0);
    t.same(stream.sent, []);
  },
);
