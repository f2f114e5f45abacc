/** Items of a streamed answer: the events of each from its beginning to its end, with their text kept for the last one. */

import type { PartStart, TokenLogprob } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import type { EventWriter } from "./responses-event-writer.ts";
import type { AnswerIds } from "./responses-ids.ts";
import { itemId } from "./responses-ids.ts";
import { encodeTokenLogprobs } from "./responses-logprobs.ts";
import type { OutputItem } from "./responses-output-items.ts";
import {
  callItem,
  messageItem,
  reasoningItem,
  refusalContent,
  summaryContent,
  textContent,
  writeItem,
} from "./responses-output-items.ts";
import { encryptedContent } from "./responses-reasoning.ts";

/** One item while it is written; what its methods give are bytes of events. */
export interface StreamItem {
  begin(): string;
  /** More text, with the probabilities of its tokens if there are any */
  add(text: string, logprobs: readonly TokenLogprob[]): string;
  /** Keeps the proof of reasoning for the end; other items have none */
  sign?(signature: string): void;
  end(): string;
  /** As it is by now */
  whole(): OutputItem;
}

/** What an item is written with. */
export interface ItemPlace {
  readonly events: EventWriter;
  readonly ids: AnswerIds;
  /** Of the output */
  readonly index: number;
}

/** The item of a part that begins. */
export function createStreamItem(part: PartStart, place: ItemPlace): StreamItem {
  switch (part.kind) {
    case "text":
    case "refusal":
      return new MessageItem(place, part.kind);
    case "tool-call":
      return new CallItem(place, part);
    case "reasoning":
      return new ReasoningItem(place, part);
  }
}

/** A message with one piece of content: text or a refusal. */
class MessageItem implements StreamItem {
  readonly #events: EventWriter;
  readonly #index: number;
  readonly #id: string;
  readonly #isRefusal: boolean;
  /** Members of every event about its content */
  readonly #place: string;
  #text = "";
  /** JSON text of a list's entries */
  #logprobs = "";

  constructor({ events, ids, index }: ItemPlace, kind: "text" | "refusal") {
    this.#events = events;
    this.#index = index;
    this.#id = itemId(ids, "msg", index);
    this.#isRefusal = kind === "refusal";
    this.#place = `${placeOf(this.#id, index)},"content_index":0`;
  }

