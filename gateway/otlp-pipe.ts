/**
 * Queue and sender of one OTLP signal: batches by count and age, retries with backoff, gives up the oldest when the
 * receiver cannot follow. One batch is in flight at a time; every loss is counted by its reason.
 */
import { BoundedQueue } from "./bounded-queue.ts";
import { sleep } from "./clock.ts";
import type { TimerHandle } from "./clock.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { TracedItem } from "./otlp-encode.ts";
import { createBody, sendOnce } from "./otlp-request.ts";
import { splitBody } from "./otlp-split.ts";
import type { SpoolStatus } from "./otlp-spooled-delivery.ts";
import { SpooledDelivery } from "./otlp-spooled-delivery.ts";
import type { OtlpBody, OtlpOutcome, OtlpSignal, OtlpTransport } from "./otlp-request.ts";

/** One item of the queue. */
export type QueuedItem<Item extends object = TracedItem> = Item & {
  /** Estimate, for the bounds */
  readonly bytes: number;
  /** Spans or logs in it; absent: one */
  readonly records?: number;
  /**
   * Called once when the pipe has done with it, but for one that it closes over. `hasHome`: it was sent, refused by the
   * receiver or put on disk; else it was dropped
   */
  readonly settled?: (hasHome: boolean) => void;
  /** Somebody keeps it until it is settled: one that the pipe closes over is not dropped */
  readonly isKept?: boolean;
};

/** Bounds and pauses of a pipe. */
export interface OtlpPipeLimits {
  /** Most records in one request */
  readonly maxBatchRecords: number;
  /** Most estimated bytes in one request; a larger record goes alone */
  readonly maxBatchBytes: number;
  /** Longest time that a record waits for others, in `ms` */
  readonly maxDelayMs: number;
  /** Most items waiting */
  readonly maxQueuedRecords: number;
  /** Most estimated bytes waiting */
  readonly maxQueuedBytes: number;
  /** First pause after a failed attempt; doubles each time up to `maxBackoffMs` */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Longest pause that a receiver's Retry-After is followed for */
  readonly maxRetryAfterMs: number;
  /** Time after which a batch is given up */
  readonly giveUpAfterMs: number;
}

/** What a pipe is made of. */
export interface OtlpPipeOptions<Item extends object = TracedItem> {
  readonly signal: OtlpSignal;
  readonly transport: OtlpTransport;
  readonly limits: OtlpPipeLimits;
  /** The batch as a message */
  readonly encode: (items: readonly Item[]) => Uint8Array;
  /** Number from 0 up to 1 that spreads the pauses of many gateways */
  readonly jitter: () => number;
  /** Where batches wait that the receiver does not take in time; absent: in memory, until they are given up */
  readonly spool?: PipeSpool;
  readonly log: Logger;
}

/** A pipe's place on disk. */
export interface PipeSpool {
  /** For this receiver and signal alone, with mode 0700 */
  readonly directory: string;
  readonly maxBytes: number;
  /** Whoever had the folder before in this process gives it up then */
  readonly after?: Promise<void>;
}

/** Numbers since the start, for the gateway's status. */
export interface OtlpPipeStatus {
  /** Whether the last attempt failed */
  readonly failing: boolean;
  /** What the last failure was; absent when all is well */
  readonly error?: string;
  readonly queued: number;
  /** What waits on disk, also from a process before */
  readonly spooled: SpoolStatus;
  readonly sent: number;
  readonly retries: number;
  /** Answers that were accepted but could not be read */
  readonly malformedResponses: number;
  readonly dropped: OtlpDrops;
}

/** Lost records by reason. */
export interface OtlpDrops {
  /** The queue was full */
  queueFull: number;
  /** The disk was full of newer ones, or failed */
  spoolFull: number;
  /** The receiver refused the batch, or some of its records */
  rejected: number;
  /** The receiver broke off at the record, and answered to others */
  brokenOff: number;
  /** The receiver did not take the batch in time */
  givenUp: number;
  /** Left at `close()`, or added after it */
  closed: number;
  /** The batch could not be encoded */
  notEncodable: number;
}

