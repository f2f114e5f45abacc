/**
 * The limit store in a key-value bucket of NATS JetStream. Its one clock is that of the server: each replica learns it by
 * the timestamps of what it writes itself, and goes on by its monotonic clock, so that no wall clock of a replica counts.
 * The packages of NATS are loaded when a store is opened.
 */

import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Clock, TimerHandle } from "./clock.ts";
import { monotonicMs } from "./clock.ts";
import { describeError } from "./errors.ts";
import type { ChangeUse, LimitStore, LimitStoreState, SharedUse } from "./limit-store.ts";
import type { Logger } from "./log.ts";
import { connectNats } from "./nats-connection.ts";
import type { NatsServers } from "./nats-connection.ts";

/** Where limits are kept. */
export interface NatsLimitStoreOptions extends NatsServers {
  /** Unique among replicas, of letters and digits */
  readonly replica: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Name of the bucket. */
export const limitBucket = "clrk-limits";

/** Of the wire: `$KV.<bucket>.<key>` is the subject of a key, `KV_<bucket>` the stream (NATS ADR-8). */
const SUBJECT = `$KV.${limitBucket}`;
const STREAM = `KV_${limitBucket}`;

/** Codes of JetStream for a write that somebody else was faster than. */
const WRONG_SEQUENCE: ReadonlySet<unknown> = new Set([10071, 10164]);

/** Some 300 bytes a caller: room for 200,000 that are limited at once. */
const bucketBytes = 64 * 1024 * 1024;
const bytesOfUse = 16;

/** A question takes a millisecond beside the server; so late an answer means that there is none. */
const questionMs = 1_000;

/** How often this replica says that it lives, and for how long that is believed. */
const beatMs = 5_000;
const aliveSeconds = 15;
const retryMs = 500;

/** A state that does not matter any more is kept so much longer: clocks are not equal. */
const graceMs = 10_000;

/** Each try that fails is one of another replica that succeeded. */
const mostTries = 16;

/** Opens the store; it connects by itself, as often as it takes. */
export function openNatsLimitStore(options: NatsLimitStoreOptions): LimitStore {
  return new NatsLimitStore(options);
}

interface Session {
  readonly connection: NatsConnection;
  readonly stream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly bucket: KV;
}

class NatsLimitStore implements LimitStore {
  readonly #options: NatsLimitStoreOptions;
  readonly #server: string;
  readonly #followers = new Set<() => void>();
  #session: Session | undefined;
  /** When the server wrote something, by its clock, and a time by ours at which that was over */
  #written: { readonly serverMs: number; readonly overMs: number } | undefined;
  #isReachable = false;
  #replicas = 0;
  #failure = "The store was not reached yet";
  #isFailureTold = false;
  #wake: (() => void) | undefined;
  #isClosed = false;
  readonly #ended: Promise<void>;

  constructor(options: NatsLimitStoreOptions) {
    this.#options = options;
    this.#server = options.servers.join(", ");
    this.#ended = this.#run();
  }

  get state(): LimitStoreState {
    return {
      server: this.#server,
      isReachable: this.#isReachable,
      replicas: this.#replicas,
      failure: this.#failure,
    };
  }

  subscribe(onChange: () => void): () => void {
    this.#followers.add(onChange);
    return () => this.#followers.delete(onChange);
  }

