/**
 * Writes a streamed answer (https://platform.openai.com/docs/api-reference/responses-streaming): each part of the IR is an
 * item of the output at the part's index.
 */

import type { StreamEncoder } from "../codec.ts";
import type { ChatRequest, FinishReason, ModelError, StreamEvent, Usage } from "../ir.ts";
import type { Envelope, Outcome } from "./responses-envelope.ts";
import {
  begun,
  createEnvelope,
  outcomeOf,
  outcomeOfFailure,
  writeEnvelope,
} from "./responses-envelope.ts";
import { EventWriter } from "./responses-event-writer.ts";
import { writeFailureMembers } from "./responses-failures.ts";
import type { AnswerIds } from "./responses-ids.ts";
import { createAnswerIds } from "./responses-ids.ts";
import { writeItem } from "./responses-output-items.ts";
import type { StreamItem } from "./responses-stream-items.ts";
import { createStreamItem } from "./responses-stream-items.ts";

type EventOf<K extends StreamEvent["kind"]> = Extract<StreamEvent, { readonly kind: K }>;

/** Writes one streamed answer. */
export class ResponsesStreamEncoder implements StreamEncoder {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly #request: ChatRequest;
  readonly #events = new EventWriter();
  #ids: AnswerIds | null = null;
  #envelope: Envelope | null = null;
  readonly #items: (StreamItem | undefined)[] = [];
  readonly #open = new Set<StreamItem>();
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
      const next = events[at + 1];
      if (event === undefined) continue;
      // A token's text and its probability are one event here.
      if (event.kind === "delta" && next?.kind === "logprobs" && next.index === event.index) {
        bytes += this.#items[event.index]?.add(event.text, next.logprobs) ?? "";
        at++;
      } else {
        bytes += this.#event(event);
      }
    }
    return bytes;
  }

  #event(event: StreamEvent): string {
    switch (event.kind) {
      case "start":
        return this.#begin(event);
      case "part-start":
        return this.#beginPart(event);
      case "delta":
        return this.#items[event.index]?.add(event.text, []) ?? "";
      case "logprobs":
        return this.#items[event.index]?.add("", event.logprobs) ?? "";
      case "signature":
        this.#items[event.index]?.sign?.(event.signature);
        return "";
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

  #begin({ id, model, created }: EventOf<"start">): string {
    this.#ids = createAnswerIds(id);
    this.#envelope = createEnvelope(this.#request, { ids: this.#ids, model, created });
    const members = `"response":${this.#answer(begun, this.#envelope)}`;
    return (
      this.#events.write("response.created", members) +
      this.#events.write("response.in_progress", members)
    );
  }

  #beginPart({ index, part }: EventOf<"part-start">): string {
    if (this.#ids === null) return "";
    if (part.kind === "refusal") this.#hasRefusal = true;
    const item = createStreamItem(part, { events: this.#events, ids: this.#ids, index });
    this.#items[index] = item;
    this.#open.add(item);
    return item.begin();
  }

  #endPart(item: StreamItem | undefined): string {
    return item !== undefined && this.#open.delete(item) ? item.end() : "";
  }

  #end(): string {
    this.#isOver = true;
    if (this.#envelope === null) return "";
    let bytes = "";
    for (const item of this.#items) bytes += this.#endPart(item);
    const outcome = outcomeOf(this.#finish, this.#hasRefusal);
    return bytes + this.#terminate(outcome, this.#envelope);
  }

  /** The API tells of a failure twice: clients that do not know the one know the other. */
  #fail(error: ModelError): string {
    this.#isOver = true;
    const told = this.#events.write("error", writeFailureMembers(error));
    if (this.#envelope === null) return told;
    return told + this.#terminate(outcomeOfFailure(error), this.#envelope);
  }

  #terminate(outcome: Outcome, envelope: Envelope): string {
    const members = `"response":${this.#answer(outcome, envelope)}`;
    return this.#events.write(`response.${outcome.status}`, members);
  }

  #answer(outcome: Outcome, envelope: Envelope): string {
    const last = this.#items.length - 1;
    const output: string[] = [];
    for (let index = 0; index <= last; index++) {
      const item = this.#items[index];
      if (item === undefined) continue;
      const isCut = this.#open.has(item) || (index === last && outcome.status === "incomplete");
      output.push(writeItem(item.whole(), isCut ? "incomplete" : "completed"));
    }
    return writeEnvelope(envelope, outcome, { output: output.join(","), usage: this.#usage });
  }
}
