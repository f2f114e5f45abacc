/**
 * Decodes what Envoy's HTTP filter sends, `envoy.service.ext_proc.v3.ProcessingRequest`, as far as it is read: the
 * phase, its headers or its piece of body. Everything else is passed over. Written by hand for the hot path; the tests
 * hold it against generated code.
 */
import { HeaderMapView } from "./header-map.ts";
import type { Range } from "./header-map.ts";
import { ProtobufReader, malformedMessage } from "./protobuf-reader.ts";
import type { HeaderView, Phase, TransactionMessage } from "./transaction-message.ts";

/** Phases by the number of their field in ProcessingRequest: headers are 2 and 3, bodies 4 and 5, trailers 6 and 7. */
const phases: readonly (Phase | undefined)[] = [
  undefined,
  undefined,
  "request-headers",
  "response-headers",
  "request-body",
  "response-body",
  "request-trailers",
  "response-trailers",
];
const FIRST_HEADERS = 2;
const FIRST_BODY = 4;
const FIRST_TRAILERS = 6;
const LAST_TRAILERS = 7;

/** Most parts of one header map. Envoy sends one. */
const maxParts = 64;

const emptyBody = Buffer.alloc(0);
const noHeaders: HeaderView = { find: () => undefined, entries: () => [] };

/**
 * The message in `bytes[start, end)`, which stay the caller's: headers and body are views. A part that is there more
 * than once is merged, of several phases the last counts, unknown fields are passed over, as protobuf has it. Raises
 * CLRK_MALFORMED_MESSAGE for bytes that are not such a message and for one without a phase.
 */
export function decodeProcessingRequest(
  bytes: Buffer,
  start: number,
  end: number,
): TransactionMessage {
  const reader = new ProtobufReader(bytes, start, end);
  const parts = new PhaseParts();
  while (reader.at < end) {
    const tag = reader.tag(end);
    const field = tag >>> 3;
    if (field < FIRST_HEADERS || field > LAST_TRAILERS) reader.skip(tag, end);
    else parts.read(field, reader, reader.block(tag, end));
  }
  return parts.message(bytes);
}

/** What was read of the phase so far. */
class PhaseParts {
  /** Number of the phase; 0: none yet */
  #phase = 0;
  /** Flags by the number of their field: end_of_stream of headers is 3, of a body 2, and 3 when no message is there */
  #flag2 = false;
  #flag3 = false;
  /** Where the body lies, or the first part of the header map */
  #start = 0;
  #end = 0;
  #more: Range[] | undefined;

  /** Reads one field of ProcessingRequest; one of another phase puts away what was read before. */
  read(phase: number, reader: ProtobufReader, end: number): void {
    if (phase !== this.#phase) this.#begin(phase);
    while (reader.at < end) {
      const tag = reader.tag(end);
      const field = tag >>> 3;
      if (field === 1) {
        const stop = reader.block(tag, end);
        this.#place(reader.at, stop);
        reader.at = stop;
      } else if (field === 3 && phase < FIRST_TRAILERS) {
        this.#flag3 = reader.flag(tag, end);
      } else if (field === 2 && this.#isBody()) {
        this.#flag2 = reader.flag(tag, end);
      } else {
        reader.skip(tag, end);
      }
    }
  }

  /** What was read; the bytes are those it was read from. */
  message(bytes: Buffer): TransactionMessage {
    const phase = phases[this.#phase];
    if (phase === undefined) throw malformedMessage("no phase is there");
    const start = this.#start;
    const end = this.#end;
    if (this.#isBody()) {
      const body = start === end ? emptyBody : bytes.subarray(start, end);
      return { phase, endOfStream: this.#flag2 || this.#flag3, headers: noHeaders, body };
    }
    // Nothing follows trailers.
    const endOfStream = this.#flag3 || this.#phase >= FIRST_TRAILERS;
    const headers =
      start === end ? noHeaders : new HeaderMapView(bytes, { start, end, more: this.#more });
    return { phase, endOfStream, headers, body: emptyBody };
  }

  #isBody(): boolean {
    return this.#phase >= FIRST_BODY && this.#phase < FIRST_TRAILERS;
  }

  #begin(phase: number): void {
    this.#phase = phase;
    this.#flag2 = false;
    this.#flag3 = false;
    this.#start = 0;
    this.#end = 0;
    this.#more = undefined;
  }

  /** The last body counts; parts of a header map follow one another. */
  #place(start: number, end: number): void {
    if (this.#isBody() || this.#start === this.#end) {
      this.#start = start;
      this.#end = end;
      return;
    }
    this.#more ??= [];
    if (this.#more.length === maxParts) throw malformedMessage(`more than ${maxParts} header maps`);
    this.#more.push({ start, end });
  }
}
