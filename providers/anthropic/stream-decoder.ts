/**
 * Reads the events of a streamed answer (https://docs.anthropic.com/en/docs/build-with-claude/streaming). The events are
 * objects here: what frames them, an event stream or AWS's, is the business of whoever feeds them.
 */

import type { StreamDecoder } from "../codec.ts";
import { EventDataReader } from "../event-data.ts";
import type { ModelError, StreamEvent } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJsonText, writeJson } from "../json-text.ts";
import { messagesDialect } from "./dialect.ts";
import { errorOf } from "./error-codec.ts";
import { isSaid, memberOf, objectOrEmpty, textOrEmpty, textOrNull } from "./json-members.ts";
import { finishOf } from "./stop-reasons.ts";
import { madeUpId } from "./tool-id.ts";
import type { ToldCounts } from "./usage-counts.ts";
import { nothingTold, readCounts, usageOf } from "./usage-counts.ts";

/** Reads one stream of event objects; what it does not know it ignores. */
export class MessageEventDecoder {
  /** Indexes of the IR by those of Anthropic; blocks that are ignored have none */
  readonly #indexes = new Map<number, number>();
  #nextIndex = 0;
  #counts: ToldCounts = nothingTold;
  #hasStarted = false;
  #hasFinished = false;
  #isOver = false;

  /** The stream told its end or failed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Reads an event and adds what it says to `out`. */
  read(event: JsonValue, out: StreamEvent[]): void {
    if (this.#isOver) return;
    if (!isJsonObject(event)) {
      this.fail(broken("an event is not an object"), out);
      return;
    }
    const { type } = event;
    if (type === "message_start") {
      this.#start(event, out);
      return;
    }
    if (type === "error") {
      this.fail(errorOf(event, null), out);
      return;
    }
    if (type === "ping" || !isEvent(type)) return;
    if (!this.#hasStarted) {
      this.fail(broken("it does not begin with message_start"), out);
      return;
    }
    switch (type) {
      case "content_block_start":
        this.#startBlock(event, out);
        return;
      case "content_block_delta":
        this.#addDelta(event, out);
        return;
      case "content_block_stop":
        this.#stopBlock(event, out);
        return;
      case "message_delta":
        this.#readChange(event, out);
        return;
      case "message_stop":
        this.#finish("end_turn", null, out);
        this.#isOver = true;
        out.push({ kind: "end" });
    }
  }

  /** The stream has no more events: without its last one it failed. */
  end(out: StreamEvent[]): void {
    if (!this.#isOver) this.fail(broken("it ended early"), out);
  }

  /** Ends the stream with an error; nothing is told after it. */
  fail(error: ModelError, out: StreamEvent[]): void {
    this.#isOver = true;
    out.push({ kind: "failed", error });
  }

  #start(event: JsonObject, out: StreamEvent[]): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const message = objectOrEmpty(memberOf(event, "message"));
    out.push({
      kind: "start",
      id: textOrEmpty(memberOf(message, "id")),
      model: textOrEmpty(memberOf(message, "model")),
      created: null,
    });
    this.#count(memberOf(message, "usage"), out);
  }

  #startBlock(event: JsonObject, out: StreamEvent[]): void {
    const block = objectOrEmpty(memberOf(event, "content_block"));
    const place = memberOf(event, "index");
    if (typeof place !== "number") return;
    if (this.#hasFinished) {
      this.fail(broken("content comes after the stop reason"), out);
      return;
    }
    // One that was begun there and never stopped ends here.
    this.#stopBlock(event, out);
    const index = this.#nextIndex;
    if (!startPart(index, block, out)) return;
    this.#nextIndex++;
    this.#indexes.set(place, index);
  }

