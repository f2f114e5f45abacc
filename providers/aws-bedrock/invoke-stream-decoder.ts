/**
 * Streamed answers of InvokeModel into events of the IR
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html): each message
 * holds one event of Anthropic's in base64.
 */

import { MessageEventDecoder } from "../anthropic/stream-decoder.ts";
import type { EventStreamMessage } from "../aws-event-stream.ts";
import { EventStreamReader } from "../aws-event-stream.ts";
import type { StreamDecoder } from "../codec.ts";
import type { StreamEvent } from "../ir.ts";
import { parseJson } from "../json-text.ts";
import { readChunkBytes } from "./event-payload.ts";
import { brokenStream, decodeStreamFailure } from "./stream-failure.ts";

const nothing: readonly StreamEvent[] = [];

/** Reads one stream. */
export class InvokeStreamDecoder implements StreamDecoder {
  readonly #reader = new EventStreamReader((message) => this.#onMessage(message));
  readonly #decoder = new MessageEventDecoder();
  #events: StreamEvent[] = [];

  write(chunk: Buffer): readonly StreamEvent[] {
    if (this.#decoder.isOver) return nothing;
    this.#reader.write(chunk);
    const { problem } = this.#reader;
    if (problem !== undefined) this.#break(problem);
    return this.#takeEvents();
  }

  end(): readonly StreamEvent[] {
    if (!this.#decoder.isOver) this.#decoder.end(this.#events);
    return this.#takeEvents();
  }

  #takeEvents(): readonly StreamEvent[] {
    if (this.#events.length === 0) return nothing;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #onMessage(message: EventStreamMessage): void {
    if (this.#decoder.isOver) return;
    const failure = decodeStreamFailure(message);
    if (failure !== null) {
      this.#decoder.fail(failure, this.#events);
      return;
    }
    const bytes = readChunkBytes(message.payload);
    // An event that is none of Anthropic's says nothing.
    if (bytes === null) return;
    const event = parseJson(bytes);
    if (event.kind === "value") this.#decoder.read(event.value, this.#events);
    else this.#break("an event is not JSON");
  }

  #break(clause: string): void {
    if (!this.#decoder.isOver) this.#decoder.fail(brokenStream(clause), this.#events);
  }
}
