/** How much of one transaction the engine holds, and what its server takes for that. */

import type { Http2Limits } from "./http2/limits.ts";

const mebibyte = 1024 * 1024;

/** Bytes of a request, decoded from its content coding; Envoy holds as many of it. */
export const maxRequestBytes: number = 32 * mebibyte;

/** Bytes of an answer that is not a stream, decoded from its content coding. */
export const maxAnswerBytes: number = 32 * mebibyte;

/** A message holds a whole body and little else; answers grow when they are translated, by their escapes most. */
export const engineLimits: Pick<Http2Limits, "maxMessageBytes" | "maxQueuedStreamBytes"> = {
  maxMessageBytes: maxRequestBytes + mebibyte,
  maxQueuedStreamBytes: 2 * maxAnswerBytes,
};
