/**
 * Delivery of one signal's batches by way of the disk: straight to the receiver while it answers in time, else into the
 * spool, from which they go in their order. At least once: a batch leaves the disk after the receiver has answered.
 */
import { sleep } from "./clock.ts";
import { OtlpSpool } from "./otlp-spool.ts";
import type { OtlpSpoolOptions, SpooledBatch } from "./otlp-spool.ts";
import type { OtlpBody, OtlpOutcome, OtlpTransport } from "./otlp-request.ts";
import { sendOnce } from "./otlp-request.ts";
import type { HalfBatch } from "./otlp-split.ts";

/** What the delivery tells its owner of. */
export interface DeliveryListener {
  /** The receiver took the batch, or never will */
  settled(outcome: Exclude<OtlpOutcome, { kind: "retry" }>, records: number): void;
  /** An attempt failed */
  failed(text: string): void;
  /** An attempt follows one that failed */
  retried(): void;
  /** The receiver broke off at the record whenever it was sent, and answered to what else it was sent */
  broken(records: number): void;
  /** Records are gone: older ones for newer ones, or because the disk gives nothing */
  lost(records: number): void;
}

/** What a delivery is made of. */
export interface SpooledDeliveryOptions {
  readonly spool: OtlpSpoolOptions;
  /** Whoever had the folder before in this process gives it up then */
  readonly after?: Promise<void>;
  readonly transport: OtlpTransport;
  /** Pause in `ms` after the attempt of that number, counted from 0, that failed */
  readonly pauseMs: (attempt: number, afterMs: number | undefined) => number;
  /** Both halves of a batch; undefined where it has only one record, or cannot be read */
  readonly split: (body: OtlpBody) => Promise<readonly [HalfBatch, HalfBatch] | undefined>;
  /** Time in `ms` over which a receiver must have broken off at a batch before that is split */
  readonly breakMs: number;
  /** Stops pauses and further attempts */
  readonly closing: AbortSignal;
  /** Ends the attempt that is under way */
  readonly abort: AbortSignal;
  readonly listener: DeliveryListener;
}

/** What is on disk now. */
export interface SpoolStatus {
  readonly records: number;
  readonly bytes: number;
}

/** A receiver that has not answered for so long is slow: what it is to get is put on disk meanwhile. */
const slowMs = 1_000;

/** So often a receiver must have broken off at a batch in a row, and at a half of one, before that is taken for the reason. */
const mostBreaks = 4;
const mostBreaksOfPart = 2;

/**
 * So many records may be dropped in a row; from then on each waits for this time after the one before, in `ms`, until the
 * receiver has taken a record again: one that answers to empty messages may still be unable to take any.
 */
const mostDropsInRow = 3;
const laterDropMs = 10 * 60_000;

/** A message without a record, which a receiver that is there answers to. */
const emptyBody: OtlpBody = { bytes: new Uint8Array(), isCompressed: false };

/** How often, and since when, the receiver broke off at the oldest batch. */
interface Breaks {
  readonly batch: SpooledBatch;
  readonly count: number;
  readonly sinceNs: bigint;
}

interface Attempt {
  readonly batch: SpooledBatch;
  readonly outcome: Promise<OtlpOutcome>;
}

/** One signal's way to one receiver. */
export class SpooledDelivery {
  readonly #options: SpooledDeliveryOptions;
  readonly #spool: OtlpSpool;
  /** Whether there is a spool: false once its folder turned out to be of no use */
  readonly ready: Promise<boolean>;
  #draining: Promise<void> | undefined;
  #breaks: Breaks | undefined;
  /** Records that were dropped since the receiver took one, and when the last of them was */
  #drops = { count: 0, lastNs: 0n };

