/** Conversations, requests and answers of Anthropic's dialect for tests. */
import type { ChatCodec, CountCodec, WireRequest, WireResponse } from "../codec.ts";
import type { ChatRequest, ChatResponse, Choice, Message, Part, StreamEvent } from "../ir.ts";

/** Name of Anthropic's codec, as tests expect it in reasoning and variants. */
export const dialect = "anthropic-messages";

/** A conversation of one turn in another dialect, with what a test changes. */
export function chatRequest(changes: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: "claude-sonnet-4-5",
    system: [],
    messages: [userTurn("Hi")],
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    maxOutputTokens: 1_000,
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
    variant: "another-dialect",
    ...changes,
  };
}

/** A user's turn of texts and other parts. */
export function userTurn(...parts: readonly (Part | string)[]): Message {
  return { role: "user", parts: parts.map(partOf) };
}

/** An assistant's turn of texts and other parts. */
export function assistantTurn(...parts: readonly (Part | string)[]): Message {
  return { role: "assistant", parts: parts.map(partOf) };
}

/** Instructions in mid-conversation. */
export function systemTurn(text: string): Message {
  return { role: "system", parts: [partOf(text)] };
}

/** A call of the tool `f`. */
export function toolCall(id: string, args = "{}"): Part {
  return { kind: "tool-call", id, name: "f", arguments: args, signature: null };
}

/** What a tool said, in one text. */
export function toolResult(callId: string, text: string): Part {
  return { kind: "tool-result", callId, name: null, parts: [partOf(text)], isError: false };
}

/** Reasoning of this dialect with its proof. */
export function reasoning(text: string, signature: string | null = "proof"): Part {
  return { kind: "reasoning", text, signature, encrypted: null, origin: dialect };
}

/** A request as the gateway hands it over. */
export function wireRequest(body: unknown, headers: Readonly<Record<string, string>> = {}): WireRequest {
  return {
    path: "/v1/messages",
    pathModel: null,
    header: (name) => headers[name],
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** An answer as the gateway hands it over. */
export function wireResponse(body: unknown, status = 200): WireResponse {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return { status, header: () => undefined, body: bytes };
}

/** The smallest body of a request, with what a test changes. */
export function requestBody(changes: object = {}): object {
  return {
    model: "claude-sonnet-4-5",
    max_tokens: 1_000,
    messages: [{ role: "user", content: "Hi" }],
    ...changes,
  };
}

/** What a codec reads of a body; raises an Error when it is malformed. */
export function decodeBody(codec: ChatCodec | CountCodec, body: unknown): ChatRequest {
  const decoded = codec.decodeRequest(wireRequest(body));
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

/** The clause about what is wrong with a body; empty: nothing is. */
export function malformation(codec: ChatCodec | CountCodec, body: unknown): string {
  const decoded = codec.decodeRequest(wireRequest(body));
  return decoded.kind === "malformed" ? decoded.reason : "";
}

/** The body that a codec writes, parsed. */
export function encodeBody(codec: ChatCodec | CountCodec, request: ChatRequest): Record<string, unknown> {
  return JSON.parse(String(codec.encodeRequest(request)));
}

/** An answer of one choice. */
export function chatResponse(choice: Partial<Choice> = {}, changes: Partial<ChatResponse> = {}): ChatResponse {
  return {
    id: "msg_01",
    model: "claude-sonnet-4-5",
    created: null,
    choices: [{ parts: [], finish: "stop", stopText: null, logprobs: null, ...choice }],
    usage: null,
    ...changes,
  };
}

/** An event stream of event objects; text is written as it is. */
export function eventStream(events: readonly (object | string)[]): Buffer {
  const texts = events.map((event) => {
    const data = typeof event === "string" ? event : JSON.stringify(event);
    const type = typeof event === "object" && "type" in event ? `event: ${event.type}\n` : "";
    return `${type}data: ${data}\n\n`;
  });
  return Buffer.from(texts.join(""));
}

/** The event objects of an event stream; raises an Error where the name of an event is not its type. */
export function eventsOf(stream: string): Record<string, unknown>[] {
  return stream
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => {
      const [name, data] = event.split("\n");
      const value: Record<string, unknown> = JSON.parse(data?.replace(/^data: /, "") ?? "");
      if (name !== `event: ${String(value["type"])}`) throw new Error(`Event is named ${name}`);
      return value;
    });
}

/** What a codec reads of a stream in pieces. */
export function decodeStream(codec: ChatCodec, pieces: readonly Buffer[]): StreamEvent[] {
  const decoder = codec.createStreamDecoder();
  return [...pieces.flatMap((piece) => [...decoder.write(piece)]), ...decoder.end()];
}

function partOf(part: Part | string): Part {
  return typeof part === "string" ? { kind: "text", text: part } : part;
}
