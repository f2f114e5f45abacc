/** How requests to MCP servers are refused, and what is refused for its form alone. */

import { CLRK_HEADERS } from "../gateway/headers.ts";
import type { McpRefusal } from "../gateway/mcp-judge.ts";
import { encodeImmediateResponse } from "./immediate-response.ts";
import type { Refusal } from "./refusal.ts";

/** The message that has Envoy answer with the refusal. */
export function encodeMcpRefusal(refusal: McpRefusal, transactionId: string): Buffer {
  const { status, reason, body, headers } = refusal;
  return encodeImmediateResponse({
    status,
    headers: [["content-type", "application/json"], [CLRK_HEADERS.denyReason, reason], ...headers],
    body,
    details: `clrk_denied{${reason}}`,
    transactionId,
  });
}

/** Envoy shows a body whole, unless trailers follow it. */
export const cutBody: Refusal = {
  status: 400,
  reason: "body-malformed",
  message: "Refused because trailers follow the body: send it without",
};

/** An answer that would have to be filtered, and cannot be read. */
export const compressedAnswer: Refusal = {
  status: 502,
  reason: "upstream-malformed",
  message:
    "Refused because the server compressed its answer unasked, which may list what is refused",
};
