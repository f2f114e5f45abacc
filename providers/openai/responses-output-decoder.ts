/** Reads the output of a streamed answer, item by item, into parts with dense indexes. */

import type { PartStart, StreamEvent } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { isJsonList } from "./body-reader.ts";
import type { PartKinds } from "./responses-answer-decoder.ts";
import { callIdOf, textOrEmpty } from "./responses-answer-decoder.ts";
import { decodeTokenLogprobs } from "./responses-logprobs.ts";
import { decodeReasoning, responsesName, summaryJoint } from "./responses-reasoning.ts";

/** Most items of one answer: an item costs memory even where it says nothing. Answers have some dozens. */
export const maxOutputItems = 16_384;

/** A part that was begun. */
interface OpenPart {
  readonly index: number;
  hasText: boolean;
}

/** An item of the output; messages have a part for each piece of content, other items one at most. */
interface OpenItem {
  readonly parts: Map<number, OpenPart>;
  /** The next text of reasoning stands apart from the one before */
  isJointDue: boolean;
  isOver: boolean;
}

/** Reads the events of one answer's items. */
export class OutputDecoder {
  /** By the index in the output, which is the provider's */
  readonly #items = new Map<number, OpenItem>();
  #partCount = 0;
  #hasCall = false;
  #hasRefusal = false;
  #hasTooManyItems = false;
  #events: StreamEvent[] = [];

  /** What parts there were so far. */
  get kinds(): PartKinds {
    return { hasCall: this.#hasCall, hasRefusal: this.#hasRefusal };
  }

  /** There were more items than are read: what follows the last of them was not told. */
  get hasTooManyItems(): boolean {
    return this.#hasTooManyItems;
  }

  /** Goes on with an event, whatever it is about; appends to `events`. */
  add(event: JsonObject, events: StreamEvent[]): void {
    this.#events = events;
    const item = this.#item(numberOf(event["output_index"]));
    if (item.isOver) return;
    switch (event["type"]) {
      case "response.output_text.delta":
        this.#addText(item, event, "text");
        return;
      case "response.function_call_arguments.delta":
        this.#addTo(item.parts.get(0), textOrEmpty(event["delta"]));
        return;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        this.#addReasoning(item, textOrEmpty(event["delta"]));
        return;
      case "response.reasoning_summary_part.added":
        item.isJointDue = true;
        return;
      case "response.refusal.delta":
        this.#addText(item, event, "refusal");
        return;
      case "response.output_item.added":
        if (isJsonObject(event["item"])) this.#begin(item, event["item"]);
        return;
      case "response.output_item.done":
        if (isJsonObject(event["item"])) this.#end(item, event["item"]);
        return;
    }
  }

  /** Ends what is open; `output` is the whole one, from which items are taken that were not told. */
  finish(output: JsonValue | undefined, events: StreamEvent[]): void {
    this.#events = events;
    const whole = isJsonList(output) ? output : [];
    for (let index = 0; index < whole.length && !this.#hasTooManyItems; index++) {
      const item = this.#item(index);
      const value = whole[index];
      if (!item.isOver && isJsonObject(value)) this.#end(item, value);
    }
    for (const item of this.#items.values()) this.#endParts(item);
  }

  #item(index: number): OpenItem {
    const known = this.#items.get(index);
    if (known !== undefined) return known;
    if (this.#items.size === maxOutputItems) {
      this.#hasTooManyItems = true;
      return { parts: new Map(), isJointDue: false, isOver: true };
    }
    const item: OpenItem = { parts: new Map(), isJointDue: false, isOver: false };
    this.#items.set(index, item);
    return item;
  }

  #begin(item: OpenItem, value: JsonObject): void {
    if (value["type"] !== "function_call" || item.parts.has(0)) return;
    this.#hasCall = true;
    const id = callIdOf(value, this.#partCount);
    this.#beginPart(item, 0, { kind: "tool-call", id, name: textOrEmpty(value["name"]) });
  }

  #addText(item: OpenItem, event: JsonObject, kind: "text" | "refusal"): void {
    const content = numberOf(event["content_index"]);
    const part = item.parts.get(content) ?? this.#beginContent(item, content, kind);
    this.#addTo(part, textOrEmpty(event["delta"]));
    const logprobs = decodeTokenLogprobs(event["logprobs"]);
    if (logprobs.length > 0) {
      this.#events.push({ kind: "logprobs", index: part.index, logprobs });
    }
  }

  #beginContent(item: OpenItem, content: number, kind: "text" | "refusal"): OpenPart {
    if (kind === "refusal") this.#hasRefusal = true;
    return this.#beginPart(item, content, { kind });
  }

  #addReasoning(item: OpenItem, text: string): void {
    if (text === "") return;
    const known = item.parts.get(0);
    const part =
      known ??
      this.#beginPart(item, 0, { kind: "reasoning", encrypted: null, origin: responsesName });
    if (item.isJointDue && part.hasText) this.#addTo(part, summaryJoint);
    item.isJointDue = false;
    this.#addTo(part, text);
  }

  /** What was not told in pieces is told now. */
  #end(item: OpenItem, value: JsonObject): void {
    switch (value["type"]) {
      case "message":
        this.#endMessage(item, value["content"]);
        break;
      case "function_call":
        this.#begin(item, value);
        this.#complete(item.parts.get(0), textOrEmpty(value["arguments"]) || "{}");
        break;
      case "reasoning":
        this.#endReasoning(item, value);
        break;
    }
    this.#endParts(item);
  }

  #endMessage(item: OpenItem, content: JsonValue | undefined): void {
    if (!isJsonList(content)) return;
    for (let index = 0; index < content.length; index++) {
      const piece = content[index];
      if (!isJsonObject(piece)) continue;
      const isRefusal = piece["type"] === "refusal";
      if (!isRefusal && piece["type"] !== "output_text") continue;
      const text = textOrEmpty(isRefusal ? piece["refusal"] : piece["text"]);
      const kind = isRefusal ? "refusal" : "text";
      this.#complete(item.parts.get(index) ?? this.#beginContent(item, index, kind), text);
    }
  }

  #endReasoning(item: OpenItem, value: JsonObject): void {
    const { text, signature, encrypted } = decodeReasoning(value);
    const part = item.parts.get(0);
    if (part === undefined && encrypted !== null) {
      this.#beginPart(item, 0, { kind: "reasoning", encrypted, origin: responsesName });
      return;
    }
    if (part === undefined) this.#addReasoning(item, text);
    const index = item.parts.get(0)?.index;
    const proof = signature ?? encrypted;
    if (index !== undefined && proof !== null) {
      this.#events.push({ kind: "signature", index, signature: proof });
    }
  }

  #beginPart(item: OpenItem, content: number, start: PartStart): OpenPart {
    const part: OpenPart = { index: this.#partCount++, hasText: false };
    item.parts.set(content, part);
    this.#events.push({ kind: "part-start", index: part.index, part: start });
    return part;
  }

  #addTo(part: OpenPart | undefined, text: string): void {
    if (part === undefined || text === "") return;
    part.hasText = true;
    this.#events.push({ kind: "delta", index: part.index, text });
  }

  #complete(part: OpenPart | undefined, text: string): void {
    if (part !== undefined && !part.hasText) this.#addTo(part, text);
  }

  #endParts(item: OpenItem): void {
    if (item.isOver) return;
    item.isOver = true;
    for (const { index } of item.parts.values()) this.#events.push({ kind: "part-end", index });
  }
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}
