/**
 * The log of what becomes of invocations, whoever keeps it: an embedded one, or a stream of NATS. Events are appended
 * once each, have a position, and are kept for a while; consumers that are named get each event until they say that they
 * have it.
 */

import type { InvocationEvent } from "../../gateway/invocation-event.ts";

/** Where an event stands. Sequences count up within an epoch; a log that lost what it had begins another epoch. */
export interface LogPosition {
  readonly epoch: string;
  readonly sequence: number;
}

/** An event at its position; null for an entry that is no event, which somebody else must have written. */
export interface LoggedEvent {
  readonly position: LogPosition;
  readonly event: InvocationEvent | null;
}

/** A part of the log, or that the place after which it was asked for is gone. */
export type LogPage =
  | { readonly kind: "events"; readonly events: readonly LoggedEvent[] }
  /** Of another epoch, or older than what is kept: begin anew at `ends.earliest` */
  | { readonly kind: "expired"; readonly ends: LogEnds };

/** What is kept. `earliest` is `latest + 1` where that is nothing. */
export interface LogEnds {
  readonly epoch: string;
  readonly earliest: number;
  readonly latest: number;
}

/** What became of an event that was appended. */
export interface Appended {
  readonly position: LogPosition;
  /** The log had this phase of the invocation already: nothing was added */
  readonly isDuplicate: boolean;
}

/** An event for a consumer. Without an answer it is given again. */
export interface Delivery extends LoggedEvent {
  /** Counted from 1 */
  readonly attempt: number;
  /**
   * Resolves when the log has noted that the consumer has it. Nevertheless it may be given again: by a server of NATS
   * that crashes right after, and always where it was on its way already.
   */
  ack(): Promise<void>;
  /** Asks to be given it again at once. */
  retry(): void;
}

/** How much to take at a time, and how long to wait for any. */
export interface FetchOptions {
  readonly limit: number;
  /** Longest wait in `ms` while there is nothing */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

/** A consumer whose state is the log's: it goes on where it was, over restarts. */
export interface LogConsumer {
  /**
   * The next events, those that were not answered in time first; none when the wait is over or was aborted. Rejects where
   * the log cannot be asked.
   */
  fetch(options: FetchOptions): Promise<readonly Delivery[]>;
}

/** What a consumer may choose. */
export interface ConsumerOptions {
  /** Time in `ms` after which an event that was not answered is given again; default 30 s */
  readonly ackWaitMs?: number;
}

/** What a log of events can do, wherever it keeps them. */
export interface EventLog {
  /**
   * Adds an event, unless its phase of its invocation is there; resolves when it is on the disk. Rejects with
   * CLRK_INVALID_ARGUMENT for what is no event, CLRK_LIMIT_EXCEEDED when too many wait, CLRK_STORAGE_FAILED or
   * CLRK_UNAVAILABLE when it cannot be kept, CLRK_CLOSED after `close()`.
   */
  append(event: InvocationEvent): Promise<Appended>;
  /** At most `limit` events after a position; from the earliest that is kept when that is undefined. */
  read(after: LogPosition | undefined, options: { readonly limit: number }): Promise<LogPage>;
  /** Pages as events come, until aborted; the last one may say that the place is gone. */
  watch(
    after: LogPosition | undefined,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<LogPage>;
  /** What is kept now. */
  ends(): Promise<LogEnds>;
  /** The consumer of that name (`[a-z0-9-]`), made when it is not there; two must not be used under one name. */
  consumer(name: string, options?: ConsumerOptions): Promise<LogConsumer>;
  /** Writes what waits and ends all watches. */
  close(): Promise<void>;
}

/** How long events are kept: three days. */
export const eventRetentionMs = 72 * 60 * 60 * 1_000;

/** Most bytes of events that are kept; the oldest go first. */
export const eventRetentionBytes = 256 * 1024 * 1024;
