/**
 * Facts on their way from a thread to the process: sent in batches, because a message costs more than what is in it,
 * and bounded, because a process that is behind must not fill the memory of both.
 */

import type { CallFacts, ModelCall } from "../gateway/call-facts.ts";
import { CapturedJson } from "../gateway/captured-json.ts";
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import type { ThreadCounters } from "./thread-counters.ts";

/** Facts wait this long for company; the access log that they are joined with is later anyway. */
const flushMs = 20;

/** Sent at once when so many wait. */
const batchSize = 128;

/** Sent and not taken; beyond it, facts are dropped and counted. */
const maxBehindBytes = 64 * 1024 * 1024;

/** What plain facts take, about; texts that agents and upstreams make long come on top. */
const plainBytes = 512;

/** Makes a batch of facts as they come. */
export interface FactsGatherer<Batch> {
  add(facts: CallFacts): void;
  /** All that were added since it was last asked */
  take(): Batch;
}

/** What an outbox is given. */
export interface FactsOutboxOptions<Batch> {
  readonly clock: Clock;
  readonly counters: ThreadCounters;
  readonly gatherer: FactsGatherer<Batch>;
  readonly send: (batch: Batch, bytes: number) => void;
}

/** Takes facts of one thread. */
export class FactsOutbox<Batch> {
  readonly #options: FactsOutboxOptions<Batch>;
  #batchSize = 0;
  #batchBytes = 0;
  #sentBytes: number;
  #timer: TimerHandle | undefined;

  constructor(options: FactsOutboxOptions<Batch>) {
    this.#options = options;
    this.#sentBytes = options.counters.get("takenFactBytes");
  }

  /** Takes the facts of one transaction. */
  add(facts: CallFacts): void {
    const { counters, clock, gatherer } = this.#options;
    const bytes = sizeOf(facts);
    const behind = this.#sentBytes + this.#batchBytes - counters.get("takenFactBytes");
    if (behind + bytes > maxBehindBytes) {
      counters.add("droppedFacts", 1);
      return;
    }
    gatherer.add(facts);
    this.#batchSize++;
    this.#batchBytes += bytes;
    if (this.#batchSize >= batchSize) this.flush();
    else this.#timer ??= clock.setTimeout(() => this.flush(), flushMs);
  }

  /** Sends what waits. */
  flush(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batchSize === 0) return;
    const bytes = this.#batchBytes;
    this.#batchSize = 0;
    this.#batchBytes = 0;
    this.#sentBytes += bytes;
    this.#options.send(this.#options.gatherer.take(), bytes);
  }
}

function sizeOf({ target, model, capture }: CallFacts): number {
  let bytes = plainBytes;
  if (target !== null) bytes += target.path.length + target.query.length;
  if (model !== null) bytes += sizeOfModel(model);
  return capture === null ? bytes : bytes + CapturedJson.of(capture).length;
}

function sizeOfModel({ requestModel, responseModel, responseId, finishReasons }: ModelCall) {
  let bytes = 0;
  bytes += (requestModel?.length ?? 0) + (responseModel?.length ?? 0) + (responseId?.length ?? 0);
  for (const reason of finishReasons) bytes += reason.length;
  return bytes;
}