  begin(): string {
    const added = writeAdded(this.#events, this.#index, messageItem(this.#id, ""));
    const part = `${this.#place},"part":${this.#content('""')}`;
    return added + this.#events.write("response.content_part.added", part);
  }

  add(text: string, logprobs: readonly TokenLogprob[]): string {
    this.#text += text;
    const delta = `${this.#place},"delta":${JSON.stringify(text)}`;
    if (this.#isRefusal) return this.#events.write("response.refusal.delta", delta);
    const list = logprobs.length === 0 ? "" : writeJson(encodeTokenLogprobs(logprobs)).slice(1, -1);
    if (list !== "") this.#logprobs += this.#logprobs === "" ? list : `,${list}`;
    return this.#events.write("response.output_text.delta", `${delta},"logprobs":[${list}]`);
  }

  end(): string {
    const text = JSON.stringify(this.#text);
    const content = this.#content(text);
    const done = this.#isRefusal
      ? this.#events.write("response.refusal.done", `${this.#place},"refusal":${text}`)
      : this.#events.write(
          "response.output_text.done",
          `${this.#place},"text":${text},"logprobs":[${this.#logprobs}]`,
        );
    return (
      done +
      this.#events.write("response.content_part.done", `${this.#place},"part":${content}`) +
      writeDone(this.#events, this.#index, messageItem(this.#id, content))
    );
  }

  whole(): OutputItem {
    return messageItem(this.#id, this.#content(JSON.stringify(this.#text)));
  }

  #content(text: string): string {
    return this.#isRefusal ? refusalContent(text) : textContent(text, `[${this.#logprobs}]`);
  }
}

class CallItem implements StreamItem {
  readonly #events: EventWriter;
  readonly #index: number;
  readonly #id: string;
  readonly #place: string;
  readonly #callId: string;
  readonly #name: string;
  #arguments = "";

  constructor(
    { events, ids, index }: ItemPlace,
    { id, name }: { readonly id: string; readonly name: string },
  ) {
    this.#events = events;
    this.#index = index;
    this.#id = itemId(ids, "fc", index);
    this.#place = placeOf(this.#id, index);
    this.#callId = id;
    this.#name = name;
  }

  begin(): string {
    return writeAdded(this.#events, this.#index, this.whole());
  }

  add(text: string): string {
    this.#arguments += text;
    const members = `${this.#place},"delta":${JSON.stringify(text)}`;
    return this.#events.write("response.function_call_arguments.delta", members);
  }

  end(): string {
    const args = JSON.stringify(this.#arguments);
    const members = `${this.#place},"name":${JSON.stringify(this.#name)},"arguments":${args}`;
    return (
      this.#events.write("response.function_call_arguments.done", members) +
      writeDone(this.#events, this.#index, this.whole())
    );
  }

  whole(): OutputItem {
    const args = JSON.stringify(this.#arguments);
    return callItem(this.#id, { callId: this.#callId, name: this.#name, args });
  }
}

class ReasoningItem implements StreamItem {
  readonly #events: EventWriter;
  readonly #index: number;
  readonly #id: string;
  readonly #place: string;
  readonly #origin: string;
  readonly #encrypted: string | null;
  #signature: string | null = null;
  #text = "";

  constructor(
    { events, ids, index }: ItemPlace,
    { encrypted, origin }: { readonly encrypted: string | null; readonly origin: string },
  ) {
    this.#events = events;
    this.#index = index;
    this.#id = itemId(ids, "rs", index);
    this.#place = `${placeOf(this.#id, index)},"summary_index":0`;
    this.#origin = origin;
    this.#encrypted = encrypted;
  }

  begin(): string {
    const item = reasoningItem(this.#id, { summary: "", encrypted: null });
    return writeAdded(this.#events, this.#index, item);
  }

  add(text: string): string {
    if (text === "") return "";
    const added = this.#text === "" ? this.#beginSummary() : "";
    this.#text += text;
    const members = `${this.#place},"delta":${JSON.stringify(text)}`;
    return added + this.#events.write("response.reasoning_summary_text.delta", members);
  }

  sign(signature: string): void {
    this.#signature = signature;
  }

  end(): string {
    const done = this.#text === "" ? "" : this.#endSummary();
    return done + writeDone(this.#events, this.#index, this.whole());
  }

  whole(): OutputItem {
    const summary = this.#text === "" ? "" : summaryContent(JSON.stringify(this.#text));
    const encrypted = encryptedContent({
      signature: this.#signature,
      encrypted: this.#encrypted,
      origin: this.#origin,
    });
    return reasoningItem(this.#id, { summary, encrypted });
  }

  #beginSummary(): string {
    const part = `${this.#place},"part":${summaryContent('""')}`;
    return this.#events.write("response.reasoning_summary_part.added", part);
  }

  #endSummary(): string {
    const text = JSON.stringify(this.#text);
    const part = `${this.#place},"part":${summaryContent(text)}`;
    return (
      this.#events.write("response.reasoning_summary_text.done", `${this.#place},"text":${text}`) +
      this.#events.write("response.reasoning_summary_part.done", part)
    );
  }
}

function placeOf(id: string, index: number): string {
  return `"item_id":"${id}","output_index":${index}`;
}

function writeAdded(events: EventWriter, index: number, item: OutputItem): string {
  const members = `"output_index":${index},"item":${writeItem(item, "in_progress")}`;
  return events.write("response.output_item.added", members);
}

function writeDone(events: EventWriter, index: number, item: OutputItem): string {
  const members = `"output_index":${index},"item":${writeItem(item, "completed")}`;
  return events.write("response.output_item.done", members);
}
