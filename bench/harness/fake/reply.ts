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

function encodeEvent({ event, data }: ServerSentEvent): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}
