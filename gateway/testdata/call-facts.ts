/** Builds what the engine says of a transaction, with any part replaced. */
import type { CallFacts, CapturedExchange } from "../call-facts.ts";

/** A chat that took 12 tokens in and 9 out, streamed in 14 pieces. */
export function callFacts(changes: Partial<CallFacts> = {}): CallFacts {
  return {
    id: "engine-1",
    trace: {
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      spanId: "53995c3f42cd8ad8",
      parentSpanId: "",
    },
    model: {
      operation: "chat",
      requestModel: "gpt-4.1",
      responseModel: "gpt-4.1-2025-04-14",
      responseId: "chatcmpl-1",
      finishReasons: ["stop"],
      isStream: true,
      timeToFirstTokenMs: 35.25,
      usage: {
        inputTokens: 12,
        outputTokens: 9,
        cachedInputTokens: 4,
        cacheWriteTokens: null,
        reasoningTokens: 3,
      },
    },
    capture: null,
    denial: null,
    routing: null,
    target: null,
    responseChunks: 14,
    ...changes,
  };
}

/** Both bodies, of which the response's was cut, and a header that comes twice. */
export function capturedExchange(changes: Partial<CapturedExchange> = {}): CapturedExchange {
  return {
    requestHeaders: [
      ["content-type", "application/json"],
      ["authorization", "[redacted]"],
      ["x-tag", "one"],
      ["x-tag", "two"],
    ],
    requestBody: {
      base64: Buffer.from('{"model":"gpt-4.1"}').toString("base64"),
      bytes: 19,
      isTruncated: false,
      contentEncoding: "",
    },
    responseHeaders: [["content-type", "text/event-stream"]],
    responseBody: {
      base64: Buffer.from("data: {}").toString("base64"),
      bytes: 4_096,
      isTruncated: true,
      contentEncoding: "br",
    },
    ...changes,
  };
}
