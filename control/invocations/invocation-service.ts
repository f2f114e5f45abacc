/**
 * Invocations as a part of a process that has more to do: opened behind its back, and tried again where that fails.
 * Whoever asks meanwhile is told why there are none.
 */
import { sleep } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import { openInvocations } from "./open-invocations.ts";
import type { Invocations, InvocationsOptions, InvocationsStatus } from "./open-invocations.ts";

/** What there is to be had now. */
export type InvocationsNow =
  | { readonly kind: "open"; readonly invocations: Invocations }
  /** A sentence for whoever asked, without what only the owner of the machine should see */
  | { readonly kind: "unavailable"; readonly message: string };

/** State for people. */
export type InvocationServiceStatus =
  | ({ readonly state: "open" } & InvocationsStatus)
  /** `failure` is empty while it was not tried yet */
  | { readonly state: "opening" | "closed"; readonly failure: string };

const firstPauseMs = 500;
const longestPauseMs = 10_000;

const messages = {
  opening: "Invocations are being opened: try again in a moment",
  failed:
    "Invocations cannot be opened: the log of the control process says why, and it tries again",
  closed: "Invocations are closed: the control process ends",
};

/** Opens from `start()` on, until `close()`. */
export class InvocationService {
  readonly #options: InvocationsOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #invocations: Invocations | undefined;
  #failure = "";
  readonly #waiting = new Set<(invocations: Invocations) => void>();

  constructor(options: InvocationsOptions) {
    this.#options = options;
  }

  /** What can be asked now; never kept by the caller, since it ends with `close()` */
  get now(): InvocationsNow {
    if (this.#stop.signal.aborted) return { kind: "unavailable", message: messages.closed };
    if (this.#invocations !== undefined) return { kind: "open", invocations: this.#invocations };
    const message = this.#failure === "" ? messages.opening : messages.failed;
    return { kind: "unavailable", message };
  }

  /** State of now; a new object each time */
  get status(): InvocationServiceStatus {
    const failure = this.#failure;
    if (this.#stop.signal.aborted) return { state: "closed", failure };
    if (this.#invocations === undefined) return { state: "opening", failure };
    return { state: "open", ...this.#invocations.status() };
  }

  /** Begins, once. */
  start(): void {
    this.#running ??= this.#open();
  }

  /** Calls back once they are open, at once where they are. Gives what takes that back. */
  onOpen(callback: (invocations: Invocations) => void): () => void {
    if (this.#invocations !== undefined) callback(this.#invocations);
    else this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  /** Ends everything; what is logged and not yet in the store is taken by the next process. Safe to call again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    const invocations = this.#invocations;
    this.#invocations = undefined;
    await invocations?.close();
  }

  async #open(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    let pauseMs = firstPauseMs;
    while (!signal.aborted && this.#invocations === undefined) {
      try {
        this.#invocations = await openInvocations(this.#options);
        for (const callback of this.#waiting) callback(this.#invocations);
        this.#waiting.clear();
      } catch (error) {
        this.#noteFailure(describeError(error));
        await sleep(clock, pauseMs, signal);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  }

  #noteFailure(failure: string): void {
    if (failure !== this.#failure) {
      this.#options.logger.warn("Invocations cannot be opened", { error: failure });
    }
    this.#failure = failure;
  }
}