  async update(name: string, change: ChangeUse): Promise<void> {
    for (let tries = 0; tries < mostTries; tries++) {
      const session = this.#session;
      if (session === undefined || !this.#isReachable) throw new Error(this.#failure);
      if (await this.#try(session, `limit.${name}`, change)) return;
      await this.#stepBack(Math.random() * tries);
    }
    throw new Error("Other replicas were faster each time");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    await this.#ended;
    await this.#session?.connection.close();
  }

  /** Whether the state is as `change` wants it; false: another replica changed it meanwhile. */
  async #try({ bucket, stream }: Session, key: string, change: ChangeUse): Promise<boolean> {
    try {
      const entry = await bucket.get(key);
      const use = entry === null ? undefined : decodeUse(entry.value);
      const next = use === "unreadable" ? use : change(use, this.#serverMs());
      if (next === undefined) return true;
      if (next === "unreadable") return Promise.reject(new Error("The state is not of our making"));
      await stream.publish(`${SUBJECT}.${key}`, encodeUse(next.use), {
        expect: { lastSubjectSequence: entry?.revision ?? 0 },
        ttl: `${Math.ceil((next.forgetAfterMs + graceMs) / 1_000)}s`,
      });
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      this.#fail(error);
      this.#wake?.();
      throw error;
    }
  }

  /** Never ahead of the server's clock: what it wrote was written before we heard of it. */
  #serverMs(): number {
    if (this.#written === undefined) throw new Error("The time of the store is not known");
    return this.#written.serverMs + (monotonicMs(this.#options.clock) - this.#written.overMs);
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#session ??= await this.#connect();
        await this.#beat(this.#session);
        this.#succeed();
      } catch (error) {
        this.#fail(error);
      }
      if (!this.#isClosed) await this.#pause(this.#isReachable ? beatMs : retryMs);
    }
  }

  async #connect(): Promise<Session> {
    const { jetstream } = await import("@nats-io/jetstream");
    const { Kvm } = await import("@nats-io/kv");
    const connection = await connectNats(this.#options, {
      connectMs: 2 * questionMs,
      reconnectMs: retryMs,
      pingMs: beatMs,
    });
    try {
      const stream = jetstream(connection, { timeout: questionMs });
      const manager = await stream.jetstreamManager();
      const bucket = await new Kvm(stream).create(limitBucket, {
        description: "What replicas of clrk share of rate limits",
        history: 1,
        markerTTL: 1_000,
        max_bytes: bucketBytes,
      });
      void this.#watch(connection);
      return { connection, stream, manager, bucket };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** What the connection tells of itself comes sooner than a question that fails. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === "disconnect") this.#fail(new Error("The connection was lost"));
      if (type === "reconnect") this.#wake?.();
    }
    if (this.#isClosed) return;
    this.#session = undefined;
    this.#fail(new Error("The connection was closed"));
  }

  /** Says that this replica lives, and reads by that the store's time and who else does. */
  async #beat({ stream, manager, bucket }: Session): Promise<void> {
    const key = `replica.${this.#options.replica}`;
    const { seq } = await stream.publish(`${SUBJECT}.${key}`, "", { ttl: `${aliveSeconds}s` });
    const overMs = monotonicMs(this.#options.clock);
    const entry = await bucket.get(key);
    if (entry?.revision !== seq) throw new Error("Another process has the name of this replica");
    const info = await manager.streams.info(STREAM, { subjects_filter: `${SUBJECT}.replica.>` });
    this.#written = { serverMs: entry.created.getTime(), overMs };
    this.#replicas = Math.max(1, Object.keys(info.state.subjects ?? {}).length);
  }

  #succeed(): void {
    const wasReachable = this.#isReachable;
    this.#isReachable = true;
    this.#failure = "";
    if (!wasReachable && this.#isFailureTold) {
      this.#options.log.info("NATS can be reached again: limits are shared", {
        server: this.#server,
      });
    }
    this.#isFailureTold = false;
    this.#tell();
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#isReachable = false;
    this.#failure = `Cannot reach NATS at ${this.#server}: ${describeError(error)}`;
    if (!this.#isFailureTold) {
      this.#isFailureTold = true;
      this.#options.log.warn("NATS cannot be reached: limits are not shared", {
        server: this.#server,
        error: describeError(error),
      });
    }
    this.#tell();
  }

  #tell(): void {
    for (const follower of [...this.#followers]) follower();
  }

  #stepBack(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimeout(resolve, ms);
    });
  }

  /** Ends at once when there is news. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: TimerHandle | undefined;
      const end = () => {
        this.#options.clock.clearTimeout(timer);
        resolve();
      };
      timer = this.#options.clock.setTimeout(end, ms);
      this.#wake = end;
    });
  }
}

/** Two doubles: the time used, and the time at which it was. */
function encodeUse({ usedMs, atMs }: SharedUse): Uint8Array {
  const bytes = Buffer.alloc(bytesOfUse);
  bytes.writeDoubleBE(usedMs, 0);
  bytes.writeDoubleBE(atMs, 8);
  return bytes;
}

/** Undefined for a state that has ended: its marker holds nothing. */
function decodeUse(value: Uint8Array): SharedUse | "unreadable" | undefined {
  if (value.length === 0) return undefined;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length !== bytesOfUse) return "unreadable";
  const use = { usedMs: bytes.readDoubleBE(0), atMs: bytes.readDoubleBE(8) };
  return Number.isFinite(use.usedMs) && Number.isFinite(use.atMs) ? use : "unreadable";
}

function isConflict(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error
    ? WRONG_SEQUENCE.has(error.code)
    : false;
}
