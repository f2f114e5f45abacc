/**
 * What Envoy asks about a new raw connection, and our answer: messages of `envoy.service.ratelimit.v3`. It asks before
 * anything is dialled, and holds whatever the agent says until it is answered.
 */

import { ProtobufReader } from "./protobuf-reader.ts";
import { ProtobufWriter, textBound } from "./protobuf-writer.ts";

/** A question: the texts that Envoy was told to send, by their names. */
export type ConnectionQuestion = ReadonlyMap<string, string>;

/** Numbers of fields: of the request, of a descriptor and of its entries; of the answer. */
const DESCRIPTORS = 2;
const ENTRIES = 1;
const KEY = 1;
const VALUE = 2;
const OVERALL_CODE = 1;
const DYNAMIC_METADATA = 6;

const OK = 1;
const OVER_LIMIT = 2;

const replyOverhead = 64;

const writer = new ProtobufWriter();

/** Lets the connection be dialled. Shared: must not be written to. */
export const connectionAllowed: Buffer = Buffer.from([OVERALL_CODE << 3, OK]);

/** What the message in `bytes[start, end)` asks. Raises CLRK_MALFORMED_MESSAGE for bytes that are not such a message. */
export function decodeConnectionQuestion(
  bytes: Buffer,
  start: number,
  end: number,
): ConnectionQuestion {
  const reader = new ProtobufReader(bytes, start, end);
  const texts = new Map<string, string>();
  readBlocks(reader, end, DESCRIPTORS, (descriptorEnd) =>
    readBlocks(reader, descriptorEnd, ENTRIES, (entryEnd) => readEntry(reader, entryEnd, texts)),
  );
  return texts;
}

/** Has the connection closed; `details` goes into Envoy's access log, under `key` of its filter's metadata. */
export function encodeConnectionRefusal(key: string, details: string): Buffer {
  writer.begin(replyOverhead + textBound(key) + textBound(details));
  const outer = writer.mark();
  const value = writer.mark();
  writer.text(3, details);
  writer.block(VALUE, value);
  writer.text(KEY, key);
  writer.block(ENTRIES, value);
  writer.block(DYNAMIC_METADATA, outer);
  writer.number(OVERALL_CODE, OVER_LIMIT);
  return writer.finish();
}

function readBlocks(
  reader: ProtobufReader,
  end: number,
  field: number,
  read: (end: number) => void,
): void {
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag >>> 3 === field) read(reader.block(tag, end));
    else reader.skip(tag, end);
  }
}

function readEntry(reader: ProtobufReader, end: number, texts: Map<string, string>): void {
  let key = "";
  let value = "";
  while (reader.at < end) {
    const tag = reader.tag(end);
    const field = tag >>> 3;
    if (field !== KEY && field !== VALUE) {
      reader.skip(tag, end);
      continue;
    }
    const last = reader.block(tag, end);
    const text = reader.bytes.toString("utf8", reader.at, last);
    reader.at = last;
    if (field === KEY) key = text;
    else value = text;
  }
  texts.set(key, value);
}