  /** Begins to send what is on disk from before. */
  constructor(options: SpooledDeliveryOptions) {
    this.#options = options;
    this.#spool = new OtlpSpool(options.spool);
    this.ready = (options.after ?? Promise.resolve()).then(() => this.#open());
  }

  /** Numbers of now; a new object each time */
  get status(): SpoolStatus {
    return { records: this.#spool.records, bytes: this.#spool.bytes };
  }

  /**
   * Resolves with true when the receiver has answered or the batch is on disk, with false when it is neither and may be
   * tried again; never rejects. `isPressed`: it goes to disk at once. Only when `ready`.
   */
  async deliver(
    body: OtlpBody,
    { records, isPressed }: { readonly records: number; readonly isPressed: boolean },
  ): Promise<boolean> {
    if (isPressed || this.#draining !== undefined || this.#spool.oldest !== undefined) {
      const kept = await this.#keep(body, records);
      this.#drain();
      return kept !== undefined;
    }
    const outcome = this.#send(body);
    const first = await this.#soon(outcome);
    if (first === undefined || first.kind === "retry") {
      const batch = await this.#keep(body, records);
      if (batch !== undefined) {
        this.#drain({ batch, outcome });
        return true;
      }
    }
    const last = await outcome;
    if (last.kind === "retry") return false;
    this.#drops.count = 0;
    this.#options.listener.settled(last, records);
    return true;
  }

  /** Resolves when nothing is under way any more; what is on disk stays there for the next process. */
  async close(): Promise<void> {
    await this.ready;
    await this.#draining;
    this.#spool.close();
  }

  async #open(): Promise<boolean> {
    if (!(await this.#spool.open())) return false;
    this.#drain();
    return true;
  }

  #send(body: OtlpBody): Promise<OtlpOutcome> {
    return sendOnce(this.#options.transport, body, this.#options.abort);
  }

  async #soon(outcome: Promise<OtlpOutcome>): Promise<OtlpOutcome | undefined> {
    const answered = new AbortController();
    const signal = AbortSignal.any([answered.signal, this.#options.abort]);
    const late = sleep(this.#options.transport.clock, slowMs, signal).then(() => undefined);
    const first = await Promise.race([outcome, late]);
    answered.abort();
    return first;
  }

  async #keep(body: OtlpBody, records: number): Promise<SpooledBatch | undefined> {
    const { batch, evictedRecords } = await this.#spool.add(body, records);
    if (evictedRecords > 0) this.#options.listener.lost(evictedRecords);
    return batch;
  }

  #drain(begun?: Attempt): void {
    this.#draining ??= this.#sendAll(begun).finally(() => {
      this.#draining = undefined;
      // One may have come after the last look.
      if (this.#spool.oldest !== undefined && !this.#options.closing.aborted) this.#drain();
    });
  }

  async #sendAll(begun: Attempt | undefined): Promise<void> {
    const { listener, closing, transport, pauseMs } = this.#options;
    let running = begun;
    let failures = 0;
    for (let batch = begun?.batch ?? this.#next(); batch !== undefined; batch = this.#next()) {
      const outcome = await (running?.outcome ?? this.#sendAgain(batch));
      running = undefined;
      if (outcome === undefined) {
        if (await this.#spool.remove(batch)) listener.lost(batch.records);
        continue;
      }
      if (outcome.kind === "retry") {
        listener.failed(outcome.text);
        if (outcome.isBroken === true && (await this.#breakUp(batch))) {
          failures = 0;
          continue;
        }
        await sleep(transport.clock, pauseMs(failures, outcome.afterMs), closing);
        failures++;
        if (!closing.aborted) listener.retried();
        continue;
      }
      failures = 0;
      this.#drops.count = 0;
      // One that went to make room was counted as lost, though the receiver has it.
      if (await this.#spool.remove(batch)) listener.settled(outcome, batch.records);
    }
  }

  /**
   * Takes a batch apart at which the receiver always breaks off, down to the record that is the reason, which is dropped:
   * all that comes behind it would wait for ever. False where it is to be tried again as it is: a receiver that breaks
   * off at an empty message too is away, or what stands before it is.
   */
  async #breakUp(batch: SpooledBatch): Promise<boolean> {
    const { listener, transport, split, breakMs } = this.#options;
    const nowNs = transport.clock.monotonicNs();
    const before = this.#breaks?.batch === batch ? this.#breaks : undefined;
    const { count, sinceNs } = {
      count: (before?.count ?? 0) + 1,
      sinceNs: before?.sinceNs ?? nowNs,
    };
    this.#breaks = { batch, count, sinceNs };
    if (count < (batch.isPart ? mostBreaksOfPart : mostBreaks)) return false;
    if (!batch.isPart && msSince(sinceNs, nowNs) < breakMs) return false;
    this.#breaks = undefined;
    if ((await this.#send(emptyBody)).kind === "retry") return false;
    const body = await this.#spool.read(batch);
    const halves = body && (await split(body));
    if (halves !== undefined) return this.#spool.replace(batch, halves);
    if (this.#drops.count >= mostDropsInRow && msSince(this.#drops.lastNs, nowNs) < laterDropMs) {
      return false;
    }
    this.#drops = { count: this.#drops.count + 1, lastNs: nowNs };
    if (await this.#spool.remove(batch)) listener.broken(batch.records);
    return true;
  }

  #next(): SpooledBatch | undefined {
    return this.#options.closing.aborted ? undefined : this.#spool.oldest;
  }

  async #sendAgain(batch: SpooledBatch): Promise<OtlpOutcome | undefined> {
    const body = await this.#spool.read(batch);
    return body && this.#send(body);
  }
}

function msSince(sinceNs: bigint, nowNs: bigint): number {
  return Number(nowNs - sinceNs) / 1e6;
}
