/** Builders for tests of chat completions: bodies as they come, and requests with only what matters. */
import type { Decoded, WireRequest, WireResponse } from "../../codec.ts";
import type { ChatRequest, Part, StreamEvent } from "../../ir.ts";
import { randomPieces, seededRandom } from "../../testdata/seeded-random.ts";
import { createChatStreamDecoder } from "../chat-stream-decoder.ts";

/** A request that asks for nothing. */
export const emptyRequest: ChatRequest = {
  model: "m",
  system: [],
  messages: [],
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
  streamUsage: false,
  endUser: null,
  unexpressed: [],
  variant: "",
};

/** A request that asks for this only. */
export function requestWith(fields: Partial<ChatRequest>): ChatRequest {
  return { ...emptyRequest, ...fields };
}

/** A text part. */
export function text(value: string): Part {
  return { kind: "text", text: value };
}

/** Reasoning of this dialect. */
export function reasoning(value: string): Part {
  return {
    kind: "reasoning",
    text: value,
    signature: null,
    encrypted: null,
    origin: "openai-chat",
  };
}

/** A request with this body, a value or JSON text. */
export function wireRequest(body: unknown, pathModel: string | null = null): WireRequest {
  return {
    path: "/v1/chat/completions",
    pathModel,
    header: () => undefined,
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** An answer with this body, a value or text. */
export function wireResponse(body: unknown, status = 200): WireResponse {
  return {
    status,
    header: () => undefined,
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** The value that was decoded; raises an Error with the reason where there is none. */
export function decodedValue<T>(decoded: Decoded<T>): T {
  if (decoded.kind === "malformed") throw new Error(`Cannot decode: ${decoded.reason}`);
  return decoded.value;
}

/** An event stream of these data: values, or text as it is. */
export function eventStream(events: readonly unknown[]): Buffer {
  const written = events.map((event) => {
    return `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`;
  });
  return Buffer.from(written.join(""));
}

/** A chunk whose only choice has this delta. */
export function chunk(delta: unknown, choice: Record<string, unknown> = {}): unknown {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_741_570_283,
    model: "gpt-4.1",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...choice }],
  };
}

/** Events of a stream that comes in these pieces and ends. */
export function decodePieces(pieces: readonly Buffer[]): StreamEvent[] {
  const decoder = createChatStreamDecoder();
  const events: StreamEvent[] = [];
  for (const piece of pieces) {
    // Borrowed: what is kept of it must be copied
    const lent = Buffer.from(piece);
    events.push(...decoder.write(lent));
    lent.fill(0x78);
  }
  return [...events, ...decoder.end()];
}

/** The bytes cut in every way that tests try: whole, byte by byte, and at random places. */
export function everyCut(bytes: Buffer): Buffer[][] {
  const random = seededRandom(51);
  const cuts = [[bytes], [...bytes].map((byte) => Buffer.of(byte))];
  for (let left = 200; left > 0; left--) cuts.push(randomPieces(bytes, 60, random));
  return cuts;
}
