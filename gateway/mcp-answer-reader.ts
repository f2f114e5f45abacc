/**
 * What became of requests that went on, read out of a server's answer as it passes: JSON or an event stream, in pieces of
 * any size. It only tells records: what cannot be read is not told, and nothing waits for it.
 */

import { EventSplitter } from "../providers/sse.ts";
import { GrowingBytes } from "../providers/growing-bytes.ts";
import { JsonScanner } from "../providers/json-scanner.ts";
import { compileShape } from "../providers/json-shape.ts";
import type { FoundValue } from "../providers/json-value.ts";
import type { JsonValue } from "../providers/json-text.ts";
import { isJsonObject, parseJson } from "../providers/json-text.ts";
import type { McpResult } from "./call-facts.ts";

/** Reads one answer. */
export interface McpAnswerReader {
  /** Takes a piece, which is borrowed */
  write(chunk: Buffer): void;
  /** Nothing follows */
  end(): void;
  /** What was found so far, by what the ids of requests are compared by */
  readonly results: ReadonlyMap<string, McpResult>;
}

/** Bytes of an answer to a batch that are held; it must be known as a whole. */
const longestBatch = 256 * 1024;

const slots = { id: 0, code: 1, isError: 2, method: 3, message: 4 } as const;
const shape = compileShape([
  { path: "id", slot: slots.id, as: "value" },
  { path: "error.code", slot: slots.code, as: "value" },
  { path: "result.isError", slot: slots.isError, as: "value" },
  { path: "method", slot: slots.method, as: "value" },
  { path: "error.message", slot: slots.message, as: "presence" },
]);
const slotCount = Object.keys(slots).length;

/**
 * A reader for answers to requests of these ids, as `idKey()` writes them; undefined where an answer of the media type
 * says nothing, or it is compressed.
 */
export function createAnswerReader(
  { mediaType, coding }: { readonly mediaType: string; readonly coding: string },
  ids: ReadonlySet<string>,
): McpAnswerReader | undefined {
  if (ids.size === 0 || (coding !== "" && coding !== "identity")) return undefined;
  const results = new Results(ids);
  if (mediaType === "text/event-stream") return new StreamReader(results);
  if (mediaType !== "application/json") return undefined;
  return ids.size === 1 ? new MessageReader(results) : new BatchReader(results);
}

/** What an answer says, by the requests that were asked and no others. */
class Results {
  readonly found = new Map<string, McpResult>();
  readonly #ids: ReadonlySet<string>;

  constructor(ids: ReadonlySet<string>) {
    this.#ids = ids;
  }

  add(id: FoundValue, result: McpResult): void {
    // A number that a double would change is none of those that are told.
    const key = typeof id === "string" ? `"${id}` : typeof id === "number" ? String(id) : undefined;
    if (key !== undefined && this.#ids.has(key) && !this.found.has(key))
      this.found.set(key, result);
  }

  /** Takes what the scanner found of one message; requests of the server have ids of their own. */
  addScanned({ values }: JsonScanner): void {
    if (values[slots.method] !== null) return;
    const code = values[slots.code] ?? null;
    const isError = code !== null || values[slots.message] === true;
    this.add(values[slots.id] ?? null, resultOf(isError, code, values[slots.isError] ?? null));
  }
}

class MessageReader implements McpAnswerReader {
  readonly #results: Results;
  readonly #scanner = new JsonScanner(shape, slotCount);

  constructor(results: Results) {
    this.#results = results;
  }

  get results(): ReadonlyMap<string, McpResult> {
    return this.#results.found;
  }

  write(chunk: Buffer): void {
    this.#scanner.write(chunk, 0, chunk.length);
  }

  end(): void {
    if (this.#scanner.isComplete) this.#results.addScanned(this.#scanner);
  }
}

class StreamReader implements McpAnswerReader {
  readonly #results: Results;
  readonly #splitter: EventSplitter;

  constructor(results: Results) {
    this.#results = results;
    const scanner = new JsonScanner(shape, slotCount);
    this.#splitter = new EventSplitter({
      onData: (bytes, start, end) => scanner.write(bytes, start, end),
      onEvent: () => {
        if (scanner.isComplete) results.addScanned(scanner);
        scanner.reset();
      },
    });
  }

  get results(): ReadonlyMap<string, McpResult> {
    return this.#results.found;
  }

  write(chunk: Buffer): void {
    this.#splitter.write(chunk);
  }

  end(): void {
    // An event that the end cuts off is none.
  }
}

class BatchReader implements McpAnswerReader {
  readonly #results: Results;
  readonly #held = new GrowingBytes();
  #isLong = false;

  constructor(results: Results) {
    this.#results = results;
  }

  get results(): ReadonlyMap<string, McpResult> {
    return this.#results.found;
  }

  write(chunk: Buffer): void {
    if (this.#isLong) return;
    this.#isLong = this.#held.length + chunk.length > longestBatch;
    if (this.#isLong) this.#held.clear();
    else this.#held.append(chunk, 0, chunk.length);
  }

  end(): void {
    const parsed = parseJson(this.#held.take());
    if (this.#isLong || parsed.kind === "malformed") return;
    const messages = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
    for (const message of messages) this.#addParsed(message);
  }

  #addParsed(message: JsonValue): void {
    if (!isJsonObject(message) || message["method"] !== undefined) return;
    const { id, error, result } = message;
    const code = isJsonObject(error) ? error["code"] : null;
    const isError = isJsonObject(result) ? result["isError"] : null;
    this.#results.add(
      typeof id === "string" || typeof id === "number" ? id : null,
      resultOf(isJsonObject(error), scalarOf(code), scalarOf(isError)),
    );
  }
}

function scalarOf(value: JsonValue | undefined): FoundValue {
  return typeof value === "number" || typeof value === "boolean" ? value : null;
}

function resultOf(isError: boolean, code: FoundValue, isToolError: FoundValue): McpResult {
  if (isError) {
    const isCode = typeof code === "number" && Number.isSafeInteger(code);
    return { outcome: "rpc-error", code: isCode ? code : null };
  }
  return { outcome: isToolError === true ? "tool-error" : "ok", code: null };
}
