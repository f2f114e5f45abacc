/** Tests of a connection on a real socket: back-pressure, buffers, and ends of all kinds. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { FrameReader } from "./frame-reader.ts";
import { FRAME, MAX_INT31, SETTING } from "./protocol.ts";
import {
  data,
  headers,
  lastData,
  message,
  opening,
  settings,
  windowUpdate,
} from "./testdata/client-frames.ts";
import { startEcho } from "./testdata/echo-server.ts";
import type { EchoServer } from "./testdata/echo-server.ts";

const body = Buffer.alloc(16_379, "0123456789abcdef");
const full = message(body);

/** As many windows as there are. */
const wideOpen = Buffer.concat([
  opening,
  settings([SETTING.initialWindowSize, MAX_INT31]),
  windowUpdate(0, MAX_INT31 - 65_535),
]);

function dial(t: Test, { path }: EchoServer): Socket {
  const socket = connect(path);
  socket.on("error", () => {});
  t.teardown(() => socket.destroy());
  return socket;
}

/** Reads DATA until so many bytes have come. */
/** What comes on all streams, stream after stream: where the peer is slow, they take turns. */
async function readBodies(socket: Socket, length: number): Promise<Buffer> {
  const reader = new FrameReader();
  const parts = new Map<number, Buffer[]>();
  let left = length;
  while (left > 0) {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      await once(socket, "readable");
      continue;
    }
    reader.push(chunk);
    while (reader.next()) {
      if (reader.type !== FRAME.data) continue;
      const bytes = Buffer.from(reader.bytes.subarray(reader.start, reader.end));
      parts.set(reader.streamId, [...(parts.get(reader.streamId) ?? []), bytes]);
      left -= reader.end - reader.start;
    }
  }
  const ids = [...parts.keys()].toSorted((left, right) => left - right);
  return Buffer.concat(ids.flatMap((id) => parts.get(id) ?? []));
}

t.test("a peer that does not read is not read either, and loses nothing", async (t) => {
  const running = await startEcho(t);
  const socket = dial(t, running);
  socket.pause();
  socket.write(wideOpen);
  socket.write(headers(1));
  const count = 2_000;
  let written = 0;
  // What both sockets, and the queue of ours, can hold; then nothing moves until somebody reads.
  while (written < count && socket.writableLength < 1_000_000) {
    socket.write(data(1, full));
    written++;
    if (written % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(written < count, `stopped after ${written} messages`);
  const answer = await readBodies(socket, written * full.length);
  t.ok(answer.equals(Buffer.concat(Array.from({ length: written }, () => full))));
  t.match(running.server.stats, { overflownStreams: 0, openStreams: 1 });
});

t.test("a peer that never reads is cut off in time", async (t) => {
  const clock = new ManualClock();
  const running = await startEcho(t, { clock, limits: { stallMs: 60_000 } });
  const socket = dial(t, running);
  socket.pause();
  socket.write(wideOpen);
  socket.write(headers(1));
  for (let count = 0; count < 200; count++) socket.write(data(1, full));
  while (running.server.stats.openStreams === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let second = 0; second < 200 && running.server.stats.connections > 0; second++) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.match(running.server.stats, { connections: 0, timedOutConnections: 1 });
  t.strictSame(running.ends, ["connection-lost"]);
});

t.test("a peer that vanishes loses its calls", async (t) => {
  const running = await startEcho(t);
  for (const vanish of ["destroy", "end"] as const) {
    const socket = dial(t, running);
    socket.write(Buffer.concat([opening, headers(1), headers(3)]));
    socket.resume();
    while (running.server.stats.openStreams < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket[vanish]();
    while (running.server.stats.connections > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.strictSame(running.ends.splice(0), ["connection-lost", "connection-lost"]);
  }
  t.strictSame(running.errors, []);
});

t.test("buffers that are used again never change what is under way", async (t) => {
  const running = await startEcho(t);
  const socket = dial(t, running);
  socket.write(wideOpen);
  let sent = 0;
  const wanted: Buffer[] = [];
  for (let id = 1; id < 400; id += 2) {
    const text = message(String(id).repeat(id * 20));
    const parts: Buffer[] = [headers(id)];
    for (let at = 0; at < text.length; at += 16_384)
      parts.push(data(id, text.subarray(at, at + 16_384)));
    parts.push(lastData(id));
    socket.write(Buffer.concat(parts));
    wanted.push(text);
    sent += text.length;
  }
  const answer = await readBodies(socket, sent);
  t.ok(answer.equals(Buffer.concat(wanted)));
});
