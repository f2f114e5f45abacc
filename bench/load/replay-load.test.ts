/** A conversation over real HTTP/2 is recorded through the relay and replayed to the same server. */
import { once } from "node:events";
import http2 from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import t from "tap";
import { FRAME } from "./http2-frames.ts";
import { openRecordingRelay } from "./recording-relay.ts";
import { writeRecording } from "./recording.ts";
import type { Recording } from "./recording.ts";
import { openScratch } from "./scratch.ts";
import { prepareReplay, ReplayPosition } from "./replay-load.ts";

type Test = Pick<typeof t, "teardown">;

const emptyMessage = Buffer.alloc(5);

/** Answers each message of 5 bytes with one, and counts them. */
async function startServer(t: Test, path: string) {
  const counts = { messages: 0, streams: 0 };
  const server = http2.createServer({ streamResetBurst: 1e9, streamResetRate: 1e9 });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    counts.streams += 1;
    stream.respond({ ":status": 200 });
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      counts.messages += chunk.length / 5;
      stream.write(Buffer.alloc(chunk.length));
    });
  });
  server.listen(path);
  await once(server, "listening");
  t.teardown(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return counts;
}

async function converse(path: string, streams: number): Promise<void> {
  const session = http2.connect("http://server", {
    createConnection: () => connect({ path }),
  });
  for (let index = 0; index < streams; index += 1) {
    const stream = session.request({
      ":method": "POST",
      ":path": `/n${index % 3}`,
      te: "trailers",
    });
    stream.on("error", () => {});
    stream.write(emptyMessage);
    await once(stream, "data");
    stream.write(emptyMessage);
    await once(stream, "data");
    stream.close(http2.constants.NGHTTP2_CANCEL);
  }
  session.close();
  await once(session, "close");
}

t.test("run() replays whole conversations until its time is over", async (t) => {
  // The test's own directory is longer than a socket's path may be.
  const scratch = await openScratch();
  t.teardown(() => scratch.close());
  const { directory } = scratch;
  const server = join(directory, "server.sock");
  const relayed = join(directory, "relay.sock");
  const counts = await startServer(t, server);
  const relay = await openRecordingRelay(relayed, server);
  await converse(relayed, 20);
  const recording = await relay.finish();
  t.equal(recording.requests, 20);
  t.same({ ...counts }, { streams: 20, messages: 40 });
  const file = join(directory, "recording");
  await writeRecording(file, recording);

  const load = await prepareReplay({
    kind: "replay",
    sockets: [server, server],
    recording: file,
    // Over before a connection is open.
    warmUpMs: 0,
    durationMs: 200,
  });
  t.ok(counts.streams > 0);
  const before = { ...counts };
  const result = await load.run();
  t.same(result.failures, {});
  t.ok(result.requests >= 40, `${result.requests} requests`);
  t.ok(result.elapsedMs >= 200);
  t.ok(counts.streams - before.streams >= result.requests, "each was really asked");
  t.ok(counts.messages - before.messages >= result.requests * 2, "with both its messages");
});

t.test("prepareReplay() rejects where nobody answers", async (t) => {
  const directory = t.testdir({});
  const file = join(directory, "recording");
  await writeRecording(file, tinyRecording);
  const workload = { kind: "replay", recording: file, warmUpMs: 10, durationMs: 10 } as const;
  // Short: a path of more than 107 characters is no address.
  await t.rejects(prepareReplay({ ...workload, sockets: ["/nonexistent/no.sock"] }), {
    message: /^Cannot warm up: no request succeeded: connect ENOENT/,
  });
});

// Preface, head of a stream, a message that takes all of the window but 10 bytes, one more, and the end.
const steps = [
  { type: FRAME.settings, stream: 0, answers: 0, flowBytes: 0 },
  { type: FRAME.headers, stream: 1, answers: 0, flowBytes: 0 },
  { type: FRAME.data, stream: 1, answers: 0, flowBytes: 65_525 },
  { type: FRAME.data, stream: 1, answers: 0, flowBytes: 11 },
  { type: FRAME.resetStream, stream: 1, answers: 1, flowBytes: 0 },
];

const tinyRecording: Recording = {
  bytes: Buffer.concat(steps.map(({ type }) => Buffer.from([0, 0, 0, type, 0, 0, 0, 0, 0]))),
  ends: steps.map((_, index) => (index + 1) * 9),
  streams: steps.map(({ stream }) => stream),
  answers: steps.map(({ answers }) => answers),
  flowBytes: steps.map(({ flowBytes }) => flowBytes),
  requests: 1,
};

t.test("advance() waits for the window and for answers", async (t) => {
  const position = new ReplayPosition(tinyRecording);
  t.equal(position.advance().length, 27);
  t.equal(position.advance().length, 0, "the window is full");
  const update = Buffer.alloc(13);
  update.writeUInt32BE(1, 9);
  const windowUpdate = { type: FRAME.windowUpdate, flags: 0, bytes: update };
  position.onFrame({ ...windowUpdate, streamId: 1 });
  t.equal(position.advance().length, 0, "of the stream, not of the connection");
  position.onFrame({ ...windowUpdate, streamId: 0 });
  t.equal(position.advance().length, 9);
  t.equal(position.advance().length, 0, "the answer is missing");
  t.equal(position.requests, 0);
  const bytes = Buffer.concat([Buffer.alloc(9), emptyMessage]);
  position.onFrame({ type: FRAME.data, flags: 0, streamId: 1, bytes });
  t.notOk(position.isAtEnd);
  t.equal(position.advance().length, 9);
  t.equal(position.requests, 1);
  t.ok(position.isAtEnd);
});
