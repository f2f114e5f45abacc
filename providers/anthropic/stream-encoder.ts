/**
 * Writes the events of a streamed answer (https://docs.anthropic.com/en/docs/build-with-claude/streaming). Blocks of this
 * dialect never interleave: what comes for a later part is held until the open one ends.
 */

import type { StreamEncoder } from "../codec.ts";
import type { FinishReason, ModelError, PartStart, StreamEvent, Usage } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { messagesDialect } from "./dialect.ts";
import { encodeErrorObject } from "./error-codec.ts";
import { messageId } from "./message-id.ts";
import { stopReasonOf } from "./stop-reasons.ts";
import { encodeUsage } from "./usage-counts.ts";

/** Most text that is held for parts that wait, in UTF-16 units: more than any provider lets a model write. */
const maxHeld = 8 * 1024 * 1024;

/** Takes one event after another: its type, which is also the name of its SSE event, and its JSON. */
export type EventWriter = (type: string, json: string) => void;

interface OpenPart {
  readonly index: number;
  readonly part: PartStart;
  /** What stands before the text of a delta; empty until the block's start was written */
  prefix: string;
}

interface HeldPart {
  readonly part: PartStart;
  text: string;
  signature: string | null;
  isEnded: boolean;
}

/** Writes one stream of event objects; the framing is the writer's. */
export class MessageEventEncoder {
  readonly #write: EventWriter;
  readonly #held = new Map<number, HeldPart>();
  #start: Extract<StreamEvent, { kind: "start" }> | null = null;
  #open: OpenPart | null = null;
  #blocks = 0;
  #heldLength = 0;
  #usage: Usage | null = null;
  #finish: FinishReason = "stop";
  #stopText: string | null = null;
  #hasToolCalls = false;
  #hasRefusal = false;
  #isOver = false;

  constructor(write: EventWriter) {
    this.#write = write;
  }

  /** Writes what events say; after `end` and `failed` nothing. */
  write(events: readonly StreamEvent[]): void {
    for (const event of events) {
      if (this.#isOver) return;
      this.#take(event);
    }
    // Counts that follow the start at once are told with it.
    this.#beginMessage();
  }

  #take(event: StreamEvent): void {
    switch (event.kind) {
      case "start":
        this.#start = event;
        return;
      case "usage":
        this.#usage = event.usage;
        return;
    }
    this.#beginMessage();
    switch (event.kind) {
      case "failed":
        this.#fail(event.error);
        return;
      case "part-start":
        this.#startPart(event.index, event.part);
        return;
      case "delta":
        this.#addText(event.index, event.text);
        return;
      case "signature":
        this.#addSignature(event.index, event.signature);
        return;
      case "logprobs":
        return;
      case "part-end":
        this.#endPart(event.index);
        return;
      case "finish":
        this.#finish = event.finish;
        this.#stopText = event.stopText;
        return;
      case "end":
        this.#end();
        return;
    }
  }

  #beginMessage(): void {
    const start = this.#start;
    if (start === null || this.#isOver) return;
    this.#start = null;
    const message = {
      id: messageId(start.id),
      type: "message",
      role: "assistant",
      model: start.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: encodeUsage(this.#usage),
    };
    this.#write("message_start", writeJson({ type: "message_start", message }));
  }

  #startPart(index: number, part: PartStart): void {
    if (this.#open === null) this.#openPart(index, part);
    else this.#held.set(index, { part, text: "", signature: null, isEnded: false });
  }

  #openPart(index: number, part: PartStart): void {
    this.#open = { index, part, prefix: "" };
    if (part.kind === "refusal") this.#hasRefusal = true;
    if (part.kind === "tool-call") this.#hasToolCalls = true;
    // The API takes no empty block back, so one without a word is not begun.
    if (!isBegunByText(part)) this.#beginBlock(this.#open);
  }

