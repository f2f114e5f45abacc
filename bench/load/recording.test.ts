/** Unit tests of recordings: what each step waits for, what is left out, and the way through files. */
import { join } from "node:path";
import t from "tap";
import { CLIENT_PREFACE, FRAME } from "./http2-frames.ts";
import { Recorder, readRecording, writeRecording } from "./recording.ts";

function frame(type: number, streamId: number, body = Buffer.alloc(0), flags = 0): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, body]);
}

const emptyMessage = Buffer.alloc(5);

/** Two streams, one into the other, as Envoy and a server would take turns. */
function record(): Recorder {
  const recorder = new Recorder();
  recorder.onClientBytes(CLIENT_PREFACE);
  recorder.onClientBytes(frame(FRAME.settings, 0));
  recorder.onServerBytes(frame(FRAME.settings, 0));
  recorder.onClientBytes(frame(FRAME.settings, 0, Buffer.alloc(0), 1));
  recorder.onClientBytes(frame(FRAME.headers, 1));
  recorder.onClientBytes(frame(FRAME.data, 1, emptyMessage));
  recorder.onClientBytes(frame(FRAME.headers, 3));
  recorder.onServerBytes(frame(FRAME.headers, 1));
  recorder.onServerBytes(frame(FRAME.data, 1, Buffer.concat([emptyMessage, emptyMessage])));
  recorder.onServerBytes(frame(FRAME.ping, 0, Buffer.alloc(8)));
  recorder.onClientBytes(frame(FRAME.ping, 0, Buffer.alloc(8), 1));
  recorder.onClientBytes(frame(FRAME.resetStream, 1, Buffer.alloc(4)));
  recorder.onClientBytes(frame(FRAME.resetStream, 3, Buffer.alloc(4)));
  return recorder;
}

t.test("finish() gives every frame the answers that its stream had", async (t) => {
  const { answers, bytes, ends, flowBytes, requests, streams } = record().finish();
  t.same(streams, [0, 0, 1, 1, 3, 1, 3], "without acknowledgements");
  t.same(answers, [0, 0, 0, 0, 0, 2, 0]);
  t.same(flowBytes, [0, 0, 0, 5, 0, 0, 0]);
  t.equal(requests, 2);
  t.equal(ends.at(-1), bytes.length);
  t.ok(bytes.subarray(0, 24).equals(CLIENT_PREFACE));
});

t.test("finish() refuses a stream that a replay could not send without its window", async (t) => {
  const recorder = record();
  recorder.onClientBytes(frame(FRAME.headers, 5));
  for (let sent = 0; sent < 70_000; sent += 10_000) {
    recorder.onClientBytes(frame(FRAME.data, 5, Buffer.alloc(10_000)));
  }
  t.throws(
    () => recorder.finish(),
    new RangeError("Cannot replay a stream of 70000 bytes: the limit is a window of 65535"),
  );
});

t.test("finish() refuses streams that Envoy did not reset", async (t) => {
  const recorder = record();
  recorder.onClientBytes(frame(FRAME.headers, 5));
  t.throws(
    () => recorder.finish(),
    new RangeError("Cannot replay the recording: 2 of 3 streams are finished"),
  );
});

t.test("readRecording() reads what writeRecording() wrote", async (t) => {
  const file = join(t.testdir({}), "recording");
  const recording = record().finish();
  await writeRecording(file, recording);
  t.same(await readRecording(file), recording);
});
