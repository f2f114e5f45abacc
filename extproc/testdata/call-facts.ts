/** Builds what was found about one transaction, with any part replaced. */
import type { CallFacts, CapturedExchange, ModelCall } from "../../gateway/call-facts.ts";

/** A transaction of which nothing was read or kept. */
export function callFacts(changes: Partial<CallFacts> = {}): CallFacts {
  return {
    id: "tx1",
    trace: null,
    model: null,
    capture: null,
    denial: null,
    routing: null,
    target: null,
    responseChunks: 0,
    ...changes,
  };
}

/** A chat of which only the model is known. */
export function modelCall(changes: Partial<ModelCall> = {}): ModelCall {
  return {
    operation: "chat",
    requestModel: "gpt-4.1",
    responseModel: null,
    responseId: null,
    finishReasons: [],
    isStream: false,
    timeToFirstTokenMs: null,
    usage: null,
    ...changes,
  };
}

/** An exchange without headers and bodies. */
export function capturedExchange(changes: Partial<CapturedExchange> = {}): CapturedExchange {
  return {
    requestHeaders: [],
    requestBody: null,
    responseHeaders: [],
    responseBody: null,
    ...changes,
  };
}
