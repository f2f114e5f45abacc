/**
 * Streamed answers as events of the IR (https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 * with `alt=sse`). Every event is a whole response with what is new; nothing but the stream's end says that it is over.
 */

import type { StreamDecoder } from "../codec.ts";
import { EventDataReader } from "../event-data.ts";
import type { ModelError, StreamEvent } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJsonText, writeJson } from "../json-text.ts";
import { decodeTime, isBlocked } from "./answer-decoder.ts";
import { answeredCallId } from "./call-ids.ts";
import { decodeSignature, dialectName } from "./thought-signatures.ts";
import { decodeFinish } from "./finish-reasons.ts";
import { decodeLogprobs } from "./logprobs-result.ts";
import { countOf, fieldsOf, listOf, textOrNull } from "./proto-fields.ts";
import { decodeStatus } from "./rpc-status.ts";
import { StreamTail } from "./stream-tail.ts";
import { decodeUsage } from "./usage-metadata.ts";

/** A decoder of one stream. */
export function createStreamDecoder(): StreamDecoder {
  return new GeminiStreamDecoder();
}

class GeminiStreamDecoder implements StreamDecoder {
  readonly #reader = new EventDataReader((data) => this.#onData(data));
  readonly #tail = new StreamTail();
  #events: StreamEvent[] = [];
  #id = "";
  #isStarted = false;
  #isOver = false;
  /** Kind of the part that is open, the last of those begun */
  #open: "text" | "reasoning" | null = null;
  #parts = 0;
  #calls = 0;
  /** Gemini's reason, or that of a blocked prompt; null before */
  #reason: string | null = null;

  write(chunk: Buffer): readonly StreamEvent[] {
    if (this.#isOver) return [];
    this.#tail.write(chunk);
    this.#reader.write(chunk);
    if (this.#reader.isTooLong) this.#fail("An event of the stream is longer than 32 MiB");
    return this.#flush();
  }

  end(): readonly StreamEvent[] {
    if (this.#isOver) return [];
    // Failures in mid-stream come as a bare document
    const document = this.#tail.document();
    const error = document === undefined ? undefined : decodeStatus(document, null);
    if (error !== undefined) this.#failWith(error);
    else if (this.#reason === null) this.#fail("The stream ended early");
    else this.#finish(this.#reason);
    this.#isOver = true;
    return this.#flush();
  }

  #flush(): readonly StreamEvent[] {
    if (this.#events.length === 0) return [];
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #finish(reason: string): void {
    this.#close();
    const finish = decodeFinish(reason, this.#calls > 0 ? "calls" : "no-calls");
    this.#events.push({ kind: "finish", finish, stopText: null }, { kind: "end" });
  }

  #fail(message: string): void {
    this.#failWith({ status: 502, kind: "server", message, code: null });
  }

  #failWith(error: ModelError): void {
    if (this.#isOver) return;
    this.#events.push({ kind: "failed", error });
    this.#isOver = true;
  }

  #onData(data: string): void {
    if (this.#isOver) return;
    const parsed = parseJsonText(data);
    const fields = parsed.kind === "value" ? fieldsOf(parsed.value) : undefined;
    if (fields === undefined) {
      this.#fail("An event of the stream is not a JSON object");
      return;
    }
    if (isJsonObject(fields["error"])) {
      this.#failWith(decodeStatus(fields, null) ?? unknownError);
      return;
    }
    this.#start(fields);
    this.#readCandidates(fields);
    const usage = decodeUsage(fields["usageMetadata"]);
    if (usage !== null) this.#events.push({ kind: "usage", usage });
  }

  #start(fields: JsonObject): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#id = textOrNull(fields["responseId"]) ?? "";
    const model = textOrNull(fields["modelVersion"]) ?? "";
    const created = decodeTime(fields["createTime"]);
    this.#events.push({ kind: "start", id: this.#id, model, created });
  }

  #readCandidates(fields: JsonObject): void {
    for (const one of listOf(fields["candidates"])) {
      const candidate = fieldsOf(one);
      if (candidate === undefined || (countOf(candidate["index"]) ?? 0) > 0) continue;
      this.#readCandidate(candidate);
    }
    if (this.#reason === null && isBlocked(fields)) this.#reason = "SAFETY";
  }

  #readCandidate(candidate: JsonObject): void {
    const content = fieldsOf(candidate["content"]);
    for (const part of listOf(content?.["parts"])) {
      const fields = fieldsOf(part);
      if (fields !== undefined) this.#readPart(fields);
      if (this.#isOver) return;
    }
    const logprobs = decodeLogprobs(candidate["logprobsResult"]);
    if (logprobs !== null && logprobs.length > 0) {
      const index = this.#openPart("text");
      this.#events.push({ kind: "logprobs", index, logprobs });
    }
    // Some servers say one in every event: the last counts
    const reason = textOrNull(candidate["finishReason"]);
    if (reason !== null && reason !== "FINISH_REASON_UNSPECIFIED") this.#reason = reason;
  }

  #readPart(part: JsonObject): void {
    const { text, functionCall, thought, inlineData } = part;
    const signature = decodeSignature(part["thoughtSignature"]);
    if (isJsonObject(functionCall)) this.#readCall(functionCall, signature);
    else if (isJsonObject(inlineData)) {
      this.#fail("The answer has media, which a stream of text cannot hold");
    } else {
      const kind = thought === true ? "reasoning" : "text";
      if (typeof text === "string" && text !== "") {
        this.#events.push({ kind: "delta", index: this.#openPart(kind), text });
      }
      if (signature !== null) {
        const index = this.#openPart("reasoning");
        this.#events.push({ kind: "signature", index, signature });
      }
    }
  }

  #readCall(call: JsonObject, signature: string | null): void {
    this.#close();
    const fields = fieldsOf(call) ?? call;
    const id = textOrNull(fields["id"]) ?? answeredCallId(this.#id, this.#calls);
    const name = textOrNull(fields["name"]) ?? "";
    const index = this.#parts++;
    this.#calls++;
    this.#events.push({ kind: "part-start", index, part: { kind: "tool-call", id, name } });
    if (signature !== null) this.#events.push({ kind: "signature", index, signature });
    this.#events.push(
      { kind: "delta", index, text: argumentsOf(fields["args"]) },
      { kind: "part-end", index },
    );
  }

  /** The index of the part of a kind that goes on, or begins now. */
  #openPart(kind: "text" | "reasoning"): number {
    if (this.#open === kind) return this.#parts - 1;
    this.#close();
    const index = this.#parts++;
    this.#open = kind;
    const part =
      kind === "text"
        ? ({ kind } as const)
        : ({ kind, encrypted: null, origin: dialectName } as const);
    this.#events.push({ kind: "part-start", index, part });
    return index;
  }

  #close(): void {
    if (this.#open === null) return;
    this.#events.push({ kind: "part-end", index: this.#parts - 1 });
    this.#open = null;
  }
}

const unknownError: ModelError = {
  status: 500,
  kind: "server",
  message: "The provider gave no reason",
  code: null,
};

function argumentsOf(args: JsonValue | undefined): string {
  return isJsonObject(args) ? writeJson(args) : "{}";
}