  #addDelta(event: JsonObject, out: StreamEvent[]): void {
    const index = this.#indexOf(event);
    const delta = memberOf(event, "delta");
    if (index === undefined || !isJsonObject(delta)) return;
    switch (delta["type"]) {
      case "text_delta":
        pushDelta(index, memberOf(delta, "text"), out);
        return;
      case "input_json_delta":
        pushDelta(index, memberOf(delta, "partial_json"), out);
        return;
      case "thinking_delta":
        pushDelta(index, memberOf(delta, "thinking"), out);
        return;
      case "signature_delta":
        pushSignature(index, memberOf(delta, "signature"), out);
        return;
    }
  }

  #stopBlock(event: JsonObject, out: StreamEvent[]): void {
    const index = this.#indexOf(event);
    if (index === undefined) return;
    this.#indexes.delete(Number(event["index"]));
    out.push({ kind: "part-end", index });
  }

  #readChange(event: JsonObject, out: StreamEvent[]): void {
    const delta = objectOrEmpty(memberOf(event, "delta"));
    this.#count(memberOf(event, "usage"), out);
    const reason = memberOf(delta, "stop_reason");
    if (isSaid(reason)) this.#finish(reason, memberOf(delta, "stop_sequence"), out);
  }

  #finish(
    reason: JsonValue | undefined,
    stopText: JsonValue | undefined,
    out: StreamEvent[],
  ): void {
    if (this.#hasFinished) return;
    this.#hasFinished = true;
    for (const index of this.#indexes.values()) out.push({ kind: "part-end", index });
    this.#indexes.clear();
    out.push({ kind: "finish", finish: finishOf(reason), stopText: textOrNull(stopText) });
  }

  #count(usage: JsonValue | undefined, out: StreamEvent[]): void {
    if (!isJsonObject(usage)) return;
    this.#counts = readCounts(usage, this.#counts);
    out.push({ kind: "usage", usage: usageOf(this.#counts) });
  }

  #indexOf(event: JsonObject): number | undefined {
    const place = memberOf(event, "index");
    return typeof place === "number" ? this.#indexes.get(place) : undefined;
  }
}

/** Reads one streamed answer from the bytes of an event stream. */
export function createMessageStreamDecoder(): StreamDecoder {
  const events = new MessageEventDecoder();
  let out: StreamEvent[] = [];
  const reader = new EventDataReader((data) => {
    const parsed = parseJsonText(data);
    if (parsed.kind === "value") events.read(parsed.value, out);
    else if (!events.isOver) events.fail(broken("an event is not JSON"), out);
  });
  const take = () => {
    const told = out;
    out = [];
    return told;
  };
  return {
    write(chunk) {
      if (events.isOver) return [];
      reader.write(chunk);
      if (reader.isTooLong && !events.isOver) events.fail(broken("an event is too long"), out);
      return take();
    },
    end() {
      events.end(out);
      return take();
    },
  };
}

function startPart(index: number, block: JsonObject, out: StreamEvent[]): boolean {
  switch (block["type"]) {
    case "text":
      out.push({ kind: "part-start", index, part: { kind: "text" } });
      pushDelta(index, memberOf(block, "text"), out);
      return true;
    case "thinking":
    case "redacted_thinking": {
      const encrypted = textOrNull(memberOf(block, "data"));
      out.push({
        kind: "part-start",
        index,
        part: { kind: "reasoning", encrypted, origin: messagesDialect },
      });
      pushDelta(index, memberOf(block, "thinking"), out);
      pushSignature(index, memberOf(block, "signature"), out);
      return true;
    }
    case "tool_use":
      startToolCall(index, block, out);
      return true;
    default:
      return false;
  }
}

function startToolCall(index: number, block: JsonObject, out: StreamEvent[]): void {
  const id = textOrEmpty(memberOf(block, "id")) || madeUpId(index);
  const name = textOrEmpty(memberOf(block, "name"));
  out.push({ kind: "part-start", index, part: { kind: "tool-call", id, name } });
  const input = memberOf(block, "input");
  // Its arguments come in deltas; some gateways send them with the block.
  if (isJsonObject(input) && Object.keys(input).length > 0) {
    out.push({ kind: "delta", index, text: writeJson(input) });
  }
}

function pushDelta(index: number, text: JsonValue | undefined, out: StreamEvent[]): void {
  if (typeof text === "string" && text !== "") out.push({ kind: "delta", index, text });
}

function pushSignature(index: number, signature: JsonValue | undefined, out: StreamEvent[]): void {
  if (typeof signature !== "string" || signature === "") return;
  out.push({ kind: "signature", index, signature });
}

type EventType =
  | "content_block_start"
  | "content_block_delta"
  | "content_block_stop"
  | "message_delta"
  | "message_stop";

const eventTypes: ReadonlySet<JsonValue | undefined> = new Set<EventType>([
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
]);

function isEvent(type: JsonValue | undefined): type is EventType {
  return eventTypes.has(type);
}

function broken(clause: string): ModelError {
  return {
    status: 502,
    kind: "server",
    message: `The provider's stream is broken: ${clause}`,
    code: null,
  };
}
