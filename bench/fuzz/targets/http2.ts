/**
 * HTTP/2 connections: frames and the state between them (RFC 9113), as a client may send them. Whatever comes, nothing is
 * thrown, every stream is told its end, what is answered are whole frames, and nothing depends on how bytes are cut.
 */

import type { OpenCall } from "../../../extproc/http2/call.ts";
import { createRequestOpener } from "../../../extproc/http2/grpc-requests.ts";
import { encodeFields } from "../../../extproc/http2/hpack-encoder.ts";
import { createLimits } from "../../../extproc/http2/limits.ts";
import { FLAG, FRAME, SETTING } from "../../../extproc/http2/protocol.ts";
import {
  callFields,
  callPath,
  data,
  frame,
  headers,
  lastData,
  lastHeaders,
  message,
  opening,
  ping,
  reset,
  settings,
  uint32,
  windowUpdate,
} from "../../../extproc/http2/testdata/client-frames.ts";
import { TestPeer } from "../../../extproc/http2/testdata/test-peer.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { differenceByCut } from "../input-cuts.ts";

const FRAME_HEADER_BYTES = 9;

/** Small, so that inputs of some kilobytes pass them. */
const limits = createLimits({
  maxConcurrentStreams: 8,
  maxHeaderBlockBytes: 2_048,
  maxHeaderListBytes: 2_048,
  maxContinuations: 4,
  maxMessageBytes: 1_024,
  maxPartialBytes: 4_096,
  maxQueuedStreamBytes: 2_048,
  maxQueuedBytes: 8_192,
  maxEarlyResets: 8,
  maxSettings: 8,
  maxPings: 8,
  maxEmptyFrames: 8,
  maxWindowUpdates: 16,
  maxIgnoredFrames: 16,
});

/** The connection with a gRPC service behind it that echoes. */
export const http2Target: FuzzTarget = {
  name: "http2",
  promise: "no throw, every call closed, whole frames out, the same however it is cut",
  covers: ["/extproc/http2/"],
  maxInputBytes: 8_192,
  words: [opening, headers(1), lastHeaders(3), lastData(1), ping("12345678")],
  seeds: () => [
    opening,
    Buffer.concat([opening, headers(1), data(1, message("hi")), lastData(1), lastHeaders(3)]),
    Buffer.concat([
      opening,
      settings([SETTING.initialWindowSize, 4]),
      headers(1),
      lastData(1, message("hello")),
    ]),
  ],
  invent: (random) => Buffer.concat([opening, ...inventFrames(random)]),
  mutate: mutateFrames,
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  let problem: Finding;
  const difference = differenceByCut(input, (pieces) => {
    const { lines, finding } = converse(pieces);
    problem ??= finding;
    return lines;
  });
  return problem ?? difference;
}

/** How many calls are open, and the service that has them: it answers each message with itself. */
function createEcho() {
  const calls = { open: 0 };
  const errors: unknown[] = [];
  const echo: OpenCall = (stream) => {
    calls.open++;
    return {
      onMessage: (bytes, start, end) => stream.send(bytes.subarray(start, end)),
      onHalfClose: () => stream.finish(0),
      onClose: () => calls.open--,
    };
  };
  const methods = new Map([[callPath, echo]]);
  const openStream = createRequestOpener({ methods, limits, onError: (it) => errors.push(it) });
  return { calls, errors, openStream };
}

function converse(pieces: readonly Buffer[]): { lines: string; finding: Finding } {
  const { calls, errors, openStream } = createEcho();
  const peer = new TestPeer({ openStream, limits, isOpen: false });
  for (const piece of pieces) peer.connection.receive(piece);
  const lines = peer.heard();
  const { openStreams } = peer.counters;
  const { open } = calls;
  peer.connection.lost();
  errors.push(...peer.errors.filter((error) => !(error instanceof Error && "code" in error)));
  return {
    lines: lines.join("\n"),
    finding:
      (errors.length === 0 ? undefined : `a fault of ours: ${String(errors[0])}`) ??
      (open > openStreams ? `${open} calls are open of ${openStreams} streams` : undefined) ??
      (calls.open > 0 ? `${calls.open} calls are never closed` : undefined) ??
      (peer.counters.openStreams === 0 ? undefined : "streams are counted after the end") ??
      lines.find((line) => line.startsWith("frame of type")),
  };
}

function inventFrames(random: Random): Buffer[] {
  const frames: Buffer[] = [];
  for (let count = 1 + random.below(24); count > 0; count--) frames.push(inventFrame(random));
  return frames;
}

