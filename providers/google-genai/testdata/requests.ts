/** Requests for tests: of the IR with few words, and bodies as the codec of conversations reads them. */

import type { Decoded, WireRequest, WireResponse } from "../../codec.ts";
import type { ChatRequest, Message, Part } from "../../ir.ts";
import { geminiGenerateContent } from "../generate-content-codec.ts";

/** A request of which nothing is said but what is given. */
export function requestWith(given: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: "gemini-3-flash-preview",
    system: [],
    messages: [user({ kind: "text", text: "Hi" })],
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
    variant: "whole",
    ...given,
  };
}

/** A user's turn. */
export function user(...parts: readonly Part[]): Message {
  return { role: "user", parts };
}

/** A turn of the model's. */
export function assistant(...parts: readonly Part[]): Message {
  return { role: "assistant", parts };
}

/** A request on the wire; text as a body is sent as it is. */
export function wire(body: unknown, path = "/v1beta/models/m:generateContent"): WireRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    path,
    pathModel: "gemini-3-flash-preview",
    header: () => undefined,
    body: Buffer.from(text),
  };
}

/** An answer on the wire. */
export function answer(body: unknown, status = 200): WireResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, header: () => undefined, body: Buffer.from(text) };
}

/** What a decoder gave; raises an Error with the reason where it was malformed. */
export function decodedValue<T>(decoded: Decoded<T>): T {
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

/** The request that a body says. */
export function decodeBody(body: unknown, path?: string): ChatRequest {
  return decodedValue(geminiGenerateContent.decodeRequest(wire(body, path)));
}

/** The body of a request, parsed. */
export function encodeBody(request: ChatRequest): ReturnType<typeof JSON.parse> {
  return JSON.parse(geminiGenerateContent.encodeRequest(request).toString());
}

/** The request that comes out when one is encoded and decoded again. */
export function sendAndRead(request: ChatRequest): ChatRequest {
  const text = geminiGenerateContent.encodeRequest(request).toString();
  const method = request.stream ? "streamGenerateContent?alt=sse" : "generateContent";
  const sent = wire(text, `/v1beta/models/m:${method}`);
  return decodedValue(geminiGenerateContent.decodeRequest({ ...sent, pathModel: request.model }));
}
