/**
 * Fan-out of records to sinks (file, OTLP) and to live subscribers. Publishing never waits and never throws: a slow
 * subscriber loses its own oldest records, which are counted, and delays nobody else.
 */
import { BoundedQueue } from "./bounded-queue.ts";
import { CapturedJson } from "./captured-json.ts";
import { ClrkError, describeError } from "./errors.ts";
import { silentLogger } from "./log.ts";
import type { Logger } from "./log.ts";
import type { LineText } from "./record-lines.ts";
import type { EgressRecord } from "./record.ts";

/** Something that takes every record; `add()` must return at once. */
export interface RecordSink {
  /**
   * Takes one record; the record is shared and must not be changed. `json` is the same on one line, where whoever made
   * the record had it at less cost than `JSON.stringify()`. What was captured, and `json`, may be gone once all sinks have
   * the record: a sink that is to have it later reads a part of the capture now.
   */
  add(record: EgressRecord, json?: LineText): void;
}

/** The agent whose records a subscriber wants. */
export interface AgentName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What a subscriber wants; no agent means all records. */
export interface SubscribeOptions {
  readonly agent?: AgentName;
  /** Records kept for a subscriber that is slow; default 256 */
  readonly maxQueued?: number;
}

/** What the hub is given; all of it has a default. */
export interface RecordHubOptions {
  readonly log?: Logger;
  /** Most subscribers at one time; default 256 */
  readonly maxSubscribers?: number;
}

/** Numbers since the start, for the gateway's status. */
export interface RecordHubStatus {
  readonly published: number;
  readonly subscribers: number;
  /** Records that slow subscribers lost, those that are gone included */
  readonly subscriberDrops: number;
  /** Calls of a sink that threw */
  readonly sinkFailures: number;
}

interface NamedSink {
  readonly name: string;
  readonly sink: RecordSink;
  failing: boolean;
}

/** Distributes the records of one gateway process. */
export class RecordHub implements RecordSink {
  readonly #log: Logger;
  readonly #maxSubscribers: number;
  readonly #sinks = new Set<NamedSink>();
  // Subscriptions by agent, so that publishing costs by those who want the record and not by all.
  readonly #byAgent = new Map<string, Set<RecordSubscription>>();
  readonly #forAll = new Set<RecordSubscription>();
  #published = 0;
  #subscribers = 0;
  #subscriberDrops = 0;
  #sinkFailures = 0;
  #closed = false;

  /** A hub without sinks and subscribers. */
  constructor(options: RecordHubOptions = {}) {
    this.#log = options.log ?? silentLogger;
    this.#maxSubscribers = options.maxSubscribers ?? 256;
  }

  /** Numbers of now; a new object each time */
  get status(): RecordHubStatus {
    return {
      published: this.#published,
      subscribers: this.#subscribers,
      subscriberDrops: this.#subscriberDrops,
      sinkFailures: this.#sinkFailures,
    };
  }

  /** Adds a sink, named for the log; gives a function that removes it. The hub never closes a sink. */
  addSink(name: string, sink: RecordSink): () => void {
    const entry: NamedSink = { name, sink, failing: false };
    this.#sinks.add(entry);
    return () => {
      this.#sinks.delete(entry);
    };
  }

