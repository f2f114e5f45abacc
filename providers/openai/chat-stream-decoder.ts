/**
 * Streams of chat completion chunks read into events of the IR
 * (https://platform.openai.com/docs/api-reference/chat/streaming). A choice other than the first is not read. The reason
 * why the answer ended is told last, when the counts are known.
 */

import { costOfPiece, maxStreamedAnswer } from "../answer-bound.ts";
import type { StreamDecoder } from "../codec.ts";
import { EventDataReader } from "../event-data.ts";
import type { ErrorKind, FinishReason, ModelError, Part, PartStart, StreamEvent } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJsonText } from "../json-text.ts";
import { isJsonList } from "./body-reader.ts";
import { chatCodecName } from "./chat-content-decoder.ts";
import { decodeFinish } from "./chat-finish-reasons.ts";
import { decodeChatLogprobs } from "./chat-logprobs.ts";
import { thoughtSignature } from "./chat-messages-decoder.ts";
import { decodeStopText, reasoningOf, textOr } from "./chat-response-decoder.ts";
import { decodeChatUsage } from "./chat-usage.ts";
import { decodeStreamError } from "./error-codec.ts";
import { wholeNumberOf } from "../whole-number.ts";

const none: readonly StreamEvent[] = [];

/** A decoder for one stream. */
export function createChatStreamDecoder(): StreamDecoder {
  return new ChatStreamDecoder();
}

/** A call as far as it has come; it begins when its name is known. */
interface OpenCall {
  /** As the chunks number it */
  readonly number: number;
  id: string;
  /** Index of its part; -1: its name has not come yet */
  part: number;
  /** What came of the arguments before the name */
  held: string;
  /** What it counts against the bound of an answer */
  heldCost: number;
}

class ChatStreamDecoder implements StreamDecoder {
  readonly #reader = new EventDataReader((data) => this.#onData(data));
  #events: StreamEvent[] = [];
  #isStarted = false;
  /** `end` or `failed` was told */
  #isOver = false;
  #parts = 0;
  /** Kind of the part that is open; null: none is */
  #open: PartStart["kind"] | null = null;
  readonly #kinds = new Set<Part["kind"]>();
  #call: OpenCall | null = null;
  /** Highest number of a call that has begun; -1: none has */
  #lastCall = -1;
  #finish: string | null = null;
  #stopText: string | null = null;

  write(chunk: Buffer): readonly StreamEvent[] {
    if (this.#isOver) return none;
    this.#reader.write(chunk);
    if (this.#reader.isTooLong) this.#fail(broken("an event that is too long"));
    return this.#take();
  }

  end(): readonly StreamEvent[] {
    if (this.#isOver) return none;
    if (this.#finish === null) {
      this.#fail(failure("server", "The provider's stream ended before the answer did"));
    } else this.#complete();
    return this.#take();
  }

  #take(): readonly StreamEvent[] {
    const events = this.#events;
    if (events.length === 0) return none;
    this.#events = [];
    return events;
  }

  #onData(data: string): void {
    if (this.#isOver) return;
    if (data === "[DONE]") {
      this.#complete();
      return;
    }
    const parsed = parseJsonText(data);
    if (parsed.kind === "malformed") this.#fail(broken("an event that is not JSON"));
    else if (!isJsonObject(parsed.value)) this.#fail(broken("an event that is not an object"));
    else this.#onChunk(parsed.value);
  }

  #onChunk(chunk: JsonObject): void {
    const error = decodeStreamError(chunk);
    if (error !== undefined) {
      this.#fail(error);
      return;
    }
    const choice = firstChoice(chunk["choices"]);
    // Azure begins with a chunk that has neither id nor choices.
    if (choice !== undefined) {
      if (!this.#isStarted) this.#start(chunk);
      this.#onChoice(choice);
    }
    const usage = decodeChatUsage(chunk["usage"]);
    if (usage !== null) {
      if (!this.#isStarted) this.#start(chunk);
      this.#events.push({ kind: "usage", usage });
    }
  }

  #start(chunk: JsonObject): void {
    this.#isStarted = true;
    this.#events.push({
      kind: "start",
      id: textOr(chunk["id"], ""),
      model: textOr(chunk["model"], ""),
      created: wholeNumberOf(chunk["created"]),
    });
  }