function inventFrame(random: Random): Buffer {
  const id = random.pick([1, 3, 5, 7, 9, 11, 0, 2, 0x7fff_ffff]);
  const size = random.pick([0, 1, 5, 100, 1_000, 2_000]);
  const flags = random.pick([0, 0, FLAG.endStream]);
  switch (random.below(14)) {
    case 0:
      return headers(id, inventFields(random), flags);
    case 1:
    case 2:
      return headers(id, callFields, flags);
    case 3:
      return data(id, random.bytes(size), flags);
    case 4:
    case 5:
      return data(id, message(Buffer.alloc(size, 0x61)), flags);
    case 6:
      return reset(id, random.below(16));
    case 7:
      return windowUpdate(id, random.pick([0, 1, 1_000, 0x7fff_ffff]));
    case 8:
      return settings([1 + random.below(9), random.pick([0, 1, 100, 65_535, 16_384, 0xffff_ffff])]);
    case 9:
      return ping("12345678", random.pick([0, FLAG.ack]));
    case 10:
      return inventSplitBlock(random, id);
    case 11:
      return padded(random, id);
    case 12:
      return frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(id), uint32(random.below(14))]));
    default:
      return frame(random.below(12), random.below(256), id, random.bytes(random.below(20)));
  }
}

function inventFields(random: Random): [string, string][] {
  const fields = callFields.map(([name, value]): [string, string] => [name, value]);
  const extra: readonly [string, string][] = [
    ["content-length", "5"],
    ["x-long", "x".repeat(random.pick([10, 500, 3_000]))],
    ["Upper", "case"],
    ["connection", "close"],
    [":path", "/other"],
    ["x-bad", "a\r\nb"],
    ["te", "gzip"],
  ];
  const changed = [...fields, random.pick(extra)];
  return random.below(3) === 0 ? random.shuffle(changed) : changed;
}

function inventSplitBlock(random: Random, id: number): Buffer {
  const block = encodeFields(inventFields(random));
  const cut = random.below(block.length + 1);
  const rest = block.subarray(cut);
  return Buffer.concat([
    frame(FRAME.headers, random.pick([0, FLAG.endStream]), id, block.subarray(0, cut)),
    ...(random.below(4) === 0 ? [ping("12345678")] : []),
    frame(FRAME.continuation, random.pick([0, FLAG.endHeaders]), random.pick([id, id, 1]), rest),
    frame(FRAME.continuation, FLAG.endHeaders, id),
  ]);
}

function padded(random: Random, id: number): Buffer {
  const payload = Buffer.concat([Buffer.of(random.pick([0, 3, 10, 255])), random.bytes(10)]);
  const type = random.pick([FRAME.data, FRAME.headers]);
  return frame(type, random.pick([FLAG.padded, FLAG.padded | FLAG.endStream]), id, payload);
}

/** Leaves out, repeats, swaps or changes whole frames, so that lengths stay right. */
function mutateFrames(input: Buffer, random: Random): Buffer | undefined {
  if (!input.subarray(0, opening.length - FRAME_HEADER_BYTES).equals(preface)) return undefined;
  const frames = framesOf(input.subarray(preface.length));
  if (frames.length === 0) return undefined;
  const at = random.below(frames.length);
  const chosen = Buffer.from(frames[at] ?? Buffer.alloc(0));
  switch (random.below(7)) {
    case 0:
      frames.splice(at, 1);
      break;
    case 1:
      frames.splice(random.below(frames.length + 1), 0, chosen);
      break;
    case 2:
      frames.splice(at, 0, inventFrame(random));
      break;
    case 3:
      if (chosen.length >= FRAME_HEADER_BYTES)
        chosen.writeUInt32BE(random.pick([0, 1, 3, 5, 7]), 5);
      frames[at] = chosen;
      break;
    case 4:
      if (chosen.length >= FRAME_HEADER_BYTES) chosen[4] = random.below(64);
      frames[at] = chosen;
      break;
    case 5:
      frames.splice(at, 1);
      frames.push(chosen);
      break;
    default:
      frames.push(...inventFrames(random));
  }
  return Buffer.concat([preface, ...frames]);
}

const preface = opening.subarray(0, opening.length - FRAME_HEADER_BYTES);

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const isWhole = at + FRAME_HEADER_BYTES <= bytes.length;
    const length = isWhole ? bytes.readUIntBE(at, 3) : bytes.length;
    const end = Math.min(bytes.length, at + FRAME_HEADER_BYTES + length);
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}
