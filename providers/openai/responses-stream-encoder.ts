/**
 * Writes a streamed answer (https://platform.openai.com/docs/api-reference/responses-streaming): each part of the IR is an
 * item of the output at the part's index.
 */

import type { StreamEncoder } from "../codec.ts";
import type { ChatRequest, FinishReason, ModelError, StreamEvent, Usage } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import type { Envelope, Outcome } from "./responses-envelope.ts";
import {
  begun,
  createEnvelope,
  outcomeOf,
  outcomeOfFailure,
  writeEnvelope,
} from "./responses-envelope.ts";
import { encodeFailure } from "./responses-failures.ts";
import type { AnswerIds } from "./responses-ids.ts";
import { createAnswerIds } from "./responses-ids.ts";
import { encodeTokenLogprobs } from "./responses-logprobs.ts";
import { writeItem } from "./responses-output-items.ts";
import type { OpenItem } from "./responses-stream-items.ts";
import { addDelta, addLogprobs, beginItem, endItem } from "./responses-stream-items.ts";

/** Writes one streamed answer to `request`. */
export class ResponsesStreamEncoder implements StreamEncoder {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly #request: ChatRequest;
  #sequence = 0;
  #ids: AnswerIds | null = null;
  #envelope: Envelope | null = null;
  readonly #items: OpenItem[] = [];
  #usage: Usage | null = null;
  #finish: FinishReason = "stop";
  #hasRefusal = false;
  #isOver = false;

  /** What of the request the answer repeats is written when it begins. */
  constructor(request: ChatRequest) {
    this.#request = request;
  }

  write(events: readonly StreamEvent[]): string {
    let bytes = "";
    for (let at = 0; at < events.length && !this.#isOver; at++) {
      const event = events[at];
      if (event === undefined) continue;
      if (event.kind === "delta" || event.kind === "logprobs") {
        const next = events[at + 1];
        // A token's text and its probability are one event here.
        const isPair = next !== undefined && isPairOf(event, next);
        bytes += isPair ? this.#pair(event, next) : this.#addition(event);
        if (isPair) at++;
      } else {
        bytes += this.#event(event);
      }
    }
    return bytes;
  }

  #event(event: Exclude<StreamEvent, Addition>): string {
    switch (event.kind) {
      case "start":
        return this.#begin(event);
      case "part-start":
        if (event.part.kind === "refusal") this.#hasRefusal = true;
        return this.#beginPart(event);
      case "signature":
        return this.#sign(event);
      case "part-end":
        return this.#endPart(this.#items[event.index]);
      case "usage":
        this.#usage = event.usage;
        return "";
      case "finish":
        this.#finish = event.finish;
        return "";
      case "failed":
        return this.#fail(event.error);
      case "end":
        return this.#end();
    }
  }
}
