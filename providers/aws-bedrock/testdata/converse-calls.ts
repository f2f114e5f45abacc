/** What tests of Bedrock's codecs are made of: requests of the IR and of the wire, and framed streams. */
import { encodeEventStreamMessage } from "../../aws-event-stream.ts";
import type { ChatCodec, StreamDecoder, WireRequest, WireResponse } from "../../codec.ts";
import type { ChatRequest, StreamEvent } from "../../ir.ts";
import { encodeMessageHeaders } from "../stream-failure.ts";

/** A model that takes most. */
export const sonnet45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
/** A model that thinks adaptively and takes no sampling. */
export const opus48 = "anthropic.claude-opus-4-8";
/** A model of which nothing is known. */
export const nova = "amazon.nova-pro-v1:0";

/** A request of the IR that says "Hi", changed in some members. */
export function chatRequest(changes: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: sonnet45,
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

/** A request of the wire; a body that is no text is written as JSON. */
export function wireRequest(body: unknown, changes: Partial<WireRequest> = {}): WireRequest {
  const text = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return {
    path: "/model/x/converse",
    pathModel: sonnet45,
    header: () => undefined,
    body: Buffer.from(text),
    ...changes,
  };
}

/** An answer of the wire. */
export function wireResponse(
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): WireResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, header: (name) => headers[name], body: Buffer.from(text) };
}

/** One event of a stream; raises an Error for an entry that is none. */
export function frame(type: string, body: unknown): Buffer {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  return encodeEventStreamMessage({ headers: encodeMessageHeaders("event", type), payload });
}

/** An exception in a stream. */
export function exceptionFrame(type: string, body: unknown): Buffer {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  return encodeEventStreamMessage({ headers: encodeMessageHeaders("exception", type), payload });
}

/** One of Anthropic's events, as InvokeModel frames it. */
export function chunkFrame(event: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(event)).toString("base64");
  return frame("chunk", { bytes, p: "abcdefgh" });
}

/** What a decoder tells of a stream in these pieces, to its end. */
export function decodeStream(decoder: StreamDecoder, pieces: readonly Buffer[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    events.push(...decoder.write(lent));
    // What is borrowed must not be kept
    lent.fill(0xee);
  }
  events.push(...decoder.end());
  return events;
}

/** What becomes of a request that is written and read again; raises an Error when it cannot be read. */
export function roundTrip(codec: ChatCodec, request: ChatRequest, path: string): ChatRequest {
  const body = Buffer.from(codec.encodeRequest(request));
  const decoded = codec.decodeRequest(wireRequest(body, { path, pathModel: request.model }));
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}
