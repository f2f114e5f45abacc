/**
 * Streamed answers, written from events of the IR: every event a whole response with what is new, as server-sent events
 * or as elements of one JSON array (https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent).
 */

import type { StreamEncoder } from "../codec.ts";
import type {
  ChatRequest,
  FinishReason,
  ModelError,
  PartStart,
  StreamEvent,
  Usage,
} from "../ir.ts";
import { writeJson } from "../json-text.ts";
import { createSigner, encodeId, showsThoughts } from "./answer-encoder.ts";
import { encodeCall } from "./content-encoder.ts";
import { encodeFinish } from "./finish-reasons.ts";
import { encodeLogprobs } from "./logprobs-result.ts";
import { errorDocument, jsonType } from "./rpc-status.ts";
import type { CallSigner } from "./thought-signatures.ts";
import { dialectName } from "./thought-signatures.ts";
import { encodeUsage } from "./usage-metadata.ts";

/** An encoder for the answer to a request, in the form that it asked for. */
export function createStreamEncoder(request: ChatRequest): StreamEncoder {
  return new GeminiStreamEncoder(request);
}

/** A part that has begun. */
interface OpenPart {
  readonly start: PartStart;
  /** Arguments of a call, which are sent whole */
  text: string;
  signature: string | null;
}

class GeminiStreamEncoder implements StreamEncoder {
  readonly contentType: string;
  readonly #isArray: boolean;
  readonly #showsThoughts: boolean;
  readonly #signer: CallSigner;
  readonly #parts = new Map<number, OpenPart>();
  #out = "";
  /** What ends every response: its model and id */
  #facts = "}";
  #isFirst = true;
  #isOver = false;
  #finish: FinishReason = "stop";
  #usage: Usage | null = null;

  constructor(request: ChatRequest) {
    this.#isArray = request.variant === "array";
    this.#showsThoughts = showsThoughts(request);
    this.#signer = createSigner(request);
    this.contentType = this.#isArray ? jsonType : "text/event-stream";
  }

  write(events: readonly StreamEvent[]): string {
    this.#out = "";
    for (const event of events) {
      if (this.#isOver) break;
      this.#writeEvent(event);
    }
    return this.#out;
  }

  #writeEvent(event: StreamEvent): void {
    switch (event.kind) {
      case "start":
        this.#facts = `,"modelVersion":${writeJson(event.model)},"responseId":${writeJson(encodeId(event.id))}}`;
        return;
      case "part-start":
        this.#parts.set(event.index, { start: event.part, text: "", signature: null });
        return;
      case "delta":
        this.#writeDelta(event.index, event.text);
        return;
      case "signature": {
        const part = this.#parts.get(event.index);
        if (part !== undefined) part.signature = event.signature;
        return;
      }
      case "logprobs":
        this.#writeCandidate(`"logprobsResult":${writeJson(encodeLogprobs(event.logprobs))},`, "");
        return;
      case "part-end":
        this.#endPart(event.index);
        return;
      case "usage":
        this.#usage = event.usage;
        return;
      case "finish":
        this.#finish = event.finish;
        return;
      case "end":
        this.#end();
        return;
      case "failed":
        this.#fail(event.error);
        return;
    }
  }

  #writeDelta(index: number, text: string): void {
    const part = this.#parts.get(index);
    if (part === undefined || text === "") return;
    switch (part.start.kind) {
      case "text":
      case "refusal":
        this.#writeCandidate("", `{"text":${writeJson(text)}}`);
        return;
      case "reasoning":
        if (this.#showsThoughts) {
          this.#writeCandidate("", `{"thought":true,"text":${writeJson(text)}}`);
        }
        return;
      case "tool-call":
        part.text += text;
        return;
    }
  }

  #endPart(index: number): void {
    const part = this.#parts.get(index);
    if (part === undefined) return;
    this.#parts.delete(index);
    const { start, text, signature } = part;
    if (start.kind === "tool-call") {
      const call = { id: start.id, name: start.name, arguments: text };
      this.#writeCandidate("", writeJson(encodeCall(call, this.#signer.sign(signature))));
    } else if (start.kind === "reasoning" && start.origin === dialectName && signature !== null) {
      const thought = this.#showsThoughts ? true : undefined;
      this.#writeCandidate("", writeJson({ thought, text: "", thoughtSignature: signature }));
    }
  }

  /** The last response says why the model stopped and what it used. */
  #end(): void {
    for (const index of [...this.#parts.keys()]) this.#endPart(index);
    const finish = `"finishReason":${writeJson(encodeFinish(this.#finish))},`;
    const usage =
      this.#usage === null ? "" : `,"usageMetadata":${writeJson(encodeUsage(this.#usage))}`;
    this.#writeCandidate(finish, `{"text":""}`, usage);
    if (this.#isArray) this.#out += "\n]";
    this.#isOver = true;
  }

  /** `fields` of the candidate end with a comma, those of the response begin with one. */
  #writeCandidate(fields: string, part: string, others = ""): void {
    const content = `"content":{"parts":[${part}],"role":"model"},${fields}"index":0`;
    this.#writeDocument(`{"candidates":[{${content}}]${others}${this.#facts}`);
  }

  #writeDocument(document: string): void {
    if (this.#isArray) this.#out += `${this.#isFirst ? "[" : ",\r\n"}${document}`;
    else this.#out += `data: ${document}\r\n\r\n`;
    this.#isFirst = false;
  }

  /**
   * Google's servers end a broken stream with a bare document, which is what its SDKs for Go and Python look for; that for
   * JavaScript, and whoever reads events by the standard, takes it only as an event. No blank line follows the document:
   * older SDKs take what is left over for an error.
   */
  #fail(error: ModelError): void {
    const document = writeJson(errorDocument(error));
    this.#writeDocument(document);
    this.#out += this.#isArray ? "\n]" : document;
    this.#isOver = true;
  }
}
