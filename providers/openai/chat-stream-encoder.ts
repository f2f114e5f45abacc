/**
 * Events of the IR written as a stream of chat completion chunks
 * (https://platform.openai.com/docs/api-reference/chat/streaming).
 */

import type { StreamEncoder } from "../codec.ts";
import type { ChatRequest, FinishReason, Part, PartStart, StreamEvent, Usage } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import { encodeFinish } from "./chat-finish-reasons.ts";
import { encodeChatLogprobs } from "./chat-logprobs.ts";
import { completionId, extraContent } from "./chat-response-encoder.ts";
import { encodeChatUsage } from "./chat-usage.ts";
import { encodeErrorBody } from "./error-codec.ts";
import { PartSequence } from "./part-sequence.ts";

/** In what the dialect's servers differ. */
export interface StreamSpelling {
  /** Where counts stand: in a chunk of their own without choices, or in the one that says why the answer ended */
  readonly usageIn: "own-chunk" | "finish-chunk";
}

const openaiSpelling: StreamSpelling = { usageIn: "own-chunk" };

/** An encoder for the answer to a request; counts are written where the request wants them. */
export function createChatStreamEncoder(
  { streamUsage }: Pick<ChatRequest, "streamUsage">,
  spelling: StreamSpelling = openaiSpelling,
): StreamEncoder {
  return new ChatStreamEncoder(streamUsage, spelling);
}

/** A part that has begun. */
interface OpenPart {
  readonly kind: PartStart["kind"];
  /** Number of its call among the calls; -1: it is none */
  readonly call: number;
  isEmpty: boolean;
}

class ChatStreamEncoder implements StreamEncoder {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly #tellsUsage: boolean;
  readonly #usageIn: StreamSpelling["usageIn"];
  readonly #sequence = new PartSequence((event) => {
    if (!this.#isOver) this.#bytes += this.#encode(event);
  });
  #bytes = "";
  /** What stands in every chunk before its choices */
  #head = "";
  readonly #tail: string;
  readonly #parts: OpenPart[] = [];
  readonly #kinds = new Set<Part["kind"]>();
  #calls = 0;
  #usage: Usage | null = null;
  #finish: FinishReason = "stop";
  #isOver = false;

  constructor(tellsUsage: boolean, { usageIn }: StreamSpelling) {
    this.#tellsUsage = tellsUsage;
    this.#usageIn = usageIn;
    // OpenAI writes usage into every chunk of a stream that ends with it.
    const isInEach = tellsUsage && usageIn === "own-chunk";
    this.#tail = isInEach ? ',"usage":null}\n\n' : "}\n\n";
  }

  write(events: readonly StreamEvent[]): string {
    this.#bytes = "";
    for (const event of events) this.#sequence.write(event);
    return this.#bytes;
  }

  #encode(event: StreamEvent): string {
    switch (event.kind) {
      case "start":
        return this.#begin(event.id, event.model, event.created);
      case "part-start":
        return this.#beginPart(event.index, event.part);
      case "delta":
        return this.#addText(event.index, event.text);
      case "signature":
        return this.#addSignature(event.index, event.signature);
      case "logprobs":
        return this.#chunk("{}", writeJson(encodeChatLogprobs(event.logprobs)));
      case "part-end":
        return this.#endPart(event.index);
      case "usage":
        this.#usage = event.usage;
        return "";
      case "finish":
        this.#finish = event.finish;
        // Counts may come after the reason.
        return this.#usageIn === "finish-chunk" ? "" : this.#finishChunk(this.#tail);
      case "failed":
        this.#isOver = true;
        return `data: ${encodeErrorBody(event.error)}\n\n`;
      case "end":
        this.#isOver = true;
        return `${this.#lastChunk()}data: [DONE]\n\n`;
    }
  }

  #begin(id: string, model: string, created: number | null): string {
    const head = writeJson({
      id: completionId(id),
      object: "chat.completion.chunk",
      created: created ?? 0,
      model,
    });
    this.#head = `data: ${head.slice(0, -1)},"choices":[`;
    return this.#delta('{"role":"assistant","content":"","refusal":null}');
  }

  #beginPart(index: number, part: PartStart): string {
    const isCall = part.kind === "tool-call";
    this.#parts[index] = { kind: part.kind, call: isCall ? this.#calls : -1, isEmpty: true };
    this.#kinds.add(part.kind);
    if (!isCall) return "";
    const call = this.#calls;
    this.#calls++;
    const { id, name } = part;
    return this.#delta(
      writeJson({
        tool_calls: [{ index: call, id, type: "function", function: { name, arguments: "" } }],
      }),
    );
  }

  #addText(index: number, text: string): string {
    const part = this.#parts[index];
    if (part === undefined || text === "") return "";
    part.isEmpty = false;
    const written = JSON.stringify(text);
    switch (part.kind) {
      case "text":
        return this.#delta(`{"content":${written}}`);
      case "refusal":
        return this.#delta(`{"refusal":${written}}`);
      case "reasoning":
        return this.#delta(`{"reasoning_content":${written}}`);
      case "tool-call":
        return this.#delta(
          `{"tool_calls":[{"index":${part.call},"function":{"arguments":${written}}}]}`,
        );
    }
  }

  #addSignature(index: number, signature: string): string {
    const call = this.#parts[index]?.call ?? -1;
    if (call < 0) return "";
    // OpenAI's Python SDK wants a function in every delta of a call.
    const delta = { index: call, function: { arguments: "" } };
    return this.#delta(
      writeJson({ tool_calls: [{ ...delta, extra_content: extraContent(signature) }] }),
    );
  }

  /** A call without arguments has to have the text of none. */
  #endPart(index: number): string {
    const part = this.#parts[index];
    return part?.kind === "tool-call" && part.isEmpty ? this.#addText(index, "{}") : "";
  }

  #lastChunk(): string {
    const usage = this.#tellsUsage ? this.#usage : null;
    const member = usage === null ? "" : `,"usage":${writeJson(encodeChatUsage(usage))}`;
    if (this.#usageIn === "finish-chunk") return this.#finishChunk(`${member}}\n\n`);
    return member === "" ? "" : `${this.#head}]${member}}\n\n`;
  }

  #finishChunk(tail: string): string {
    const reason = encodeFinish(this.#finish, this.#kinds);
    return `${this.#head}{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}]${tail}`;
  }

  #delta(delta: string): string {
    return this.#chunk(delta, "null");
  }

  #chunk(delta: string, logprobs: string): string {
    return `${this.#head}{"index":0,"delta":${delta},"logprobs":${logprobs},"finish_reason":null}]${this.#tail}`;
  }
}
