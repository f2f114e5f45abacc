/**
 * Gathers what one answer says, plain or streamed, while it passes. A fact that was found stays: what is known at any
 * time is what the answer had said by then.
 */

import { ChunkUnwrapper } from "./aws-event-stream-chunks.ts";
import { EventStreamSplitter } from "./aws-event-stream-splitter.ts";
import { JsonScanner } from "./json-scanner.ts";
import type { FoundValue } from "./json-value.ts";
import type { OperationLayout } from "./operation-layout.ts";
import { answerSlotCount, answerSlots as slots } from "./operation-layout.ts";
import type { EventSink } from "./sse.ts";
import { EventSplitter } from "./sse.ts";
import { TextWeigher } from "./text-weight.ts";
import { ArraySplitter } from "./json-array.ts";

/** More than any provider answers at once. */
const maxChoices = 128;

/** Tokens as the provider counted them; null where it did not say. */
export interface AnswerTokens {
  input: number | null;
  output: number | null;
  cachedInput: number | null;
  cacheWrite: number | null;
  reasoning: number | null;
}

/** One document, server-sent events, an array whose elements are the events, or an AWS event stream. */
export type AnswerForm = "plain" | "stream" | "array" | "aws-stream";

/** Reads one answer. */
export class AnswerReader implements EventSink {
  readonly #layout: OperationLayout;
  readonly #scanner: JsonScanner;
  readonly #splitter: { write(bytes: Buffer): void } | null;
  #tokens = unknownTokens();
  /** By choice, with holes; empty for most of an answer's time */
  readonly #reasons: string[] = [];
  /** Elements of the choices' array in this document */
  #elements = 0;
  #id: string | null = null;
  #model: string | null = null;
  #firstContentMs: number | null = null;
  #sinceStartMs = 0;
  /** Null: nobody asked what the text weighs */
  readonly #weigher: TextWeigher | null;

  /** `weighs`: what a stream's text weighs is wanted too, for which every event is read. */
  constructor(layout: OperationLayout, form: AnswerForm, { weighs = false } = {}) {
    this.#layout = layout;
    const shape = form === "plain" ? layout.answer : layout.event;
    const weigher = weighs && form !== "plain" ? new TextWeigher() : null;
    this.#weigher = weigher;
    this.#scanner = new JsonScanner(shape, answerSlotCount, {
      onElement: () => this.#onChoice(),
      ...(weigher !== null && {
        onText: (bytes: Buffer, start: number, end: number) => weigher.write(bytes, start, end),
      }),
    });
    this.#splitter = createSplitter(form, this);
  }

  /** Null when the answer named none so far. */
  get id(): string | null {
    return this.#id;
  }

  /** Null when the answer named none so far. */
  get model(): string | null {
    return this.#model;
  }

  /** When the first event with content was whole, in `ms`; null for plain answers and before. */
  get firstContentMs(): number | null {
    return this.#firstContentMs;
  }

  /** Weight of the text of a stream so far, with tool arguments and reasoning, see `text-weight.ts`; 0 of plain answers. */
  get textWeight(): number {
    return this.#weigher?.weight ?? 0;
  }

  /** As they were counted so far; belongs to the reader. */
  get tokens(): Readonly<AnswerTokens> {
    return this.#tokens;
  }

  /** One for each choice that has finished, in the choices' order. */
  finishReasons(): string[] {
    return this.#reasons.filter((reason) => reason !== undefined);
  }

  /** Takes a decoded piece, which is borrowed, and when it came. */
  write(bytes: Buffer, sinceStartMs: number): void {
    this.#sinceStartMs = sinceStartMs;
    if (this.#splitter === null) this.#scanner.write(bytes, 0, bytes.length);
    else this.#splitter.write(bytes);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#scanner.write(bytes, start, end);
    if (this.#scanner.isComplete) this.#take();
  }

  onEvent(): void {
    const knowsFirst = this.#id !== null && this.#model !== null && this.#firstContentMs !== null;
    const isLater = knowsFirst && this.#weigher === null;
    this.#scanner.reset(isLater ? this.#layout.laterEvent : this.#layout.event);
    this.#elements = 0;
  }

  /** Takes over what a plain answer says up to here; of a stream, every event was taken over when it was whole. */
  settle(): void {
    if (this.#splitter !== null) return;
    this.#id = null;
    this.#model = null;
    this.#tokens = unknownTokens();
    this.#take();
  }

  #take(): void {
    const { values } = this.#scanner;
    this.#id ??= textOf(values[slots.id]);
    this.#model ??= textOf(values[slots.model]);
    if (values[slots.content] === true) this.#firstContentMs ??= this.#sinceStartMs;
    this.#countTokens(values);
    if (!this.#layout.hasChoices) this.#finish(values);
  }

  #countTokens(values: readonly FoundValue[]): void {
    const tokens = this.#tokens;
    tokens.input = countOf(values[slots.inputTokens]) ?? tokens.input;
    tokens.output = countOf(values[slots.outputTokens]) ?? tokens.output;
    tokens.cachedInput = countOf(values[slots.cachedInputTokens]) ?? tokens.cachedInput;
    tokens.cacheWrite = countOf(values[slots.cacheWriteTokens]) ?? tokens.cacheWrite;
    tokens.reasoning = countOf(values[slots.reasoningTokens]) ?? tokens.reasoning;
  }

  #finish(values: readonly FoundValue[]): void {
    const reason = textOf(values[slots.finishReason]);
    if (reason !== null) {
      this.#reasons[0] = reason;
      return;
    }
    const status = textOf(values[slots.status]);
    if (status === null || !this.#scanner.isComplete) return;
    if (this.#layout.operation.finalStatuses.includes(status)) this.#reasons[0] = status;
  }

  #onChoice(): void {
    const { values } = this.#scanner;
    const choice = countOf(values[slots.choice]) ?? this.#elements;
    this.#elements++;
    const reason = textOf(values[slots.finishReason]);
    if (reason !== null && choice < maxChoices) this.#reasons[choice] = reason;
  }
}

function createSplitter(form: AnswerForm, sink: EventSink) {
  switch (form) {
    case "plain":
      return null;
    case "stream":
      return new EventSplitter(sink);
    case "array":
      return new ArraySplitter(sink);
    case "aws-stream":
      return new EventStreamSplitter(new ChunkUnwrapper(sink));
  }
}

function unknownTokens(): AnswerTokens {
  return { input: null, output: null, cachedInput: null, cacheWrite: null, reasoning: null };
}

/** Empty text says nothing: Azure begins streams with an event of which everything is empty. */
function textOf(value: FoundValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function countOf(value: FoundValue | undefined): number | null {
  return typeof value === "number" && value >= 0 ? value : null;
}
