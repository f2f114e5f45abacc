/**
 * Headers of one message, read where they lie: one pass checks them and notes where each name and value is, look-ups
 * compare bytes, and only what is asked for becomes a string. Names are compared as ASCII, which all of Envoy's are.
 */
import { isUtf8 } from "node:buffer";
import { ProtobufReader, malformedMessage } from "./protobuf-reader.ts";
import type { HeaderView } from "./transaction-message.ts";

/** Most headers of one message. Envoy's own limit is 100 where nothing else is configured. */
const maxHeaders = 4096;

/** Places of a header in `places`: start and end of its name, start and end of its value. */
const placesPerHeader = 4;

/**
 * Places of the headers of `placed`, the view that was read last. Shared by all views, because hardly ever more than one
 * is alive: a view that finds another's places here reads its own again.
 */
const places = new Int32Array(placesPerHeader * maxHeaders);
let placed: HeaderMapView | undefined;

/** View of `envoy.config.core.v3.HeaderMap`. The bytes are borrowed: they must not change while the view is used. */
export class HeaderMapView implements HeaderView {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly #more: readonly Range[] | undefined;
  readonly #count: number;

  /**
   * The map in `bytes[start, end)`, with that of each range of `more` after it: protobuf merges a message that comes in
   * parts. Raises CLRK_MALFORMED_MESSAGE for one that cannot be read or holds more than 4096 headers.
   */
  constructor(bytes: Buffer, { start, end, more }: HeaderMapRange) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#more = more;
    this.#count = this.#place();
  }

  /** First value of the header with this lower-case name; Latin-1 when it is not UTF-8. */
  find(name: string): string | undefined {
    if (placed !== this) this.#place();
    const last = this.#count * placesPerHeader;
    for (let slot = 0; slot < last; slot += placesPerHeader) {
      if (this.#hasName(slot, name)) return this.#text(slot + 2);
    }
    return undefined;
  }

  /** All headers in their order. */
  entries(): readonly (readonly [name: string, value: string])[] {
    if (placed !== this) this.#place();
    const entries: [string, string][] = [];
    for (let index = 0; index < this.#count; index++) {
      const slot = index * placesPerHeader;
      entries.push([this.#text(slot), this.#text(slot + 2)]);
    }
    return entries;
  }

  #hasName(slot: number, name: string): boolean {
    const start = places[slot] ?? 0;
    const length = name.length;
    if ((places[slot + 1] ?? 0) - start !== length) return false;
    const bytes = this.#bytes;
    for (let at = 0; at < length; at++) {
      if (bytes[start + at] !== name.charCodeAt(at)) return false;
    }
    return true;
  }

  #text(slot: number): string {
    const start = places[slot] ?? 0;
    const end = places[slot + 1] ?? 0;
    const text = this.#bytes.toString("utf8", start, end);
    // Either this character was sent, or it stands for bytes that are not UTF-8.
    if (!text.includes("\ufffd") || isUtf8(this.#bytes.subarray(start, end))) return text;
    return this.#bytes.toString("latin1", start, end);
  }

  /** Fills `places` and gives the number of headers. */
  #place(): number {
    // Not this view's until all is read: a failure in between must not leave half of it to be found.
    placed = undefined;
    const reader = new ProtobufReader(this.#bytes, this.#start, this.#end);
    let count = placeHeaders(reader, this.#end, 0);
    if (this.#more !== undefined) {
      for (const { start, end } of this.#more) {
        reader.at = start;
        count = placeHeaders(reader, end, count);
      }
    }
    placed = this;
    return count;
  }
}

/** Part of a buffer, end exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where a header map lies: in one range, and in more where the message came in parts. */
export interface HeaderMapRange extends Range {
  readonly more: readonly Range[] | undefined;
}

/** Adds the places of one HeaderMap after `count` others; gives the new count. */
function placeHeaders(reader: ProtobufReader, end: number, count: number): number {
  let next = count;
  while (reader.at < end) {
    const stop = next < maxHeaders ? placeUsual(reader, end, next * placesPerHeader) : 0;
    if (stop > 0) {
      reader.at = stop;
      next++;
      continue;
    }
    const tag = reader.tag(end);
    if (tag >>> 3 !== 1) {
      reader.skip(tag, end);
      continue;
    }
    if (next === maxHeaders) throw malformedMessage(`more than ${maxHeaders} headers`);
    placeHeader(reader, reader.block(tag, end), next * placesPerHeader);
    next++;
  }
  return next;
}

/**
 * A header as Envoy writes it: name, then one value, all lengths of one byte. Gives its end, or 0 for any other, which is
 * read field by field; a message of 20 such headers takes three times as long.
 */
function placeUsual({ bytes, at }: ProtobufReader, end: number, slot: number): number {
  const length = bytes[at + 1] ?? 0x80;
  const stop = at + 2 + length;
  if (length > 0x7f || stop > end || bytes[at] !== 0x0a || bytes[at + 2] !== 0x0a) return 0;
  const keyEnd = at + 4 + (bytes[at + 3] ?? 0);
  const valueTag = bytes[keyEnd];
  if (valueTag !== 0x1a && valueTag !== 0x12) return 0;
  // A length of more than one byte is at least 128, and passes the end.
  if (keyEnd + 2 + (bytes[keyEnd + 1] ?? 0) !== stop) return 0;
  places[slot] = at + 4;
  places[slot + 1] = keyEnd;
  places[slot + 2] = keyEnd + 2;
  places[slot + 3] = stop;
  return stop;
}

/** HeaderValue: key 1, value 2, raw_value 3; the last of each counts, and raw_value where value is empty. */
function placeHeader(reader: ProtobufReader, end: number, slot: number): void {
  let keyStart = 0;
  let keyEnd = 0;
  let valueStart = 0;
  let valueEnd = 0;
  let rawStart = 0;
  let rawEnd = 0;
  while (reader.at < end) {
    const tag = reader.tag(end);
    const field = tag >>> 3;
    if (field > 3) {
      reader.skip(tag, end);
      continue;
    }
    const stop = reader.block(tag, end);
    if (field === 1) {
      keyStart = reader.at;
      keyEnd = stop;
    } else if (field === 2) {
      valueStart = reader.at;
      valueEnd = stop;
    } else {
      rawStart = reader.at;
      rawEnd = stop;
    }
    reader.at = stop;
  }
  const isRaw = valueStart === valueEnd;
  places[slot] = keyStart;
  places[slot + 1] = keyEnd;
  places[slot + 2] = isRaw ? rawStart : valueStart;
  places[slot + 3] = isRaw ? rawEnd : valueEnd;
}