  #onChoice(choice: JsonObject): void {
    const delta = choice["delta"];
    if (isJsonObject(delta)) this.#onDelta(delta);
    this.#onLogprobs(choice["logprobs"]);
    const reason = choice["finish_reason"];
    if (typeof reason !== "string") return;
    this.#finish = reason;
    this.#stopText = decodeStopText(choice);
    this.#closePart();
  }

  #onDelta(delta: JsonObject): void {
    const reasoning = reasoningOf(delta);
    if (reasoning !== "") this.#addText("reasoning", reasoning);
    const content = delta["content"];
    if (typeof content === "string") {
      if (content !== "") this.#addText("text", content);
    } else if (isJsonList(content)) this.#addPieces(content);
    const refusal = delta["refusal"];
    if (typeof refusal === "string" && refusal !== "") this.#addText("refusal", refusal);
    const calls = delta["tool_calls"];
    if (isJsonList(calls)) {
      for (const call of calls) if (isJsonObject(call)) this.#onCall(call);
    }
    const called = delta["function_call"];
    if (isJsonObject(called)) this.#onCall({ index: 0, function: called });
  }

  /** Mistral's pieces of text and reasoning. */
  #addPieces(pieces: readonly JsonValue[]): void {
    for (const piece of pieces) {
      if (!isJsonObject(piece)) continue;
      const text = textOr(piece["text"], "");
      if (text !== "") this.#addText("text", text);
      const thinking = piece["thinking"];
      if (!isJsonList(thinking)) continue;
      for (const thought of thinking) {
        const words = isJsonObject(thought) ? textOr(thought["text"], "") : "";
        if (words !== "") this.#addText("reasoning", words);
      }
    }
  }

  #addText(kind: "text" | "refusal" | "reasoning", text: string): void {
    if (this.#open !== kind) {
      this.#openPart(
        kind === "reasoning" ? { kind, encrypted: null, origin: chatCodecName } : { kind },
      );
    }
    this.#events.push({ kind: "delta", index: this.#parts - 1, text });
  }

  #openPart(part: PartStart): void {
    this.#closePart();
    this.#open = part.kind;
    this.#kinds.add(part.kind);
    this.#events.push({ kind: "part-start", index: this.#parts, part });
    this.#parts++;
  }

  #closePart(): void {
    const call = this.#call;
    const isNameless = call !== null && call.part < 0 && (call.id !== "" || call.held !== "");
    if (isNameless) this.#openCall(call, "");
    this.#call = null;
    if (this.#open === null) return;
    this.#open = null;
    this.#events.push({ kind: "part-end", index: this.#parts - 1 });
  }

  #onCall(delta: JsonObject): void {
    const called = delta["function"];
    const { name, arguments: value }: JsonObject = isJsonObject(called) ? called : {};
    const text = argumentsOf(value);
    const call = this.#findCall(delta, textOr(name, ""));
    if (call === null) {
      if (text !== "") this.#fail(broken("more of a tool call that had ended"));
      return;
    }
    if (call.part < 0 && textOr(name, "") !== "") this.#openCall(call, textOr(name, ""));
    if (call.part < 0) this.#hold(call, text);
    else if (text !== "") this.#events.push({ kind: "delta", index: call.part, text });
    const signature = thoughtSignature(delta);
    if (signature !== null && call.part >= 0) {
      this.#events.push({ kind: "signature", index: call.part, signature });
    }
  }

  #hold(call: OpenCall, text: string): void {
    if (text === "") return;
    call.held += text;
    call.heldCost += costOfPiece(text);
    if (call.heldCost <= maxStreamedAnswer) return;
    this.#call = null;
    this.#fail(broken("a tool call that is too long before its name"));
  }

  /**
   * The call that a delta goes on with, or a new one; null: that call is not open. Some servers do not number calls,
   * or number all of them 0, or tell id and name with every piece.
   */
  #findCall({ index, id }: JsonObject, name: string): OpenCall | null {
    const call = this.#call;
    const callId = textOr(id, "");
    const isNumbered = typeof index === "number";
    const number = isNumbered ? index : (call?.number ?? 0);
    // Without number and id only a name tells that there is another one
    const isAnother = !isNumbered && name !== "" && call !== null && call.part >= 0;
    const isSame = callId === "" ? number === call?.number && !isAnother : callId === call?.id;
    if (isSame) return call;
    if (callId === "" && name === "" && number <= this.#lastCall) return null;
    this.#closePart();
    this.#lastCall = Math.max(number, this.#lastCall);
    this.#call = { number, id: callId, part: -1, held: "", heldCost: 0 };
    return this.#call;
  }

  #openCall(call: OpenCall, name: string): void {
    // Closing the part before must not take this call for it
    this.#call = null;
    const id = call.id === "" ? `call_${this.#parts}` : call.id;
    this.#openPart({ kind: "tool-call", id, name });
    this.#call = call;
    call.part = this.#parts - 1;
    if (call.held === "") return;
    this.#events.push({ kind: "delta", index: call.part, text: call.held });
    call.held = "";
  }

  #onLogprobs(value: JsonValue | undefined): void {
    if (value === undefined || value === null || this.#open === null) return;
    const logprobs = decodeChatLogprobs(value);
    if (logprobs === null || logprobs.length === 0) return;
    this.#events.push({ kind: "logprobs", index: this.#parts - 1, logprobs });
  }

  #complete(): void {
    if (!this.#isStarted) {
      this.#fail(broken("no answer"));
      return;
    }
    this.#closePart();
    const finish: FinishReason = decodeFinish(this.#finish, this.#kinds);
    this.#events.push(
      {
        kind: "finish",
        finish: this.#stopText !== null && finish === "stop" ? "stop-text" : finish,
        stopText: this.#stopText,
      },
      { kind: "end" },
    );
    this.#isOver = true;
  }

  #fail(error: ModelError): void {
    this.#events.push({ kind: "failed", error });
    this.#isOver = true;
  }
}

function firstChoice(choices: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonList(choices)) return undefined;
  for (const choice of choices) {
    if (isJsonObject(choice) && (choice["index"] ?? 0) === 0) return choice;
  }
  return undefined;
}

function argumentsOf(value: JsonValue | undefined): string {
  return isJsonObject(value) ? JSON.stringify(value) : textOr(value, "");
}

function broken(what: string): ModelError {
  return failure("server", `The provider's stream holds ${what}`);
}

function failure(kind: ErrorKind, message: string): ModelError {
  return { status: 502, kind, message, code: null };
}