/** First pauses, so many together, over which a receiver breaks off before the batch is taken for the reason: 5 s. */
const breakPauses = 10;

/** Items that go in one request. */
interface Batch<Item extends object> {
  readonly items: readonly QueuedItem<Item>[];
  readonly records: number;
}

/** Sends the records of one signal to one receiver. */
export class OtlpPipe<Item extends object = TracedItem> {
  readonly #options: OtlpPipeOptions<Item>;
  readonly #queue: BoundedQueue<QueuedItem<Item>>;
  readonly #closing = new AbortController();
  readonly #abort = new AbortController();
  readonly #dropped: OtlpDrops = {
    queueFull: 0,
    spoolFull: 0,
    rejected: 0,
    brokenOff: 0,
    givenUp: 0,
    closed: 0,
    notEncodable: 0,
  };
  readonly #spooled: SpooledDelivery | undefined;
  #queuedBytes = 0;
  #queuedRecords = 0;
  #timer: TimerHandle | undefined;
  #running: Promise<void> | undefined;
  #notBeforeNs = 0n;
  #error: string | undefined;
  #sent = 0;
  #retries = 0;
  #malformedResponses = 0;

  /** Sends nothing before the first record but what is on disk from before. */
  constructor(options: OtlpPipeOptions<Item>) {
    this.#options = options;
    this.#queue = new BoundedQueue(options.limits.maxQueuedRecords);
    this.#spooled = options.spool && this.#openSpool(options.spool);
  }

  /** Numbers of now; a new object each time */
  get status(): OtlpPipeStatus {
    return {
      failing: this.#error !== undefined,
      ...(this.#error !== undefined && { error: this.#error }),
      queued: this.#queuedRecords,
      spooled: this.#spooled?.status ?? { records: 0, bytes: 0 },
      sent: this.#sent,
      retries: this.#retries,
      malformedResponses: this.#malformedResponses,
      dropped: { ...this.#dropped },
    };
  }

  /** Queues a record; the oldest ones go when it does not fit. Never throws, never waits. */
  add(record: QueuedItem<Item>): void {
    if (this.#closing.signal.aborted) {
      this.#dropped.closed += unkeptRecordsOf(record);
      return;
    }
    const { limits } = this.#options;
    const evicted = this.#queue.push(record);
    this.#queuedBytes += record.bytes;
    this.#queuedRecords += recordsOf(record);
    if (evicted !== undefined) this.#evict(evicted);
    while (this.#queuedBytes > limits.maxQueuedBytes && this.#queue.size > 1) {
      const oldest = this.#queue.shift();
      if (oldest !== undefined) this.#evict(oldest);
    }
    this.#schedule();
  }

  /** Resolves when everything queued so far is sent, on disk or given up, after at most `timeoutMs`; the rest is counted as dropped. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    const { clock } = this.#options.transport;
    // Wakes a pause between attempts: each batch gets one more attempt, and no pause after it.
    this.#closing.abort();
    const timer = clock.setTimeout(() => this.#abort.abort(new Error("Closing")), timeoutMs);
    while (this.#queue.size > 0 || this.#running !== undefined) {
      if (this.#abort.signal.aborted && this.#running === undefined) break;
      await this.#start();
    }
    await this.#spooled?.close();
    clock.clearTimeout(timer);
    clock.clearTimeout(this.#timer);
    for (let left = this.#queue.shift(); left !== undefined; left = this.#queue.shift()) {
      this.#dropped.closed += unkeptRecordsOf(left);
    }
    this.#queuedBytes = 0;
    this.#queuedRecords = 0;
  }

  #openSpool({ directory, maxBytes, after }: PipeSpool): SpooledDelivery {
    const { signal, transport, limits, log } = this.#options;
    return new SpooledDelivery({
      spool: { directory, maxBytes, log },
      ...(after !== undefined && { after }),
      transport,
      pauseMs: (attempt, afterMs) => this.#pauseMs(attempt, afterMs),
      split: (body) => splitBody(signal, body, transport.gzipFromBytes),
      breakMs: breakPauses * limits.minBackoffMs,
      closing: this.#closing.signal,
      abort: this.#abort.signal,
      listener: {
        settled: (outcome, records) => this.#settle(outcome, records),
        failed: (text) => this.#onFailure(text),
        retried: () => void this.#retries++,
        broken: (records) => this.#onBroken(records),
        lost: (records) => {
          this.#dropped.spoolFull += records;
        },
      },
    });
  }

  #evict(record: QueuedItem<Item>): void {
    this.#dropped.queueFull += recordsOf(record);
    this.#queuedBytes -= record.bytes;
    this.#queuedRecords -= recordsOf(record);
    record.settled?.(false);
  }

  #schedule(): void {
    if (this.#running !== undefined) return;
    const { limits, transport } = this.#options;
    if (this.#queuedRecords >= limits.maxBatchRecords) void this.#start();
    else if (this.#timer === undefined) {
      this.#timer = transport.clock.setTimeout(() => void this.#start(), limits.maxDelayMs);
      // the owner closes the exporter; a waiting record must not keep the process alive by itself
      this.#timer.unref();
    }
  }

  #start(): Promise<void> {
    this.#options.transport.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // a record may have come after the last look at the queue
      if (this.#queue.size > 0 && !this.#closing.signal.aborted) this.#schedule();
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options.transport;
    while (this.#queue.size > 0 && !this.#abort.signal.aborted) {
      const pauseMs = Number(this.#notBeforeNs - clock.monotonicNs()) / 1e6;
      if (pauseMs > 0) await sleep(clock, pauseMs, this.#closing.signal);
      const batch = this.#takeBatch();
      const hasHome = await this.#deliver(batch);
      for (const { settled } of batch.items) settled?.(hasHome);
      await this.#waitForMore();
    }
  }

  // Between batches records gather for `maxDelayMs`, unless a full batch waits already.
  async #waitForMore(): Promise<void> {
    const { limits, transport } = this.#options;
    const isFew = this.#queue.size > 0 && this.#queuedRecords < limits.maxBatchRecords;
    if (isFew) await sleep(transport.clock, limits.maxDelayMs, this.#closing.signal);
  }

  #takeBatch(): Batch<Item> {
    const { maxBatchRecords, maxBatchBytes } = this.#options.limits;
    const items: QueuedItem<Item>[] = [];
    let bytes = 0;
    let records = 0;
    while (records < maxBatchRecords && bytes < maxBatchBytes) {
      const item = this.#queue.shift();
      if (item === undefined) break;
      items.push(item);
      bytes += item.bytes;
      records += recordsOf(item);
    }
    this.#queuedBytes -= bytes;
    this.#queuedRecords -= records;
    return { items, records };
  }

  /** False where the batch was dropped and may have been worth another try. */
  async #deliver(batch: Batch<Item>): Promise<boolean> {
    const body = await this.#encode(batch);
    if (body === undefined) return true;
    const { records } = batch;
    if (this.#spooled !== undefined && (await this.#spooled.ready)) {
      const isDone = await this.#spooled.deliver(body, { records, isPressed: this.#isPressed() });
      if (isDone) return true;
      // A disk that takes nothing: as long as that lasts memory is all there is.
    }
    return this.#deliverFromMemory(records, body);
  }

  /** So much waits that an answer cannot be waited for: what comes would push out what is there. */
  #isPressed(): boolean {
    const { maxQueuedBytes, maxQueuedRecords } = this.#options.limits;
    return this.#queuedBytes > maxQueuedBytes / 4 || this.#queue.size > maxQueuedRecords / 4;
  }

  async #deliverFromMemory(records: number, body: OtlpBody): Promise<boolean> {
    const { transport, limits } = this.#options;
    const startNs = transport.clock.monotonicNs();
    for (let attempt = 0; ; attempt++) {
      const wasClosing = this.#closing.signal.aborted;
      const outcome = await sendOnce(transport, body, this.#abort.signal);
      if (outcome.kind !== "retry") {
        this.#settle(outcome, records);
        return true;
      }
      const pauseMs = this.#pauseMs(attempt, outcome.afterMs);
      this.#onFailure(outcome.text);
      const elapsedMs = Number(transport.clock.monotonicNs() - startNs) / 1e6;
      const isLast = wasClosing || this.#abort.signal.aborted;
      if (isLast || elapsedMs + pauseMs > limits.giveUpAfterMs) {
        if (isLast) this.#dropped.closed += records;
        else this.#dropped.givenUp += records;
        // The next batch must not come sooner than this one might have.
        this.#notBeforeNs = transport.clock.monotonicNs() + BigInt(Math.round(pauseMs * 1e6));
        return false;
      }
      await sleep(transport.clock, pauseMs, this.#closing.signal);
      this.#retries++;
    }
  }

  async #encode({ items, records }: Batch<Item>): Promise<OtlpBody | undefined> {
    try {
      const message = this.#options.encode(items);
      return await createBody(message, this.#options.transport.gzipFromBytes);
    } catch (error) {
      // Trying again would fail the same way, and the batches behind it would wait for nothing.
      this.#dropped.notEncodable += records;
      const { log, signal } = this.#options;
      const text = describeError(error);
      log.error("Cannot encode records", { signal, records, error: text });
      return undefined;
    }
  }

  #settle(outcome: Exclude<OtlpOutcome, { kind: "retry" }>, count: number): void {
    const { log, signal } = this.#options;
    if (outcome.kind === "rejected") {
      this.#dropped.rejected += count;
      this.#onFailure(outcome.text);
      return;
    }
    this.#onSuccess();
    if (outcome.kind === "sent-unclear") {
      this.#malformedResponses++;
      this.#sent += count;
      log.debug("Cannot read the receiver's answer", { signal, error: outcome.text });
      return;
    }
    const rejected = Math.min(Math.max(outcome.partial.rejected, 0), count);
    this.#sent += count - rejected;
    this.#dropped.rejected += rejected;
    if (rejected === 0) return;
    const message = outcome.partial.message.slice(0, 200);
    log.warn("Receiver refused records", { signal, rejected, of: count, message });
  }

  #pauseMs(attempt: number, afterMs: number | undefined): number {
    const { minBackoffMs, maxBackoffMs, maxRetryAfterMs } = this.#options.limits;
    const full = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(attempt, 30));
    const spread = full * (0.5 + this.#options.jitter() / 2);
    return Math.max(spread, Math.min(afterMs ?? 0, maxRetryAfterMs));
  }

  #onFailure(text: string): void {
    if (this.#error === undefined) {
      const { log, signal } = this.#options;
      log.warn("Cannot send records", { signal, error: text });
    }
    this.#error = text;
  }

  #onBroken(records: number): void {
    this.#dropped.brokenOff += records;
    const { log, signal } = this.#options;
    log.warn("Receiver breaks off at a record, which is dropped", { signal, records });
  }

  #onSuccess(): void {
    if (this.#error === undefined) return;
    this.#error = undefined;
    const { log, signal } = this.#options;
    log.info("Sending records again", { signal, dropped: { ...this.#dropped } });
  }
}

function recordsOf({ records = 1 }: Pick<QueuedItem<object>, "records">): number {
  return records;
}

function unkeptRecordsOf(record: Pick<QueuedItem<object>, "records" | "isKept">): number {
  return record.isKept === true ? 0 : recordsOf(record);
}
