/**
 * Events of the IR into a streamed answer of InvokeModel
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html): each of
 * Anthropic's events in base64 in a message; a failure is an exception of Bedrock's.
 */

import { errorOf } from "../anthropic/error-codec.ts";
import { MessageEventEncoder } from "../anthropic/stream-encoder.ts";
import { encodeEventStreamMessage, eventStreamType } from "../aws-event-stream.ts";
import type { StreamEncoder } from "../codec.ts";
import type { ChatRequest, StreamEvent } from "../ir.ts";
import { isJsonObject, parseJsonText } from "../json-text.ts";
import { encodeMessageHeaders, encodeStreamFailure } from "./stream-failure.ts";

const chunkHeaders = encodeMessageHeaders("event", "chunk");

/** Writes one stream. */
export class InvokeStreamEncoder implements StreamEncoder {
  readonly contentType = eventStreamType;
  readonly #model: string;
  readonly #encoder = new MessageEventEncoder((type, json) => this.#writeEvent(type, json));
  #frames: Buffer[] = [];

  /** Of an answer that names no model it is said that the one answered which was asked. */
  constructor({ model }: Pick<ChatRequest, "model">) {
    this.#model = model;
  }

  write(events: readonly StreamEvent[]): Buffer {
    this.#encoder.write(events[0]?.kind === "start" ? this.#named(events) : events);
    const frames = this.#frames;
    this.#frames = [];
    const [first] = frames;
    return first !== undefined && frames.length === 1 ? first : Buffer.concat(frames);
  }

  #named(events: readonly StreamEvent[]): readonly StreamEvent[] {
    return events.map((event) =>
      event.kind === "start" ? { ...event, model: event.model || this.#model } : event,
    );
  }

  #writeEvent(type: string, json: string): void {
    if (type === "error") {
      const parsed = parseJsonText(json);
      const body = parsed.kind === "value" && isJsonObject(parsed.value) ? parsed.value : {};
      this.#frames.push(encodeStreamFailure(errorOf(body, null)));
      return;
    }
    const payload = `{"bytes":"${Buffer.from(json).toString("base64")}"}`;
    this.#frames.push(encodeEventStreamMessage({ headers: chunkHeaders, payload }));
  }
}
