/** What a fake answers, as a value: pure handlers make replies, `send-reply.ts` is the only one that sends them. */

/** One response. */
export interface Reply {
  readonly status: number;
  /** Lower-case names */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with `content-length`; without it and `chunks` there is no body at all */
  readonly body?: string | Uint8Array;
  /** Sent one after another without `content-length`; excludes `body` */
  readonly chunks?: Iterable<string | Uint8Array>;
  /** Break the response off after this many chunks: stream reset on HTTP/2, closed connection on HTTP/1.1 */
  readonly cutAfterChunks?: number;
  /** Pause before each chunk in `ms` */
  readonly chunkDelayMs?: number;
  /** Sent after the body; HTTP/2, or HTTP/1.1 chunked */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** One server-sent event; `event` is left out of the wire when absent. */
export interface ServerSentEvent {
  readonly event?: string;
  readonly data: unknown;
}

/** A JSON response. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

/** A 200 response of server-sent events, one chunk each; a string as `data` is sent as it is, anything else as JSON. */
export function eventReply(
  events: readonly ServerSentEvent[],
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      ...headers,
    },
    chunks: events.map(encodeEvent),
  };
}

/** A reply that says when to come again, where that is known. */
export function withRetryAfter(reply: Reply, seconds: number | undefined): Reply {
  if (seconds === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, "retry-after": String(seconds) } };
}

/** Events in notation, and how they end: `cut` breaks off after half of them, `break` sends `failure` there and no more. */
export function endingReply<T extends string | Uint8Array>(
  chunks: readonly T[],
  ending: "cut" | "break" | undefined,
  failure: T,
): Pick<Reply, "chunks" | "cutAfterChunks"> {
  const half = Math.ceil(chunks.length / 2);
  if (ending === "cut") return { chunks: chunks.slice(0, half), cutAfterChunks: half };
  return { chunks: ending === "break" ? [...chunks.slice(0, half), failure] : chunks };
}

/** One event as it stands in a stream. */
export function encodeEvent({ event, data }: ServerSentEvent): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}
