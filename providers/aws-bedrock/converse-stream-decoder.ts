/**
 * Streamed answers of ConverseStream into events of the IR
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html). Blocks of text begin with
 * their first piece; the stream ends after the counts of tokens, which come last.
 */

import type { EventStreamMessage } from "../aws-event-stream.ts";
import { EventStreamReader, textHeader } from "../aws-event-stream.ts";
import type { StreamDecoder, WireResponse } from "../codec.ts";
import type { ModelError, PartStart, StreamEvent } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { converseName } from "./converse-content-decoder.ts";
import { stopTextOf } from "./converse-response.ts";
import { readEventPayload } from "./event-payload.ts";
import { finishOf } from "./stop-reasons.ts";
import { brokenStream, decodeStreamFailure } from "./stream-failure.ts";
import { decodeTokenUsage } from "./token-usage.ts";

const nothing: readonly StreamEvent[] = [];

const reasoningStart = { kind: "reasoning", encrypted: null, origin: converseName } as const;
const textStart = { kind: "text" } as const;

interface OpenPart {
  readonly index: number;
  readonly kind: PartStart["kind"];
}

/** Reads one stream. */
export class ConverseStreamDecoder implements StreamDecoder {
  readonly #reader = new EventStreamReader((message) => this.#onMessage(message));
  /** By index of the block */
  readonly #open = new Map<JsonValue | undefined, OpenPart>();
  readonly #id: string;
  #events: StreamEvent[] = [];
  #parts = 0;
  #isStarted = false;
  #isFinished = false;
  #isCounted = false;
  #isEnded = false;

  /** The answer's id is that of the request to AWS, which a header tells; empty where the headers are not known. */
  constructor(head?: Pick<WireResponse, "header">) {
    this.#id = head?.header("x-amzn-requestid") ?? "";
  }

  write(chunk: Buffer): readonly StreamEvent[] {
    if (this.#isEnded) return nothing;
    this.#reader.write(chunk);
    const { problem } = this.#reader;
    if (problem !== undefined) this.#fail(brokenStream(problem));
    return this.#takeEvents();
  }

  end(): readonly StreamEvent[] {
    if (!this.#isEnded) this.#fail(brokenStream("it ended early"));
    return this.#takeEvents();
  }

  #takeEvents(): readonly StreamEvent[] {
    if (this.#events.length === 0) return nothing;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #onMessage(message: EventStreamMessage): void {
    if (this.#isEnded) return;
    const failure = decodeStreamFailure(message);
    if (failure !== null) {
      this.#fail(failure);
      return;
    }
    const body = readEventPayload(message.payload);
    if (body === null) this.#fail(brokenStream("an event is no JSON object"));
    else this.#onEvent(textHeader(message, ":event-type"), body);
  }

  #onEvent(type: string | undefined, body: JsonObject): void {
    switch (type) {
      case "messageStart":
        this.#start();
        break;
      case "contentBlockStart":
        this.#onBlockStart(body);
        break;
      case "contentBlockDelta":
        this.#onDelta(body["contentBlockIndex"], body["delta"]);
        break;
      case "contentBlockStop":
        this.#close(body["contentBlockIndex"]);
        break;
      case "messageStop":
        this.#onStop(body);
        break;
      case "metadata":
        this.#onMetadata(body);
        break;
    }
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#events.push({ kind: "start", id: this.#id, model: "", created: null });
  }

  #onBlockStart(body: JsonObject): void {
    const use = memberOf(body["start"], "toolUse");
    // The provider's own tools answer for themselves.
    if (!isJsonObject(use) || use["type"] !== undefined) return;
    const { toolUseId: id, name } = use;
    if (typeof id !== "string" || typeof name !== "string") return;
    this.#begin(body["contentBlockIndex"], { kind: "tool-call", id, name });
  }

  #onDelta(block: JsonValue | undefined, delta: JsonValue | undefined): void {
    if (!isJsonObject(delta)) return;
    const { text, toolUse, reasoningContent } = delta;
    if (typeof text === "string") this.#add(this.#part(block, textStart), text);
    else if (isJsonObject(reasoningContent)) this.#onReasoning(block, reasoningContent);
    else if (isJsonObject(toolUse)) this.#onInput(block, toolUse["input"]);
  }

  /** Of a call that has begun; only its start names the tool */
  #onInput(block: JsonValue | undefined, input: JsonValue | undefined): void {
    const part = this.#open.get(block);
    if (part?.kind === "tool-call" && typeof input === "string") this.#add(part, input);
  }

  #onReasoning(block: JsonValue | undefined, delta: JsonObject): void {
    const { text, signature, redactedContent } = delta;
    if (typeof redactedContent === "string") {
      this.#begin(block, { ...reasoningStart, encrypted: redactedContent });
      return;
    }
    if (typeof text === "string") this.#add(this.#part(block, reasoningStart), text);
    if (typeof signature === "string" && signature !== "") {
      const { index } = this.#part(block, reasoningStart);
      this.#events.push({ kind: "signature", index, signature });
    }
  }

  #onStop(body: JsonObject): void {
    for (const block of this.#open.keys()) this.#close(block);
    this.#start();
    this.#isFinished = true;
    const finish = finishOf(body["stopReason"]);
    this.#events.push({ kind: "finish", finish, stopText: stopTextOf(body) });
    if (this.#isCounted) this.#finishStream();
  }

  #onMetadata(body: JsonObject): void {
    const usage = decodeTokenUsage(body["usage"]);
    if (usage !== null) this.#events.push({ kind: "usage", usage });
    this.#isCounted = true;
    if (this.#isFinished) this.#finishStream();
  }

  /** The part that is open in a block; a block that goes on as something else is another part. */
  #part(block: JsonValue | undefined, start: PartStart): OpenPart {
    const open = this.#open.get(block);
    return open?.kind === start.kind ? open : this.#begin(block, start);
  }

  #begin(block: JsonValue | undefined, start: PartStart): OpenPart {
    this.#start();
    this.#close(block);
    const part = { index: this.#parts, kind: start.kind };
    this.#parts++;
    this.#open.set(block, part);
    this.#events.push({ kind: "part-start", index: part.index, part: start });
    return part;
  }

  #add({ index }: OpenPart, text: string): void {
    if (text !== "") this.#events.push({ kind: "delta", index, text });
  }

  #close(block: JsonValue | undefined): void {
    const part = this.#open.get(block);
    if (part === undefined) return;
    this.#open.delete(block);
    this.#events.push({ kind: "part-end", index: part.index });
  }

  #finishStream(): void {
    this.#isEnded = true;
    this.#events.push({ kind: "end" });
  }

  #fail(error: ModelError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.push({ kind: "failed", error });
  }
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