  /** Gives the record to every sink and to every subscriber that wants it; after `close()` to sinks only. */
  add(record: EgressRecord, json?: LineText): void {
    this.#published++;
    for (const entry of this.#sinks) this.#addTo(entry, record, json);
    for (const subscription of this.#forAll) subscription.offer(record);
    if (record.agent === null || this.#byAgent.size === 0) return;
    const wanting = this.#byAgent.get(agentKey(record.agent));
    if (wanting !== undefined) for (const subscription of wanting) subscription.offer(record);
  }

  /**
   * Starts a live subscription: `for await (const record of hub.subscribe({ agent })) …`. Leaving the loop ends it.
   * Throws CLRK_LIMIT_EXCEEDED when there are too many, CLRK_CLOSED after `close()`.
   */
  subscribe(options: SubscribeOptions = {}): RecordSubscription {
    if (this.#closed)
      throw new ClrkError("CLRK_CLOSED", "Cannot subscribe to records: the hub is closed");
    if (this.#subscribers >= this.#maxSubscribers) {
      const message = `Cannot subscribe to records: ${this.#subscribers} subscribers, want fewer than ${this.#maxSubscribers}`;
      throw new ClrkError("CLRK_LIMIT_EXCEEDED", message);
    }
    const subscription: RecordSubscription = new RecordSubscription(options.maxQueued ?? 256, {
      onDrop: () => this.#subscriberDrops++,
      onClose: () => this.#remove(subscription, options.agent),
    });
    this.#subscribers++;
    this.#setFor(options.agent).add(subscription);
    return subscription;
  }

  /** Ends all subscriptions; each still gives what is queued for it. Sinks stay. */
  close(): void {
    this.#closed = true;
    for (const subscription of this.#forAll) subscription.close();
    for (const subscriptions of this.#byAgent.values()) {
      for (const subscription of subscriptions) subscription.close();
    }
  }

  #addTo(entry: NamedSink, record: EgressRecord, json: LineText | undefined): void {
    try {
      entry.sink.add(record, json);
      entry.failing = false;
    } catch (error) {
      this.#sinkFailures++;
      if (!entry.failing) {
        this.#log.error("Record sink failed", { sink: entry.name, error: describeError(error) });
      }
      entry.failing = true;
    }
  }

  #setFor(agent: AgentName | undefined): Set<RecordSubscription> {
    if (agent === undefined) return this.#forAll;
    const key = agentKey(agent);
    const found = this.#byAgent.get(key);
    if (found !== undefined) return found;
    const created = new Set<RecordSubscription>();
    this.#byAgent.set(key, created);
    return created;
  }

  #remove(subscription: RecordSubscription, agent: AgentName | undefined): void {
    this.#subscribers--;
    const subscriptions = this.#setFor(agent);
    subscriptions.delete(subscription);
    if (agent !== undefined && subscriptions.size === 0) this.#byAgent.delete(agentKey(agent));
  }
}

interface SubscriptionEvents {
  onDrop(): void;
  onClose(): void;
}

/** Records for one subscriber, in order; made by `RecordHub.subscribe()`. */
export class RecordSubscription implements AsyncIterableIterator<EgressRecord> {
  readonly #queue: BoundedQueue<EgressRecord>;
  readonly #events: SubscriptionEvents;
  readonly #waiting: Array<(result: IteratorResult<EgressRecord>) => void> = [];
  #dropped = 0;
  #closed = false;

  constructor(maxQueued: number, events: SubscriptionEvents) {
    this.#queue = new BoundedQueue(maxQueued);
    this.#events = events;
  }

  /** Records that this subscriber lost because it was slow */
  get dropped(): number {
    return this.#dropped;
  }

  /** Hands over a record or queues it; only the hub calls it. */
  offer(record: EgressRecord): void {
    // Whoever waits for the record, or is slow, has it when a capture that was lent is gone.
    if (record.capture instanceof CapturedJson) record.capture.toJSON();
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting({ done: false, value: record });
      return;
    }
    if (this.#queue.push(record) === undefined) return;
    this.#dropped++;
    this.#events.onDrop();
  }

  /** The next record; waits for one until the subscription is closed. */
  next(): Promise<IteratorResult<EgressRecord>> {
    const record = this.#queue.shift();
    if (record !== undefined) return Promise.resolve({ done: false, value: record });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the subscription and drops what is queued; called when a loop is left. */
  return(): Promise<IteratorResult<EgressRecord>> {
    this.close();
    this.#queue.clear();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the subscription; what is queued can still be read. Safe to call again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.onClose();
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

function agentKey(agent: AgentName): string {
  return `${agent.kind}/${agent.namespace}/${agent.name}`;
}
