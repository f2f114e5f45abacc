/**
 * Takes events from the log into the store: at least once, and then for good. A batch is answered when the store has it
 * on the disk; what comes again because of a crash between the two changes nothing.
 */

import type { Clock } from "../../gateway/clock.ts";
import { sleep } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import type { Delivery, EventLog, LogConsumer } from "./event-log.ts";
import type { InvocationStore } from "./invocation-store.ts";

/** What a materialiser is given; it closes neither the log nor the store. */
export interface MaterialiserOptions {
  readonly log: EventLog;
  readonly store: InvocationStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Numbers since the start. */
export interface MaterialiserStatus {
  /** Events that were taken and answered, those that told nothing new included */
  readonly taken: number;
  readonly retries: number;
  /** What does not work now, a sentence; empty when all does */
  readonly failure: string;
}

/** Name of the consumer, which the log remembers. */
export const materialiserConsumer = "clrk-invocations";

const batchEvents = 256;
const waitMs = 1_000;
const firstPauseMs = 250;
const longestPauseMs = 5_000;

/** Works from `start()` to `close()`. */
export class Materialiser {
  readonly #options: MaterialiserOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #consumer: LogConsumer | undefined;
  #taken = 0;
  #retries = 0;
  #failure = "";

  constructor(options: MaterialiserOptions) {
    this.#options = options;
  }

  /** Numbers of now; a new object each time */
  get status(): MaterialiserStatus {
    return { taken: this.#taken, retries: this.#retries, failure: this.#failure };
  }

  /** Begins, once; it goes on through every failure, with pauses up to 5 s. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the batch that is under way has been answered. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const batch = await this.#insist("fetch events", () => this.#fetch());
      if (batch === undefined || batch.length === 0) continue;
      // Tried until it works: what comes later must not be in the store before it.
      const isStored = await this.#insist("store invocations", async () => {
        this.#options.store.apply(batch);
        return true;
      });
      if (isStored !== true) return;
      await this.#answer(batch);
    }
  }

  async #fetch(): Promise<readonly Delivery[]> {
    this.#consumer ??= await this.#options.log.consumer(materialiserConsumer);
    return await this.#consumer.fetch({ limit: batchEvents, waitMs, signal: this.#stop.signal });
  }

  async #answer(batch: readonly Delivery[]): Promise<void> {
    try {
      await Promise.all(batch.map((delivery) => delivery.ack()));
      this.#taken += batch.length;
    } catch (error) {
      // It is in the store, and comes again.
      this.#noteFailure("acknowledge events", error);
    }
  }

  /** Tries until it works; undefined when the materialiser is closed meanwhile. */
  async #insist<Result>(what: string, work: () => Promise<Result>): Promise<Result | undefined> {
    const { signal } = this.#stop;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        const result = await work();
        this.#noteSuccess();
        return result;
      } catch (error) {
        if (signal.aborted) return undefined;
        this.#noteFailure(what, error);
      }
      await sleep(this.#options.clock, pauseMs, signal);
      if (signal.aborted) return undefined;
      this.#retries++;
    }
  }

  #noteFailure(what: string, error: unknown): void {
    const text = `Cannot ${what}: ${describeError(error)}`;
    if (this.#failure === "") {
      this.#options.logger.warn("Invocations are not up to date", { error: text });
    }
    this.#failure = text;
  }

  #noteSuccess(): void {
    if (this.#failure === "") return;
    this.#failure = "";
    this.#options.logger.info("Invocations are up to date again");
  }
}
