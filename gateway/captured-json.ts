/**
 * What was captured of a transaction, as JSON that is written once: where it was captured, and copied from there to the
 * record's line. To read it as an object and to write that again costs more than capturing it.
 */

import type { CapturedExchange } from "./call-facts.ts";

/** Bytes that are written over once they are given back; `end` is exclusive. */
export interface CaptureLease {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Called once; nobody looks at the bytes afterwards */
  giveBack(): void;
}

const beyondAscii = /[^\0-\x7f]/g;

/** JSON with escapes in place of whatever is not ASCII, so that a character is a byte in every coding. */
export function asciiJson(json: string): string {
  return json.replace(beyondAscii, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * A `CapturedExchange` by its JSON, which is read when a part is asked for. One of lent bytes is there until `release()`:
 * whoever wants it for longer reads a part of it before, or calls `keep()`.
 */
export class CapturedJson implements CapturedExchange {
  /** Undefined once it is released; one of its own also when it was read as an object */
  #json: readonly string[] | CaptureLease | undefined;
  #exchange: CapturedExchange | undefined;
  /** Bytes of the JSON */
  readonly length: number;

  /** `json` is that of a `CapturedExchange`, in ASCII and without line ends; also in pieces, which nobody joins in vain. */
  constructor(json: string | readonly string[] | CaptureLease) {
    this.#json = typeof json === "string" ? [json] : json;
    this.length = lengthOf(this.#json);
  }

  /** The same for an object; itself where it is one of these. */
  static of(exchange: CapturedExchange): CapturedJson {
    if (exchange instanceof CapturedJson) return exchange;
    return new CapturedJson(asciiJson(JSON.stringify(exchange)));
  }

  /** The bytes that it is lent, which are there until it is released or kept; undefined where it has its own. */
  get lent(): Omit<CaptureLease, "giveBack"> | undefined {
    return isLease(this.#json) ? this.#json : undefined;
  }

  /** The JSON, one behind the other. Throws where it was released before anybody read it. */
  get pieces(): readonly string[] {
    const json = this.#json ?? [asciiJson(JSON.stringify(this.toJSON()))];
    return isLease(json) ? [json.bytes.toString("latin1", json.start, json.end)] : json;
  }

  /** The JSON. Throws where it was released before anybody read it. */
  get text(): string {
    return this.pieces.join("");
  }

  get requestHeaders(): CapturedExchange["requestHeaders"] {
    return this.toJSON().requestHeaders;
  }

  get requestBody(): CapturedExchange["requestBody"] {
    return this.toJSON().requestBody;
  }

  get responseHeaders(): CapturedExchange["responseHeaders"] {
    return this.toJSON().responseHeaders;
  }

  get responseBody(): CapturedExchange["responseBody"] {
    return this.toJSON().responseBody;
  }

  /**
   * The object, as `JSON.stringify()` asks for it; lent bytes stay lent. Throws where it was released before anybody read
   * it.
   */
  toJSON(): CapturedExchange {
    if (this.#exchange !== undefined) return this.#exchange;
    if (this.#json === undefined) throw new Error("Cannot read a capture: it was released before");
    const exchange: CapturedExchange = JSON.parse(this.text);
    this.#exchange = exchange;
    // Of several sinks that take one record, the next may copy its line from lent bytes.
    if (!isLease(this.#json)) this.#json = undefined;
    return exchange;
  }

  /** Copies lent bytes, so that they are given back now and the capture is there for as long as somebody has it. */
  keep(): void {
    if (!isLease(this.#json)) return;
    const pieces = this.#exchange === undefined ? this.pieces : undefined;
    this.#giveBack();
    this.#json = pieces;
  }

  /** Gives lent bytes back; what was neither read nor kept is gone. Safe to call again. */
  release(): void {
    if (isLease(this.#json)) this.#giveBack();
  }

  #giveBack(): void {
    const json = this.#json;
    this.#json = undefined;
    if (isLease(json)) json.giveBack();
  }
}

type Json = readonly string[] | CaptureLease;

function isLease(json: Json | undefined): json is CaptureLease {
  return json !== undefined && "giveBack" in json;
}

function lengthOf(json: Json): number {
  if (isLease(json)) return json.end - json.start;
  return json.reduce((sum, piece) => sum + piece.length, 0);
}
