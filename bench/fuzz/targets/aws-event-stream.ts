/**
 * AWS event streams: messages are told once, whole and only when both checksums match, however they are cut; what is
 * written is read back as it was; and who only watches sees the same payloads.
 */

import { ChunkUnwrapper } from "../../../providers/aws-event-stream-chunks.ts";
import {
  decodeEventStreamHeaders,
  encodeEventStreamHeaders,
} from "../../../providers/aws-event-stream-headers.ts";
import type { EventStreamHeaderValue } from "../../../providers/aws-event-stream-headers.ts";
import { EventStreamSplitter } from "../../../providers/aws-event-stream-splitter.ts";
import {
  EventStreamReader,
  encodeEventStreamMessage,
} from "../../../providers/aws-event-stream.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import { crc32 } from "node:zlib";
import { readChoices } from "../choices.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { cutsOf, differenceByCut, firstDifference } from "../input-cuts.ts";

const stream = 0;
const headersOnly = 1;
const unmended = 2;

/** The first byte chooses: a stream whose checksums are mended, the headers of a message, a stream as it is. */
export const awsEventStreamTarget: FuzzTarget = {
  name: "aws-event-stream",
  promise: "whole messages only, the same however cut; decode(encode(x)) = x",
  covers: ["/providers/aws-event-stream"],
  words: ['{"bytes":"', '"}', "YWJj", ":event-type", "\x07\x00\x05chunk"],
  seeds: () => [
    seed(stream, "chunk", '{"bytes":"eyJhIjoxfQ==","p":"abc"}'),
    seed(unmended, "messageStart", '{"role":"assistant"}'),
    Buffer.concat([Buffer.of(headersOnly), encodeEventStreamHeaders(sampleHeaders())]),
  ],
  invent: (random) => Buffer.concat([Buffer.of(stream), ...inventMessages(random)]),
  open: () => ({ check }),
};

function seed(mode: number, event: string, payload: string): Buffer {
  const headers = new Map<string, EventStreamHeaderValue>([
    [":event-type", { kind: "string", value: event }],
  ]);
  return Buffer.concat([Buffer.of(mode), encodeEventStreamMessage({ headers, payload })]);
}

function sampleHeaders(): Map<string, EventStreamHeaderValue> {
  return new Map<string, EventStreamHeaderValue>([
    ["a", { kind: "boolean", value: true }],
    ["b", { kind: "byte", value: -3 }],
    ["c", { kind: "long", value: -5n }],
    ["d", { kind: "bytes", value: Buffer.from("xyz") }],
    ["e", { kind: "uuid", value: "00112233-4455-6677-8899-aabbccddeeff" }],
    ["f", { kind: "timestamp", value: 1n }],
  ]);
}

function inventMessages(random: Random): Buffer[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const choices = readChoices(random.bytes(40));
    const headers = new Map<string, EventStreamHeaderValue>();
    for (const [name, value] of sampleHeaders()) if (choices.oneIn(2)) headers.set(name, value);
    const payload = random.pick(['{"bytes":"', '{"bytes":"YQ=="}', "", "{}", "x".repeat(5_000)]);
    return encodeEventStreamMessage({ headers, payload });
  });
}

function check(input: Buffer): Finding {
  const bytes = Buffer.from(input.subarray(1));
  if (input[0] === headersOnly) return checkHeaders(bytes);
  if (input[0] !== unmended) mendChecksums(bytes);
  return (
    differenceByCut(bytes, readMessages) ??
    checkWatcher(bytes, payloadsOf(bytes)) ??
    checkUnwrapper(bytes)
  );
}

function payloadsOf(bytes: Buffer): string[] {
  const payloads: string[] = [];
  new EventStreamReader(({ payload }) => payloads.push(payload.toString("base64"))).write(bytes);
  return payloads;
}

/** What is told, as text, with the problem at the end. */
function readMessages(pieces: readonly Buffer[]): string {
  const told: string[] = [];
  const reader = new EventStreamReader(({ headers, payload }) => {
    told.push(`${describeHeaders(headers)} ${payload.toString("base64")}`);
  });
  for (const piece of pieces) {
    reader.write(piece);
    piece.fill(0x21);
  }
  return [...told, reader.problem ?? (reader.isInMessage ? "in a message" : "whole")].join("\n");
}

/** Who watches checks less, so that it may see more, but never less or otherwise. */
function checkWatcher(bytes: Buffer, wanted: readonly string[]): Finding {
  for (const pieces of cutsOf(bytes)) {
    const seen: string[] = [];
    let parts: Buffer[] = [];
    const splitter = new EventStreamSplitter({
      onData: (piece, start, end) => parts.push(Buffer.from(piece.subarray(start, end))),
      onEvent: () => {
        seen.push(Buffer.concat(parts).toString("base64"));
        parts = [];
      },
    });
    for (const piece of pieces) splitter.write(piece);
    const text = seen.slice(0, wanted.length).join("\n");
    if (text !== wanted.join("\n")) return `a watcher: ${firstDifference(text, wanted.join("\n"))}`;
  }
  return undefined;
}

/** Payloads with a chunk in them, however they are cut; pieces of base64 that a chunk decodes to are the same too. */
function checkUnwrapper(bytes: Buffer): Finding {
  return differenceByCut(bytes, (pieces) => {
    let told = "";
    const unwrapper = new ChunkUnwrapper({
      onData: (piece, start, end) => {
        told += piece.toString("latin1", start, end);
      },
      onEvent: () => {
        told += "|";
      },
    });
    for (const piece of pieces) unwrapper.onData(piece, 0, piece.length);
    unwrapper.onEvent();
    return told;
  });
}

function checkHeaders(bytes: Buffer): Finding {
  const decoded = decodeEventStreamHeaders(bytes, 0, bytes.length);
  // A name of no bytes is read and never written.
  if (decoded.kind === "malformed" || decoded.value.has("")) return undefined;
  const encoded = encodeEventStreamHeaders(decoded.value);
  const again = decodeEventStreamHeaders(encoded, 0, encoded.length);
  if (again.kind === "malformed") return `its own headers are refused: ${again.reason}`;
  const [found, wanted] = [describeHeaders(again.value), describeHeaders(decoded.value)];
  return found === wanted ? undefined : firstDifference(found, wanted);
}

function describeHeaders(headers: ReadonlyMap<string, EventStreamHeaderValue>): string {
  return JSON.stringify([...headers], (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
}

/** Without right checksums nothing behind them would ever be reached. */
function mendChecksums(bytes: Buffer): void {
  for (let at = 0; at + 16 <= bytes.length; ) {
    const total = bytes.readUInt32BE(at);
    bytes.writeUInt32BE(crc32(bytes.subarray(at, at + 8)), at + 8);
    const end = at + total;
    if (total < 16 || end > bytes.length) return;
    bytes.writeUInt32BE(crc32(bytes.subarray(at, end - 4)), end - 4);
    at = end;
  }
}
