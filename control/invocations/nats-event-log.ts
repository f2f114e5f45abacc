/**
 * The log of events in a stream of NATS JetStream, for several control processes and whoever else wants to know. Its
 * epoch is the time at which the stream was made: a volume that is lost begins another one.
 */

import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection, Subscription } from "@nats-io/transport-node";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import type { NatsServers } from "../../gateway/nats-connection.ts";
import { connectNats } from "../../gateway/nats-connection.ts";
import { encodeEvent, maxEventBytes, tryDecodeEvent } from "./event-codec.ts";
import type {
  Appended,
  ConsumerOptions,
  EventLog,
  LogConsumer,
  LogEnds,
  LoggedEvent,
  LogPage,
  LogPosition,
} from "./event-log.ts";
import { eventRetentionBytes, eventRetentionMs } from "./event-log.ts";
import { ALL_SUBJECTS, eventSubject } from "./event-subject.ts";
import { NatsLogConsumer } from "./nats-log-consumer.ts";
import { WakeUps } from "./wake-ups.ts";

/** Where the log is. */
export interface NatsEventLogOptions extends NatsServers {
  readonly clock: Clock;
}

/** Name of the stream. */
export const EVENT_STREAM = "INVOCATIONS";

/** A publication is answered within a millisecond beside the server. */
const questionMs = 2_000;
const reconnectMs = 500;
const pingMs = 5_000;

/** Publications without an answer; more are refused. */
const mostWaiting = 16_384;

/** Events of one page; the server gives no more than 1,024 at a time. */
const mostInPage = 1_024;
const watchPage = 256;

/** News may come before the stream has it, or be lost with a connection: a watch looks again after these. */
const soonMs = 10;
const lateMs = 1_000;

/** How long the server knows the phases that it has: retries come within seconds, and the rest is for who reads. */
const duplicatesMs = 60 * 60 * 1_000;

/** Connects, and makes the stream where it is not there. Rejects with CLRK_UNAVAILABLE where no server answers. */
export async function openNatsEventLog(options: NatsEventLogOptions): Promise<EventLog> {
  let connection: NatsConnection | undefined;
  try {
    connection = await connectNats(options, { connectMs: questionMs, reconnectMs, pingMs });
    const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
    const client = jetstream(connection, { timeout: questionMs });
    const manager = await jetstreamManager(connection, { timeout: questionMs });
    await ensureStream(manager);
    return new NatsEventLog({ connection, client, manager, clock: options.clock });
  } catch (cause) {
    await connection?.close();
    throw unavailable("open the log of events", cause);
  }
}

async function ensureStream(manager: JetStreamManager): Promise<void> {
  const nanosecondsOf = (ms: number) => ms * 1_000_000;
  const { RetentionPolicy, StorageType, DiscardPolicy } = await import("@nats-io/jetstream");
  try {
    await manager.streams.info(EVENT_STREAM);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await manager.streams.add({
      name: EVENT_STREAM,
      description: "What becomes of invocations of agents",
      subjects: [ALL_SUBJECTS],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_age: nanosecondsOf(eventRetentionMs),
      max_bytes: eventRetentionBytes,
      max_msg_size: 2 * maxEventBytes,
      duplicate_window: nanosecondsOf(duplicatesMs),
      allow_direct: true,
    });
  }
}

function isMissing(error: unknown): boolean {
  // https://github.com/nats-io/nats-server: JSStreamNotFoundErr
  return (
    typeof error === "object" && error !== null && "code" in error && Number(error.code) === 10059
  );
}

interface NatsParts {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly clock: Clock;
}

class NatsEventLog implements EventLog {
  readonly #parts: NatsParts;
  readonly #wakeUps: WakeUps;
  readonly #closing = new AbortController();
  #news: Subscription | undefined;
  /** As the stream was when it was asked last */
  #known: { readonly epoch: string; latest: number } | undefined;
  #waiting = 0;

  constructor(parts: NatsParts) {
    this.#parts = parts;
    this.#wakeUps = new WakeUps(parts.clock);
  }

