/**
 * Joins what Envoy logged of a transaction with what the engine found out about it. Either may come first, late or
 * never: both wait within bounds of time and memory, a line becomes a record in any case, and whatever had to be done
 * without is counted. Records leave in no particular order.
 */

import type { PriceEntry } from "../providers/prices.ts";
import type { EngineLine } from "./access-log/engine-line.ts";
import type { Attempt, CallFacts } from "./call-facts.ts";
import { CapturedJson } from "./captured-json.ts";
import type { Clock, TimerHandle } from "./clock.ts";
import { monotonicMs } from "./clock.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import { allPrices } from "./record-cost.ts";
import type { LineText } from "./record-lines.ts";
import type { EgressRecord } from "./record.ts";

/** How long and how much may wait. */
export interface RecordJoinLimits {
  /** A line without facts becomes a record after this; default 1,500 `ms`, where facts take some 20 */
  readonly lineWaitMs: number;
  /** Lines that wait; of more the oldest becomes a record; default 16,384 */
  readonly maxLines: number;
  /** Facts without a line are forgotten after this; default 10 s, where Envoy writes its log every 100 ms */
  readonly factsWaitMs: number;
  /** Facts that wait; of more the oldest go; default 65,536 */
  readonly maxFacts: number;
  /** Bytes that they take, captured bodies included; default 64 MiB */
  readonly maxFactsBytes: number;
}

/** What a join needs. */
export interface RecordJoinOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes a record, and its JSON on one line where that was cheaper to make together */
  readonly onRecord: (record: EgressRecord, json: LineText | undefined) => void;
  readonly limits?: Partial<RecordJoinLimits>;
  /** All prices of the process, by which calls get their cost; absent: those that are shipped */
  readonly prices?: readonly PriceEntry[];
  /** A call was charged an estimate by its engine, but no provider ever had its request: id of its transaction */
  readonly onUnsent?: (id: string) => void;
  /** Gives up the attempts of a transaction by its span; none where there were no several ways */
  readonly takeAttempts?: (spanId: string) => readonly Attempt[];
}

/** Numbers of now and since the start. */
export interface RecordJoinStats {
  /** Records that were made of a line and its facts */
  readonly joined: number;
  /** Records that were made of a line alone: what the engine knew is missing */
  readonly incomplete: number;
  /** Facts that no line asked for in time, or for which there was no room */
  readonly unclaimed: number;
  readonly waitingLines: number;
  readonly waitingFacts: number;
  readonly waitingFactsBytes: number;
}

interface WaitingLine {
  readonly line: EngineLine;
  readonly untilMs: number;
}

interface WaitingFacts {
  readonly facts: CallFacts;
  readonly bytes: number;
  readonly untilMs: number;
}

const defaultLimits: RecordJoinLimits = {
  lineWaitMs: 1_500,
  maxLines: 16_384,
  factsWaitMs: 10_000,
  maxFacts: 65_536,
  maxFactsBytes: 64 * 1024 * 1024,
};

/** What is due is looked for at this pace and no timer is armed for each: so much later than said something may end. */
const sweepMs = 250;

/** Facts of a model call without captures, in the heap. */
const factsBaseBytes = 1_024;

