/**
 * Takes out of a kept body what a LoggingPolicy says is never kept: values at JSON paths, forms of personal data, and text
 * that expressions match. Bodies are texts of one character a byte, so that what is kept keeps its bytes.
 */

import type { RE2JS } from "re2js";
import type { TextShape } from "../../crds/logging-policy.ts";
import { findKeyTokens } from "../policy/key-tokens.ts";
import { compileExpression } from "../re2-expression.ts";
import { redactedText } from "../secret-value.ts";
import type { BodyRedactionPlan } from "../snapshot-terms.ts";
import type { TextEnd } from "../value-redactor.ts";
import { byteOrderMark, streamEvents } from "./event-streams.ts";
import type { StreamEvent, StreamLines } from "./event-streams.ts";
import { JsonPathSearch } from "./json-paths.ts";
import { createPlainView } from "./plain-view.ts";
import { findPrivateKeys } from "./private-keys.ts";
import type { Span } from "./spans.ts";
import { mergeSpans, replaceSpans } from "./spans.ts";
import { streamTexts } from "./stream-texts.ts";
import { findShapes } from "./text-shapes.ts";

/**
 * For so long the expressions of a plan search one body; what they have not searched by then counts as found. One search
 * is linear, but an expression that finds much, and looks far ahead each time, takes the square of it.
 */
const mostSearchMs = 500;

const known = new WeakMap<BodyRedactionPlan, BodyRedaction>();

/** The redaction of a plan, made once for each plan object. */
export function bodyRedactionOf(plan: BodyRedactionPlan): BodyRedaction {
  const found = known.get(plan);
  if (found !== undefined) return found;
  const redaction = new BodyRedaction(plan);
  known.set(plan, redaction);
  return redaction;
}

/** Redacts bodies by one plan. */
export class BodyRedaction {
  readonly #paths: JsonPathSearch | undefined;
  readonly #shapes: readonly TextShape[];
  readonly #patterns: readonly RE2JS[];
  /** By `performance.now()` */
  #searchUntilMs = 0;

  /** Throws for a path or an expression that `crds/` does not take. */
  constructor({ jsonPaths, shapes, patterns }: BodyRedactionPlan) {
    this.#paths = jsonPaths.length === 0 ? undefined : new JsonPathSearch(jsonPaths);
    this.#shapes = shapes;
    this.#patterns = patterns.map((expression) => compileExpression(expression));
  }

  /**
   * The body without what is not kept, and without private keys and tokens of the form of a key, which never are;
   * `mediaType` is lower case, without parameters. Where paths are given and the body cannot be read by them, it is
   * `[redacted]` from there on; so is text with a NUL, which is UTF-16 or compressed and hides all that is searched for.
   */
  redact(body: string, mediaType: string, end: TextEnd): string {
    this.#searchUntilMs = performance.now() + mostSearchMs;
    const stream = mediaType === eventStream ? streamEvents(body) : undefined;
    const found: Span[] = [];
    const unreadable = isAnyText(mediaType) ? body.indexOf("\0") : -1;
    if (unreadable >= 0) found.push({ start: unreadable, end: body.length });
    if (this.#paths !== undefined) findByPath(this.#paths, { body, mediaType, stream }, found);
    this.#findText(body, end, found);
    if (stream !== undefined) this.#findInPieces(body, { end, events: stream.events }, found);
    return replaceSpans(body, found, redactedText);
  }

  /** Adds what events tell piece by piece. */
  #findInPieces(
    body: string,
    { end, events }: { readonly end: TextEnd; readonly events: readonly StreamEvent[] },
    found: Span[],
  ): void {
    const { texts, unread } = streamTexts(body, events);
    for (const span of unread) found.push(span);
    for (const { text, partsOf } of texts) {
      const inText: Span[] = [];
      this.#findText(text, end, inText);
      for (const span of mergeSpans(inText)) {
        for (const part of partsOf(span)) found.push(part);
      }
    }
  }

  /** Adds what is known by its form. */
  #findText(text: string, end: TextEnd, found: Span[]): void {
    const view = createPlainView(text);
    const inView: Span[] = [];
    findKeyTokens(view.text, end, inView);
    findPrivateKeys(view.text, inView);
    findShapes(view.text, this.#shapes, { end, found: inView });
    for (const pattern of this.#patterns) {
      this.#search(pattern, view.text, inView);
    }
    for (const span of inView) {
      const start = view.toOriginal(span.start);
      const stop = view.toOriginal(span.end);
      if (start < stop) found.push({ ...span, start, end: stop });
    }
  }

  #search(pattern: RE2JS, text: string, found: Span[]): void {
    const matcher = pattern.matcher(text);
    while (matcher.find()) {
      found.push({ start: matcher.start(), end: matcher.end() });
      if (performance.now() < this.#searchUntilMs) continue;
      found.push({ start: matcher.end(), end: text.length });
      return;
    }
  }
}

const eventStream = "text/event-stream";

interface ReadBody {
  readonly body: string;
  readonly mediaType: string;
  readonly stream: StreamLines | undefined;
}

function findByPath(paths: JsonPathSearch, { body, mediaType, stream }: ReadBody, found: Span[]) {
  if (stream !== undefined) {
    for (const event of stream.events) findInEvent(paths, body, event, found);
    // Such as JSON that says that it is a stream.
    for (const line of stream.strange) found.push(line);
  } else if (isJsonLines(mediaType)) {
    for (const { start, end } of linesOf(body)) paths.find(body, { start, end }, found);
  } else if (isJson(mediaType) || isMaybeJson(mediaType, body)) {
    const start = body.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
    paths.find(body, { start, end: body.length }, found);
  } else if (!isText(mediaType)) found.push({ start: 0, end: body.length });
}

function findInEvent(
  paths: JsonPathSearch,
  body: string,
  { lines }: StreamEvent,
  found: Span[],
): void {
  const [line, more] = lines;
  if (line === undefined) return;
  if (more === undefined) {
    // The one data of a stream of OpenAI that is no JSON.
    if (body.slice(line.start, line.end).trim() !== "[DONE]") paths.find(body, line, found);
    return;
  }
  // One text over several lines, which nobody sends: read where it can be, gone where anything of it is found.
  const text = lines.map(({ start, end }) => body.slice(start, end)).join("\n");
  const inText: Span[] = [];
  paths.find(text, { start: 0, end: text.length }, inText);
  if (inText.length > 0) for (const { start, end } of lines) found.push({ start, end });
}

function* linesOf(body: string): Generator<{ readonly start: number; readonly end: number }> {
  for (const found of body.matchAll(/[^\r\n]+/g)) {
    yield { start: found.index, end: found.index + found[0].length };
  }
}

function isJson(mediaType: string): boolean {
  return /^(?:application|text)\/json$/.test(mediaType) || mediaType.endsWith("+json");
}

function isJsonLines(mediaType: string): boolean {
  return /^application\/(?:x-)?(?:ndjson|jsonl|json-lines)$/.test(mediaType);
}

/** JSON under another name is read as what it is. */
function isMaybeJson(mediaType: string, body: string): boolean {
  return isText(mediaType) && /^(?:\u00ef\u00bb\u00bf)?\s*[{["]/.test(body);
}

function isAnyText(mediaType: string): boolean {
  return isText(mediaType) || isJson(mediaType) || isJsonLines(mediaType);
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith("text/") || mediaType === "application/x-www-form-urlencoded";
}