  async append(event: InvocationEvent): Promise<Appended> {
    const body = encodeEvent(event);
    if (this.#waiting >= mostWaiting) {
      const message = `Cannot log event: ${mostWaiting} are waiting for NATS already`;
      throw new ClrkError("CLRK_LIMIT_EXCEEDED", message);
    }
    this.#waiting++;
    try {
      const { seq, duplicate } = await this.#ask("log event", () =>
        this.#parts.client.publish(eventSubject(event), body, {
          msgID: `${event.id}.${event.phase}`,
          expect: { streamName: EVENT_STREAM },
        }),
      );
      const epoch = await this.#epochOf(seq, duplicate);
      return { position: { epoch, sequence: seq }, isDuplicate: duplicate };
    } finally {
      this.#waiting--;
    }
  }

  async read(
    after: LogPosition | undefined,
    { limit }: { readonly limit: number },
  ): Promise<LogPage> {
    const ends = await this.ends();
    const from = after === undefined ? ends.earliest : after.sequence + 1;
    const isOther = after !== undefined && after.epoch !== ends.epoch;
    if (isOther || from < ends.earliest || from > ends.latest + 1) return { kind: "expired", ends };
    const batch = Math.min(limit, mostInPage, ends.latest - from + 1);
    const events: LoggedEvent[] = [];
    if (batch <= 0) return { kind: "events", events };
    await this.#ask("read events", async () => {
      const { direct } = this.#parts.manager;
      for await (const message of await direct.getBatch(EVENT_STREAM, { seq: from, batch })) {
        const event = tryDecodeEvent(message.string()) ?? null;
        events.push({ position: { epoch: ends.epoch, sequence: message.seq }, event });
      }
    });
    return { kind: "events", events };
  }

  async *watch(
    after: LogPosition | undefined,
    options: { readonly signal: AbortSignal },
  ): AsyncGenerator<LogPage> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    this.#listen();
    let position = after;
    let pauseMs = soonMs;
    while (!signal.aborted) {
      const page = await this.read(position, { limit: watchPage });
      if (page.kind === "expired") {
        yield page;
        return;
      }
      const last = page.events.at(-1);
      if (last !== undefined) {
        position = last.position;
        pauseMs = soonMs;
        yield page;
        continue;
      }
      position ??= await this.#begin();
      const isNews = await this.#wakeUps.wait({ timeoutMs: pauseMs, signal });
      pauseMs = isNews ? soonMs : Math.min(lateMs, pauseMs * 2);
    }
  }

  async ends(): Promise<LogEnds> {
    const info = await this.#ask("ask for the log's ends", () =>
      this.#parts.manager.streams.info(EVENT_STREAM),
    );
    const { first_seq: first, last_seq: latest, messages } = info.state;
    const epoch = String(info.created);
    this.#known = { epoch, latest };
    return { epoch, earliest: messages === 0 ? latest + 1 : first, latest };
  }

  async consumer(name: string, options: ConsumerOptions = {}): Promise<LogConsumer> {
    const { client, manager } = this.#parts;
    return await NatsLogConsumer.open({
      ...options,
      client,
      manager,
      name,
      stream: EVENT_STREAM,
      epoch: async () => (await this.ends()).epoch,
      ask: (what, question) => this.#ask(what, question),
    });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#parts.connection.close();
  }

  /** Asks the server; a stream that is gone is made again for whoever asks next. */
  async #ask<Answer>(what: string, question: () => Promise<Answer>): Promise<Answer> {
    if (this.#closing.signal.aborted) {
      throw new ClrkError("CLRK_CLOSED", `Cannot ${what}: the log is closed`);
    }
    try {
      return await question();
    } catch (cause) {
      this.#known = undefined;
      if (!this.#closing.signal.aborted) {
        // Its failure is the same that is told here.
        await ensureStream(this.#parts.manager).catch(() => {});
      }
      throw unavailable(what, cause);
    }
  }

  /** Sequences that do not rise are those of another stream than the one that is known. */
  async #epochOf(sequence: number, isDuplicate: boolean): Promise<string> {
    const known = this.#known;
    if (known === undefined || (!isDuplicate && sequence <= known.latest)) {
      const { epoch } = await this.ends();
      return epoch;
    }
    known.latest = Math.max(known.latest, sequence);
    return known.epoch;
  }

  async #begin(): Promise<LogPosition> {
    const { epoch, earliest } = await this.ends();
    return { epoch, sequence: earliest - 1 };
  }

  /** Publications wake watches; that they are in the stream is asked for. */
  #listen(): void {
    this.#news ??= this.#parts.connection.subscribe(ALL_SUBJECTS, {
      callback: () => this.#wakeUps.wake(),
    });
  }
}

function unavailable(what: string, cause: unknown): ClrkError {
  if (cause instanceof ClrkError) return cause;
  const message = `Cannot ${what}: NATS does not answer as it should: ${describeError(cause)}`;
  return new ClrkError("CLRK_UNAVAILABLE", message, { cause });
}
