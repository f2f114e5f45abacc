/**
 * Splits an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html) into the data of its events,
 * in pieces as they arrive. It holds no byte, so an event of any size costs no memory.
 */

/** Takes the data of one event after another. */
export interface EventSink {
  /** More of an event's data, `bytes[start, end)`, borrowed; lines are joined by a line feed of their own */
  onData(bytes: Buffer, start: number, end: number): void;
  /** All data of the event was given; not called for events without a data field */
  onEvent(): void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const colon = 0x3a;
const byteOrderMark = Buffer.of(0xef, 0xbb, 0xbf);
const dataField = Buffer.from("data:");
const joint = Buffer.of(lineFeed);

// What the next byte belongs to
const atStart = 0;
const atLine = 1;
const inName = 2;
const afterColon = 3;
const inData = 4;
const inOther = 5;

/** Splits one stream. */
export class EventSplitter {
  readonly #sink: EventSink;
  #mode = atStart;
  /** Bytes of the byte order mark, or of the field's name, that were read */
  #matched = 0;
  /** The event has a data field */
  #hasData = false;
  /** A line feed now belongs to the line before */
  #isAfterReturn = false;
  /** Next line feed and carriage return of the piece; its length where there is none, -1 where nobody looked */
  #lineFeedAt = -1;
  #returnAt = -1;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Goes on with a piece, which is borrowed. An event that the stream's end cuts off is never told to be whole. */
  write(bytes: Buffer): void {
    this.#lineFeedAt = -1;
    this.#returnAt = -1;
    let at = 0;
    while (at < bytes.length) at = this.#advance(bytes, at);
  }

  #advance(bytes: Buffer, at: number): number {
    switch (this.#mode) {
      case atStart:
        return this.#readStart(bytes, at);
      case atLine:
        return this.#beginLine(bytes, at);
      case inName:
        return this.#readName(bytes, at);
      case afterColon:
        this.#mode = inData;
        return bytes[at] === space ? at + 1 : at;
      default:
        return this.#readLine(bytes, at);
    }
  }

  #readStart(bytes: Buffer, at: number): number {
    if (bytes[at] !== byteOrderMark[this.#matched]) {
      this.#mode = this.#matched === 0 ? atLine : inOther;
      return at;
    }
    this.#matched++;
    if (this.#matched === byteOrderMark.length) this.#mode = atLine;
    return at + 1;
  }

  #beginLine(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    const isRest = this.#isAfterReturn && byte === lineFeed;
    this.#isAfterReturn = false;
    if (isRest) return at + 1;
    if (byte === lineFeed || byte === carriageReturn) {
      if (this.#hasData) this.#sink.onEvent();
      this.#hasData = false;
      return this.#endLine(byte, at);
    }
    this.#matched = 0;
    this.#mode = inName;
    return this.#readName(bytes, at);
  }

  #readName(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at];
      const isWhole = this.#matched === dataField.length - 1;
      if (byte !== dataField[this.#matched]) {
        const isEnd = byte === lineFeed || byte === carriageReturn;
        if (isWhole && isEnd) this.#beginData();
        this.#mode = inOther;
        return at;
      }
      at++;
      if (isWhole && byte === colon) {
        this.#beginData();
        this.#mode = afterColon;
        return at;
      }
      this.#matched++;
    }
    return at;
  }

  #beginData(): void {
    if (this.#hasData) this.#sink.onData(joint, 0, 1);
    this.#hasData = true;
  }

  #readLine(bytes: Buffer, at: number): number {
    const end = this.#findLineEnd(bytes, at);
    if (this.#mode === inData && end > at) this.#sink.onData(bytes, at, end);
    return end === bytes.length ? end : this.#endLine(bytes[end], end);
  }

  #endLine(byte: number | undefined, at: number): number {
    this.#isAfterReturn = byte === carriageReturn;
    this.#mode = atLine;
    return at + 1;
  }

  /** Each byte is searched once for each of the two, however many lines a piece has. */
  #findLineEnd(bytes: Buffer, at: number): number {
    if (this.#lineFeedAt < at) this.#lineFeedAt = indexOrEnd(bytes, lineFeed, at);
    if (this.#returnAt < at) this.#returnAt = indexOrEnd(bytes, carriageReturn, at);
    return Math.min(this.#lineFeedAt, this.#returnAt);
  }
}

function indexOrEnd(bytes: Buffer, byte: number, at: number): number {
  const found = bytes.indexOf(byte, at);
  return found < 0 ? bytes.length : found;
}
