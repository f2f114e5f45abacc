/**
 * The response of a watch: events go out as fast as the watcher takes them, and it ends once, for one reason, whatever
 * comes first.
 */
import type { ServerResponse } from "node:http";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { statusOf } from "./status-error.ts";
import type { StatusError } from "./status-error.ts";

/** Why a watch has ended. */
export type WatchEnd = "closed" | "timeout" | "slow" | "expired";

/** Where a watch is sent to. */
export interface WatchParts {
  readonly clock: Clock;
  readonly response: ServerResponse;
  /** Called once, when the watch has ended for whatever reason */
  readonly onEnd: (reason: WatchEnd) => void;
}

/** Bytes that may wait for a watcher before it must take some. */
const maxWaitingBytes = 1024 ** 2;

/** A watcher that takes nothing for so long is gone or stuck. */
const slowAfterMs = 30_000;

/** See the file. */
export class WatchResponse {
  readonly #parts: WatchParts;
  #isEnded = false;
  #timeout: TimerHandle | undefined;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Whether it has ended */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether so much waits that nothing should be added before `hasRoom()` */
  get isFull(): boolean {
    return this.#parts.response.writableLength > maxWaitingBytes;
  }

  /** Sends the head. The watch ends by itself after `timeoutMs`; `onTimeout` may tell something before. */
  open(timeoutMs: number, onTimeout: () => void): void {
    const { clock, response } = this.#parts;
    this.#timeout = clock.setTimeout(() => {
      onTimeout();
      this.end("timeout");
    }, timeoutMs);
    this.#timeout.unref();
    response.statusCode = 200;
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Cache-Control", "no-cache, private");
    // The request is closed as soon as its body is read; only the response tells that the watcher is gone.
    response.once("close", () => this.end("closed"));
    // Without it Node keeps the head back until the first event, and clients wait for it.
    response.flushHeaders();
  }

  /** Sends an event whose object is JSON text; nothing after the end. */
  write(type: string, text: string): void {
    if (this.#isEnded) return;
    this.#parts.response.write(`{"type":"${type}","object":${text}}\n`);
  }

  /** Waits until the watcher has taken enough; false when the watch has ended instead. */
  async hasRoom(): Promise<boolean> {
    if (this.#isEnded) return false;
    if (!this.isFull) return true;
    const { response, clock } = this.#parts;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(() => {
        this.end("slow");
        finish();
      }, slowAfterMs);
      const finish = () => {
        clock.clearTimeout(timer);
        response.off("drain", finish);
        response.off("close", finish);
        resolve();
      };
      response.once("drain", finish);
      response.once("close", finish);
    });
    return !this.#isEnded;
  }

  /** Tells that the place of the watcher is gone, and ends. */
  expire(error: StatusError): void {
    this.write("ERROR", JSON.stringify(statusOf(error)));
    this.end("expired");
  }

  /** Ends the watch; safe to call again. */
  end(reason: WatchEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { response, clock, onEnd } = this.#parts;
    clock.clearTimeout(this.#timeout);
    if (reason === "slow") response.destroy();
    else response.end();
    onEnd(reason);
  }
}