/** Of one process; `close()` at its end. */
export class RecordJoin {
  readonly #options: RecordJoinOptions;
  readonly #limits: RecordJoinLimits;
  readonly #prices: readonly PriceEntry[];
  // In the order of their coming, which is that of their deadlines.
  readonly #lines = new Map<string, WaitingLine>();
  readonly #facts = new Map<string, WaitingFacts>();
  #factsBytes = 0;
  /** Captures in lent memory that came since the last sweep, and those from before it */
  #lent: CapturedJson[] = [];
  #lentBefore: CapturedJson[] = [];
  #joined = 0;
  #incomplete = 0;
  #unclaimed = 0;
  #timer: TimerHandle | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(options: RecordJoinOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#prices = options.prices ?? allPrices([]);
  }

  /** Numbers of now; a new object each time */
  get stats(): RecordJoinStats {
    return {
      joined: this.#joined,
      incomplete: this.#incomplete,
      unclaimed: this.#unclaimed,
      waitingLines: this.#lines.size,
      waitingFacts: this.#facts.size,
      waitingFactsBytes: this.#factsBytes,
    };
  }

  /** Takes facts in any order; after `close()` they are counted and forgotten. Never throws. */
  addFacts(batch: readonly CallFacts[]): void {
    const untilMs = this.#nowMs() + this.#limits.factsWaitMs;
    for (const facts of batch) {
      const waiting = this.#lines.get(facts.id);
      if (waiting !== undefined) {
        this.#lines.delete(facts.id);
        this.#publish(waiting.line, facts);
      } else if (this.#isClosed) {
        this.#unclaimed++;
        release(facts);
      } else this.#keepFacts(facts, untilMs);
    }
  }

  /** Takes a line: it becomes a record now, or when its facts come, at the latest when it has waited long enough. */
  addLine(line: EngineLine): void {
    const known = this.#facts.get(line.id);
    if (known !== undefined) {
      this.#removeFacts(line.id, known);
      this.#publish(line, known.facts);
      return;
    }
    if (this.#isClosed) {
      this.#publish(line, undefined);
      return;
    }
    this.#keepLine(line);
  }

  /** Makes records of the lines that still wait, and forgets the facts. Safe to call again. */
  close(): void {
    this.#isClosed = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#endLines(Number.POSITIVE_INFINITY);
    this.#endFacts(Number.POSITIVE_INFINITY);
  }

  #keepLine(line: EngineLine): void {
    const twin = this.#lines.get(line.id);
    if (twin !== undefined) this.#endLine(twin.line);
    this.#lines.set(line.id, { line, untilMs: this.#nowMs() + this.#limits.lineWaitMs });
    if (this.#lines.size > this.#limits.maxLines) {
      for (const [, oldest] of this.#lines) {
        this.#endLine(oldest.line);
        break;
      }
    }
    this.#armTimer();
  }

  #keepFacts(facts: CallFacts, untilMs: number): void {
    const twin = this.#facts.get(facts.id);
    if (twin !== undefined) this.#forgetFacts(facts.id, twin);
    const bytes = bytesOf(facts);
    this.#facts.set(facts.id, { facts, bytes, untilMs });
    this.#factsBytes += bytes;
    const { capture } = facts;
    if (capture instanceof CapturedJson && capture.lent !== undefined) this.#lent.push(capture);
    const { maxFacts, maxFactsBytes } = this.#limits;
    for (const [id, oldest] of this.#facts) {
      if (this.#facts.size <= maxFacts && this.#factsBytes <= maxFactsBytes) break;
      this.#forgetFacts(id, oldest);
    }
    this.#armTimer();
  }

  #armTimer(): void {
    if (this.#timer !== undefined || (this.#lines.size === 0 && this.#facts.size === 0)) return;
    this.#timer = this.#options.clock.setTimeout(() => this.#sweep(), sweepMs);
    this.#timer.unref();
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#nowMs();
    this.#endLines(nowMs);
    this.#endFacts(nowMs);
    // What has waited for a sweep may wait for seconds, and keep a chunk that many others were in.
    for (const capture of this.#lentBefore) capture.keep();
    // Where nothing waits there may be no sweep for long, and all of these are in records.
    this.#lentBefore = this.#facts.size === 0 ? [] : this.#lent;
    this.#lent = [];
    this.#armTimer();
  }

  #endLines(nowMs: number): void {
    for (const [, { line, untilMs }] of this.#lines) {
      if (untilMs > nowMs) return;
      this.#endLine(line);
    }
  }

  #endLine(line: EngineLine): void {
    this.#lines.delete(line.id);
    this.#publish(line, undefined);
  }

  #endFacts(nowMs: number): void {
    for (const [id, facts] of this.#facts) {
      if (facts.untilMs > nowMs) return;
      this.#forgetFacts(id, facts);
    }
  }

  #forgetFacts(id: string, facts: WaitingFacts): void {
    this.#unclaimed++;
    release(facts.facts);
    this.#removeFacts(id, facts);
  }

  #removeFacts(id: string, { bytes }: WaitingFacts): void {
    this.#facts.delete(id);
    this.#factsBytes -= bytes;
  }

  #publish(line: EngineLine, facts: CallFacts | undefined): void {
    if (facts === undefined) this.#incomplete++;
    else this.#joined++;
    try {
      const known = this.#uncharged(line, this.#withAttempts(facts));
      const { record, json } = line.complete(known, this.#prices);
      this.#options.onRecord(record, json);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) {
        this.#options.log.error("Cannot record a transaction", { error: describeError(error) });
      }
      this.#isFailing = true;
    } finally {
      release(facts);
    }
  }

  /** Envoy wrote the lines of attempts before that of the transaction. */
  #withAttempts(facts: CallFacts | undefined): CallFacts | undefined {
    if (facts === undefined || facts.routing === null || facts.trace === null) return facts;
    const attempts = this.#options.takeAttempts?.(facts.trace.spanId) ?? [];
    return attempts.length === 0 ? facts : { ...facts, attempts };
  }

  /** Which attempt of several was sent, the line does not say. */
  #uncharged(line: EngineLine, facts: CallFacts | undefined): CallFacts | undefined {
    const { charge, attempts = [] } = facts ?? {};
    const mayBeSent = !line.isUnsent || attempts.length > 1;
    if (facts === undefined || charge?.isEstimated !== true || mayBeSent) return facts;
    this.#options.onUnsent?.(facts.id);
    const microDollars = charge.microDollars === null ? null : 0;
    return { ...facts, charge: { tokens: 0, microDollars, isEstimated: false } };
  }

  #nowMs(): number {
    return monotonicMs(this.#options.clock);
  }
}

function bytesOf({ capture }: CallFacts): number {
  return factsBaseBytes + (capture === null ? 0 : CapturedJson.of(capture).length);
}

/** Nobody reads the capture after the record was given out, but who has kept it. */
function release(facts: CallFacts | undefined): void {
  if (facts?.capture instanceof CapturedJson) facts.capture.release();
}
