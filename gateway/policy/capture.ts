/**
 * Keeps the beginning of a body and the headers of a message for its record, within fixed bounds and without secrets.
 * What cannot be searched for secrets is not kept.
 */

import type { CapturedBody } from "../call-facts.ts";
import { asciiJson } from "../captured-json.ts";
import { isSecretName, redactAuthority, redactHeader, redactTarget, redactUrl } from "../redact.ts";
import type { BodyRedaction } from "../redaction/body-redaction.ts";
import { redactedText } from "../secret-value.ts";
import type { BodyBounds } from "../snapshot.ts";
import type { ValueRedactor } from "../value-redactor.ts";
import { redactKeyTokens } from "./key-tokens.ts";
import { matchesContentType } from "./media-type.ts";
import { PlainHeaders } from "./plain-headers.ts";

const maxHeaders = 128;
const maxNameLength = 256;
const maxValueLength = 4_096;

/** Codings have short names; anything longer is something else. */
const maxEncodingLength = 64;

/** Longer first pieces are seldom, and many of them at one time would fill a heap that is bounded. */
const longestText = 64 * 1024;

/** First allocation for what is no text. */
const firstBytes = 4_096;

/** Headers whose values are URLs, whole or from the path on. */
const urlHeaders: ReadonlySet<string> = new Set([
  ":path",
  "content-location",
  "link",
  "location",
  "referer",
  "refresh",
  "x-envoy-original-path",
  "x-forwarded-uri",
  "x-original-uri",
  "x-original-url",
  "x-rewrite-url",
]);

/** One header of a message. */
export type CapturedHeader = readonly [name: string, value: string];

/** What was kept of a body, and what passed. */
export interface KeptBody {
  /** Bytes on the wire, kept or not */
  readonly bytes: number;
  /** The first of them, decoded if decoded ones were given; a character each, which their code is (Latin-1) */
  readonly text: string;
  /** Whether more came than was kept */
  readonly isTruncated: boolean;
}

/** A body with what is known of its coding. */
export interface FinishedBody extends KeptBody {
  /** Whether its end came; else the stream was over in the middle, which is not told of it */
  readonly isEnded: boolean;
  /** Coding that the text is still in; empty when it was decoded or had none */
  readonly contentEncoding: string;
}

/**
 * Takes a body as it passes; bounded by `maxBytes`. A text, because most bodies come in one piece that is short: memory
 * beside the heap costs more to get and to give back than to fill.
 */
