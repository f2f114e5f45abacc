/** Requests, answers and streams for the tests of the codec of the Responses API. */

import type { Decoded, WireRequest, WireResponse } from "../../codec.ts";
import type { ChatRequest, StreamEvent } from "../../ir.ts";
import type { JsonValue } from "../../json-text.ts";
import { openaiResponses } from "../../openai/responses-codec.ts";

/** A request with a body. */
export function wireRequest(body: unknown): WireRequest {
  return {
    path: "/v1/responses",
    pathModel: null,
    header: () => undefined,
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** An answer with a body. */
export function wireResponse(body: unknown, status = 200): WireResponse {
  return {
    status,
    header: () => undefined,
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** The value; throws for what is malformed. */
export function decodedValue<T>(decoded: Decoded<T>): T {
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

/** The request that fields say beside a model and an input; throws for a malformed one. */
export function decodeFields(fields: Readonly<Record<string, unknown>>): ChatRequest {
  const body = { model: "gpt-5", input: "Hi", ...fields };
  return decodedValue(openaiResponses.decodeRequest(wireRequest(body)));
}

/** Why fields beside a model and an input are malformed; throws where they are not. */
export function reasonOf(fields: Readonly<Record<string, unknown>>): string {
  const decoded = openaiResponses.decodeRequest(
    wireRequest({ model: "gpt-5", input: "Hi", ...fields }),
  );
  if (decoded.kind === "ok") throw new Error("Nothing is wrong");
  return decoded.reason;
}

/** Each thing that fields say and the IR has no place for, as `feature at place`. */
export function unexpressedOf(fields: Readonly<Record<string, unknown>>): string[] {
  return decodeFields(fields).unexpressed.map(({ feature, at }) => `${feature} at ${at}`);
}

/** A request of the IR that says nothing but a model and one turn, with changes. */
export function chatRequest(changes: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: "gpt-5",
    system: [],
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    maxOutputTokens: null,
    temperature: null,
    topP: null,
    topK: null,
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    stop: [],
    choices: null,
    logprobs: null,
    output: { kind: "text" },
    reasoning: null,
    stream: false,
    streamUsage: true,
    endUser: null,
    unexpressed: [],
    variant: "",
    ...changes,
  };
}

/** The body that a request of the IR becomes, with changes to one that says next to nothing. */
export function encodedBody(changes: Partial<ChatRequest> = {}): Record<string, unknown> {
  return JSON.parse(String(openaiResponses.encodeRequest(chatRequest(changes))));
}

/** A request of the IR after it was written and read again. */
export function afterRoundTrip(changes: Partial<ChatRequest>): ChatRequest {
  const body = String(openaiResponses.encodeRequest(chatRequest(changes)));
  return decodedValue(openaiResponses.decodeRequest(wireRequest(body)));
}

/** Bytes of a stream of events, each named by its type. */
export function streamBytes(events: readonly { readonly [key: string]: unknown }[]): Buffer {
  const lines = events.map((data) => `event: ${data["type"]}\ndata: ${JSON.stringify(data)}\n\n`);
  return Buffer.from(lines.join(""));
}

/** What a stream says, fed in pieces, to its end. */
export function decodeStream(pieces: readonly Buffer[]): StreamEvent[] {
  const decoder = openaiResponses.createStreamDecoder();
  const events: StreamEvent[] = [];
  for (const piece of pieces) {
    // Borrowed for the call only: what is kept must be a copy.
    const lent = Buffer.from(piece);
    events.push(...decoder.write(lent));
    lent.fill(0x78);
  }
  events.push(...decoder.end());
  return events;
}

/** One event of a written stream. */
export interface WrittenEvent {
  readonly event: string;
  readonly data: { readonly [key: string]: JsonValue };
}

/** The bytes that events become, one at a time. */
export function encodeStream(
  events: readonly StreamEvent[],
  request: ChatRequest = chatRequest(),
): string {
  const encoder = openaiResponses.createStreamEncoder(request);
  return events.map((event) => String(encoder.write([event]))).join("");
}

/** The events of written bytes; throws where they are in any other form. */
export function writtenEvents(bytes: string): WrittenEvent[] {
  return bytes
    .split("\n\n")
    .slice(0, -1)
    .map((block) => {
      const [name = "", data = "", ...others] = block.split("\n");
      if (!name.startsWith("event: ") || !data.startsWith("data: ") || others.length > 0) {
        throw new Error(`No event: ${block}`);
      }
      return { event: name.slice(7), data: JSON.parse(data.slice(6)) };
    });
}