  #beginBlock(open: OpenPart): void {
    const index = this.#blocks++;
    const block = writeJson(blockOf(open.part));
    this.#write(
      "content_block_start",
      `{"type":"content_block_start","index":${index},"content_block":${block}}`,
    );
    open.prefix = `{"type":"content_block_delta","index":${index},"delta":{${deltaOf(open.part)}:`;
  }

  #addText(index: number, text: string): void {
    const open = this.#open;
    if (open?.index !== index) {
      this.#hold(index, text);
      return;
    }
    if (text === "") return;
    if (open.prefix === "") this.#beginBlock(open);
    this.#write("content_block_delta", `${open.prefix}${JSON.stringify(text)}}}`);
  }

  #addSignature(index: number, signature: string): void {
    const open = this.#open;
    if (open?.index !== index) {
      const held = this.#held.get(index);
      if (held !== undefined) held.signature = signature;
      return;
    }
    // Nobody else can read another dialect's signature, and a block of theirs must not look like Anthropic's.
    if (open.part.kind !== "reasoning" || open.part.origin !== messagesDialect) return;
    const delta = { type: "signature_delta", signature };
    const event = { type: "content_block_delta", index: this.#blocks - 1, delta };
    this.#write("content_block_delta", writeJson(event));
  }

  #hold(index: number, text: string): void {
    const held = this.#held.get(index);
    if (held === undefined) return;
    held.text += text;
    this.#heldLength += text.length;
    if (this.#heldLength > maxHeld) this.#fail(tooMuchHeld);
  }

  #endPart(index: number): void {
    if (this.#open?.index === index) {
      this.#closeBlock();
      this.#openHeld();
      return;
    }
    const held = this.#held.get(index);
    if (held !== undefined) held.isEnded = true;
  }

  #closeBlock(): void {
    const open = this.#open;
    this.#open = null;
    if (open === null || open.prefix === "") return;
    const index = this.#blocks - 1;
    this.#write("content_block_stop", `{"type":"content_block_stop","index":${index}}`);
  }

  /** Writes the parts that wait, in their order, up to one that has not ended. */
  #openHeld(): void {
    for (const [index, { part, text, signature, isEnded }] of this.#held) {
      this.#held.delete(index);
      this.#heldLength -= text.length;
      this.#openPart(index, part);
      this.#addText(index, text);
      if (signature !== null) this.#addSignature(index, signature);
      if (!isEnded) return;
      this.#closeBlock();
    }
  }

  #end(): void {
    this.#closeBlock();
    for (const held of this.#held.values()) held.isEnded = true;
    this.#openHeld();
    const isRefusal = this.#hasRefusal && this.#finish === "stop";
    const delta = {
      stop_reason: isRefusal ? "refusal" : stopReasonOf(this.#finish, this.#hasToolCalls),
      stop_sequence: this.#stopText,
    };
    const usage = encodeUsage(this.#usage);
    this.#write("message_delta", writeJson({ type: "message_delta", delta, usage }));
    this.#write("message_stop", '{"type":"message_stop"}');
    this.#isOver = true;
  }

  #fail(error: ModelError): void {
    this.#isOver = true;
    this.#write("error", writeJson(encodeErrorObject(error)));
  }
}

/** Writes one streamed answer as the bytes of an event stream. */
export function createMessageStreamEncoder(): StreamEncoder {
  let out = "";
  const events = new MessageEventEncoder((type, json) => {
    out += `event: ${type}\ndata: ${json}\n\n`;
  });
  return {
    contentType: "text/event-stream; charset=utf-8",
    write(said) {
      out = "";
      events.write(said);
      return out;
    },
  };
}

const tooMuchHeld: ModelError = {
  status: 502,
  kind: "server",
  message: "The provider's stream is broken: parts of it wait too long for one another",
  code: null,
};

function isBegunByText(part: PartStart): boolean {
  if (part.kind === "reasoning") return part.origin !== messagesDialect;
  return part.kind !== "tool-call";
}

function blockOf(part: PartStart): JsonObject {
  switch (part.kind) {
    case "text":
    case "refusal":
      return { type: "text", text: "" };
    case "reasoning":
      return part.encrypted !== null && part.origin === messagesDialect
        ? { type: "redacted_thinking", data: part.encrypted }
        : { type: "thinking", thinking: "", signature: "" };
    case "tool-call":
      return { type: "tool_use", id: part.id, name: part.name, input: {} };
  }
}

/** Members of a delta up to its text. */
function deltaOf({ kind }: PartStart): string {
  switch (kind) {
    case "text":
    case "refusal":
      return '"type":"text_delta","text"';
    case "reasoning":
      return '"type":"thinking_delta","thinking"';
    case "tool-call":
      return '"type":"input_json_delta","partial_json"';
  }
}
