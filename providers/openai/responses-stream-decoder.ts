/**
 * Reads a streamed answer (https://platform.openai.com/docs/api-reference/responses-streaming). Servers that speak the
 * dialect leave events out: whatever was not told in pieces is taken from the item when it is done.
 */

import type { StreamDecoder } from "../codec.ts";
import { EventDataReader } from "../event-data.ts";
import type { ModelError, StreamEvent } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { isJsonObject, parseJsonText } from "../json-text.ts";
import { finishOf, identityOf, textOrEmpty } from "./responses-answer-decoder.ts";
import { decodeFailure } from "./responses-failures.ts";
import { maxOutputItems, OutputDecoder } from "./responses-output-decoder.ts";
import { decodeUsage } from "./responses-usage.ts";

/** Begins an event that repeats the whole answer and tells nothing new. */
const repetition = '{"type":"response.in_progress"';

const tooManyItems = brokenStream(`has more than ${maxOutputItems} items`);

/** Reads one streamed answer. */
export class ResponsesStreamDecoder implements StreamDecoder {
  readonly #reader = new EventDataReader((data) => this.#onData(data));
  #events: StreamEvent[] = [];
  readonly #output = new OutputDecoder();
  #isStarted = false;
  #isOver = false;

  write(chunk: Buffer): readonly StreamEvent[] {
    if (this.#isOver) return [];
    this.#events = [];
    this.#reader.write(chunk);
    if (this.#reader.isTooLong) this.#fail(brokenStream("has an event that is too long"));
    return this.#events;
  }

  end(): readonly StreamEvent[] {
    this.#events = [];
    this.#fail(brokenStream("ended before the answer was complete"));
    return this.#events;
  }

  #onData(data: string): void {
    if (this.#isOver || data === "[DONE]") return;
    if (this.#isStarted && data.startsWith(repetition)) return;
    const parsed = parseJsonText(data);
    if (parsed.kind === "value" && isJsonObject(parsed.value)) this.#onEvent(parsed.value);
    else this.#fail(brokenStream("has an event that is not JSON"));
  }

  #onEvent(event: JsonObject): void {
    switch (event["type"]) {
      case "response.created":
      case "response.queued":
      case "response.in_progress":
        this.#start(event);
        return;
      case "response.completed":
      case "response.incomplete":
        this.#finish(event);
        return;
      case "response.failed":
        this.#fail(decodeFailure(event["response"]));
        return;
      case "error":
        this.#fail(decodeFailure(event));
        return;
      default:
        this.#add(event);
    }
  }

  #add(event: JsonObject): void {
    const type = textOrEmpty(event["type"]);
    if (type.startsWith("response.")) {
      this.#start({});
      this.#output.add(event, this.#events);
      if (this.#output.hasTooManyItems) this.#fail(tooManyItems);
    } else if (type === "" && isJsonObject(event["error"])) {
      // An error of another form, as gateways send it.
      this.#fail(decodeFailure(event));
    }
  }

  #start({ response }: JsonObject): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#events.push({ kind: "start", ...identityOf(isJsonObject(response) ? response : {}) });
  }

  #finish(event: JsonObject): void {
    this.#start(event);
    const answer = isJsonObject(event["response"]) ? event["response"] : {};
    this.#output.finish(answer["output"], this.#events);
    if (this.#output.hasTooManyItems) {
      this.#fail(tooManyItems);
      return;
    }
    const status = textOrEmpty(event["type"]).slice("response.".length);
    const finish = finishOf({ ...answer, status }, this.#output.kinds) ?? "stop";
    const usage = decodeUsage(answer["usage"]);
    if (usage !== null) this.#events.push({ kind: "usage", usage });
    this.#events.push({ kind: "finish", finish, stopText: null }, { kind: "end" });
    this.#isOver = true;
  }

  #fail(error: ModelError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.push({ kind: "failed", error });
  }
}

function brokenStream(what: string): ModelError {
  return { status: 502, kind: "server", message: `The provider's stream ${what}`, code: null };
}
