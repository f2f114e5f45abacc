/**
 * Events of the IR into a streamed answer of ConverseStream
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html).
 */

import { encodeEventStreamMessage, eventStreamType } from "../aws-event-stream.ts";
import type { StreamEncoder } from "../codec.ts";
import type { ChatRequest, ModelError, PartStart, StreamEvent, Usage } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { converseName } from "./converse-content-decoder.ts";
import { answerFields } from "./converse-response.ts";
import { stopReasonOf } from "./stop-reasons.ts";
import { encodeMessageHeaders, encodeStreamFailure } from "./stream-failure.ts";
import { encodeTokenUsage } from "./token-usage.ts";
import { toolUseId } from "./tool-use-id.ts";

const eventTypes = [
  "messageStart",
  "contentBlockStart",
  "contentBlockDelta",
  "contentBlockStop",
  "messageStop",
  "metadata",
] as const;

type EventType = (typeof eventTypes)[number];

const headersOfEvent = new Map(
  eventTypes.map((type) => [type, encodeMessageHeaders("event", type)]),
);

const noBytes = Buffer.alloc(0);

/** A part that has begun; its block begins with the first thing that is written of it. */
interface OpenPart {
  readonly start: PartStart;
  /** Index of the block; null while nothing of it was written */
  block: number | null;
  /** Whether arguments of the tool were written */
  hasInput: boolean;
}

/** Writes one stream. */
export class ConverseStreamEncoder implements StreamEncoder {
  readonly contentType = eventStreamType;
  readonly #request: ChatRequest;
  readonly #open = new Map<number, OpenPart>();
  #frames: Buffer[] = [];
  #blocks = 0;
  #usage: Usage | null = null;
  #isEnded = false;

  constructor(request: ChatRequest) {
    this.#request = request;
  }

  write(events: readonly StreamEvent[]): Buffer {
    for (const event of events) if (!this.#isEnded) this.#writeEvent(event);
    const frames = this.#frames;
    if (frames.length === 0) return noBytes;
    this.#frames = [];
    const [first = noBytes] = frames;
    return frames.length === 1 ? first : Buffer.concat(frames);
  }

  #writeEvent(event: StreamEvent): void {
    switch (event.kind) {
      case "start":
        this.#frame("messageStart", { role: "assistant" });
        break;
      case "part-start":
        this.#onPartStart(event.index, event.part);
        break;
      case "delta":
        this.#onDelta(event.index, event.text);
        break;
      case "signature":
        this.#onSignature(event.index, event.signature);
        break;
      case "part-end":
        this.#onPartEnd(event.index);
        break;
      case "usage":
        this.#usage = event.usage;
        break;
      case "logprobs":
        break;
      case "finish":
        this.#frame("messageStop", {
          stopReason: stopReasonOf(event.finish),
          additionalModelResponseFields: answerFields(event.stopText, this.#request),
        });
        break;
      case "end":
        this.#onEnd();
        break;
      case "failed":
        this.#onFailure(event.error);
        break;
    }
  }

  #onPartStart(index: number, start: PartStart): void {
    const part: OpenPart = { start, block: null, hasInput: false };
    this.#open.set(index, part);
    if (start.kind === "tool-call") {
      const toolUse = { toolUseId: toolUseId(start.id), name: start.name };
      const contentBlockIndex = this.#blockOf(part);
      this.#frame("contentBlockStart", { contentBlockIndex, start: { toolUse } });
    } else if (start.kind === "reasoning" && start.encrypted !== null && isOwn(start)) {
      this.#delta(part, { reasoningContent: { redactedContent: start.encrypted } });
    }
  }

  #onDelta(index: number, text: string): void {
    const part = this.#open.get(index);
    if (part === undefined) return;
    switch (part.start.kind) {
      case "text":
      case "refusal":
        this.#delta(part, { text });
        break;
      case "reasoning":
        this.#delta(part, { reasoningContent: { text } });
        break;
      case "tool-call":
        part.hasInput = true;
        this.#delta(part, { toolUse: { input: text } });
        break;
    }
  }

  /** Another's proof would come back as if it were the dialect's own. */
  #onSignature(index: number, signature: string): void {
    const part = this.#open.get(index);
    if (part?.start.kind !== "reasoning" || !isOwn(part.start)) return;
    this.#delta(part, { reasoningContent: { signature } });
  }

  #onPartEnd(index: number): void {
    const part = this.#open.get(index);
    if (part === undefined) return;
    this.#open.delete(index);
    if (part.block === null) return;
    if (part.start.kind === "tool-call" && !part.hasInput) {
      this.#delta(part, { toolUse: { input: "{}" } });
    }
    this.#frame("contentBlockStop", { contentBlockIndex: part.block });
  }

  #onEnd(): void {
    this.#isEnded = true;
    const usage = encodeTokenUsage(this.#usage);
    // Nobody measured the latency.
    this.#frame("metadata", { usage, metrics: { latencyMs: 0 } });
  }

  #onFailure(error: ModelError): void {
    this.#isEnded = true;
    this.#frames.push(encodeStreamFailure(error));
  }

  #delta(part: OpenPart, delta: JsonObject): void {
    this.#frame("contentBlockDelta", { contentBlockIndex: this.#blockOf(part), delta });
  }

  #blockOf(part: OpenPart): number {
    if (part.block === null) {
      part.block = this.#blocks;
      this.#blocks++;
    }
    return part.block;
  }

  #frame(type: EventType, body: JsonObject): void {
    const headers = headersOfEvent.get(type) ?? noBytes;
    this.#frames.push(encodeEventStreamMessage({ headers, payload: writeJson(body) }));
  }
}

function isOwn({ origin }: { readonly origin: string }): boolean {
  return origin === converseName;
}