export class BodyCapture {
  readonly #maxBytes: number;
  /** The first piece, unless it is long */
  #text = "";
  /** Those behind it, which may be any number of bytes each */
  #more: Buffer | undefined;
  #moreLength = 0;
  #bytes = 0;
  #isTruncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = Math.max(0, maxBytes);
  }

  /**
   * Copies what still fits and counts the rest. `wireBytes` is what the chunk was on the wire, where it was decoded;
   * the chunk itself is not used afterwards.
   */
  add(chunk: Buffer, wireBytes: number = chunk.length): void {
    this.#bytes += wireBytes;
    const room = this.#maxBytes - this.#text.length - this.#moreLength;
    if (chunk.length > room) this.#isTruncated = true;
    const taken = Math.min(chunk.length, room);
    if (taken === 0) return;
    const isFirst = this.#text === "" && this.#moreLength === 0;
    if (isFirst && taken <= longestText) this.#text = chunk.toString("latin1", 0, taken);
    else this.#append(chunk, taken);
  }

  /** Says that something is missing which was never given, such as what a broken coding hid. */
  markTruncated(): void {
    this.#isTruncated = true;
  }

  /** What there is, at the end of the body or before; the capture is empty afterwards. */
  take(): KeptBody {
    const more = this.#more?.toString("latin1", 0, this.#moreLength) ?? "";
    const taken = { bytes: this.#bytes, text: this.#text + more, isTruncated: this.#isTruncated };
    this.#text = "";
    this.#more = undefined;
    this.#moreLength = 0;
    this.#bytes = 0;
    this.#isTruncated = false;
    return taken;
  }

  #append(chunk: Buffer, taken: number): void {
    const length = this.#moreLength + taken;
    const room = this.#maxBytes - this.#text.length;
    let more = this.#more;
    if (more === undefined || more.length < length) {
      const wanted = Math.max(length, this.#moreLength * 2, firstBytes);
      more = Buffer.allocUnsafeSlow(Math.min(wanted, room));
      this.#more?.copy(more, 0, 0, this.#moreLength);
      this.#more = more;
    }
    chunk.copy(more, this.#moreLength, 0, taken);
    this.#moreLength = length;
  }
}

/** A capture for a body of this content type; undefined when none such is kept. */
export function createBodyCapture(
  { maxBytes, contentTypes }: BodyBounds,
  contentType: string | undefined,
): BodyCapture | undefined {
  if (maxBytes === 0 || !matchesContentType(contentType, contentTypes)) return undefined;
  return new BodyCapture(maxBytes);
}

/** By what headers are redacted. */
export interface HeaderRedaction {
  /** Names whose values are never kept, lower case */
  readonly redactHeaders: readonly string[];
  /** Query parameters whose values are never kept, lower case */
  readonly redactQuery: readonly string[];
  /** Headers that hold a credential of ours, lower case */
  readonly injected: ReadonlySet<string>;
  readonly redactor: ValueRedactor;
}

/**
 * The first 128 headers without secrets, as the JSON in ASCII of pairs: by name, by the shape of a value, and by the values
 * that the gateway gave out. Values of more than 4,096 characters end with `…` there.
 */
export function captureHeaders(
  entries: readonly CapturedHeader[],
  redaction: HeaderRedaction,
): string {
  const plain = plainHeadersOf(redaction);
  let json = "";
  let count = 0;
  for (const [name, value] of entries) {
    if (count++ === maxHeaders) break;
    const header = plain.find(name, value) ?? captureHeader(name, value, redaction, plain);
    json += json === "" ? header : `,${header}`;
  }
  return `[${json}]`;
}

function captureHeader(
  name: string,
  value: string,
  redaction: HeaderRedaction,
  plain: PlainHeaders,
): string {
  // A name may repeat a secret as well as a value may.
  const shownName = redaction.redactor.redactText(name);
  const shown = redactValue(name.toLowerCase(), value, redaction);
  const header = [shorten(shownName, maxNameLength), shorten(shown, maxValueLength)];
  const json = asciiJson(JSON.stringify(header));
  if (shownName === name && shown === value) plain.add(name, value, json);
  return json;
}

const plainHeaders = new WeakMap<ValueRedactor, PlainHeaders>();

/** Those of the same redaction; of another one there are none yet. */
function plainHeadersOf(redaction: HeaderRedaction): PlainHeaders {
  const known = plainHeaders.get(redaction.redactor);
  if (known?.isOf(redaction)) return known;
  const made = new PlainHeaders(redaction);
  plainHeaders.set(redaction.redactor, made);
  return made;
}

/** By what bodies are redacted. */
export interface FinishedRedaction {
  /** Of the values that the gateway gave out */
  readonly redactor: ValueRedactor;
  /** Of what the plan says, and of keys */
  readonly redaction: BodyRedaction;
  /** Lower case, without parameters */
  readonly mediaType: string;
}

/**
 * The body as it is recorded, as the JSON in ASCII of a `CapturedBody` in three pieces: values that the gateway gave out, what the plan says
 * and whatever has the shape of a key replaced. A body that is still encoded is not kept, because nobody can say what is
 * in it.
 */
export function finishCapturedBody(
  body: FinishedBody,
  { redactor, redaction, mediaType }: FinishedRedaction,
): readonly [head: string, base64: string, tail: string] {
  const { bytes, text, isTruncated } = body;
  const contentEncoding = captureEncoding(body.contentEncoding, redactor);
  if (contentEncoding !== "") {
    const isCut = isTruncated || bytes > 0;
    const json = JSON.stringify({
      ...{ base64: "", bytes, isTruncated: isCut, contentEncoding },
    } satisfies CapturedBody);
    return [json, "", ""];
  }
  const end = isTruncated || !body.isEnded ? "cut" : "whole";
  const redacted = redaction.redact(redactor.redactLatin1(text, end), mediaType, end);
  // Neither of these needs an escape.
  const tail = `","bytes":${bytes},"isTruncated":${isTruncated},"contentEncoding":""}`;
  return ['{"base64":"', btoa(redacted), tail];
}

function redactValue(name: string, value: string, redaction: HeaderRedaction): string {
  const { injected, redactHeaders, redactor } = redaction;
  if (redactHeaders.includes(name) || isSecretName(name)) return redactedText;
  const shown = redactHeader(name, value, injected);
  return shown === redactedText
    ? shown
    : redactKeyTokens(redactor.redactText(redactUrls(name, shown, redaction.redactQuery)));
}

function redactUrls(name: string, value: string, parameters: readonly string[]): string {
  if (name === ":authority" || name === "host") return redactAuthority(value);
  if (!urlHeaders.has(name)) return value;
  if (!value.startsWith("/") || value.startsWith("//")) return redactUrl(value, parameters);
  const { path, query } = redactTarget(value, parameters);
  return query === "" ? path : `${path}?${query}`;
}

/** The upstream writes this header too. */
function captureEncoding(value: string, redactor: ValueRedactor): string {
  const name = value.trim().toLowerCase();
  if (name === "" || name === "identity") return "";
  if (name.length > maxEncodingLength || !/^[a-z\d*.,+ -]+$/.test(name)) return "unknown";
  return redactKeyTokens(redactor.redactText(value.trim())) === value.trim() ? name : "unknown";
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
