/** A thread of the engine as the process holds it: started, told, heard, and ended. */

import { Worker } from "node:worker_threads";
import { CaptureReader } from "./capture-memory.ts";
import type { ThreadOrder, ThreadReport, ThreadStart } from "./thread-messages.ts";

/** What a worker is given. */
export interface EngineWorkerOptions {
  readonly start: ThreadStart;
  readonly onReport: (report: ThreadReport) => void;
  /** The thread is gone; told once, whatever ended it */
  readonly onExit: (cause: unknown) => void;
}

/** Memory of one thread's objects in MiB; a thread that passes it ends alone. */
const maxHeapMb = 1_024;

/**
 * Of it, in MiB, what young objects may take: with less, more of the bodies that pass are still there at each collection, and
 * are moved. 16 cost the process a tenth more for a call of 2 KB, and a fifth more for one that is captured; 48 keep 6 MiB
 * more once the thread has started.
 */
const maxYoungMb = 32;

/** One thread. */
export class EngineWorker {
  readonly #worker: Worker;
  readonly #onReport: (report: ThreadReport) => void;
  #ready: (() => void) | undefined;
  #cause: unknown;
  /** Resolves when it takes orders; it never does when the thread ended before. */
  readonly whenReady: Promise<void>;
  /** Memory that the thread puts captures into */
  readonly captures = new CaptureReader();

  constructor({ start, onReport, onExit }: EngineWorkerOptions) {
    this.#onReport = onReport;
    this.whenReady = new Promise((resolve) => {
      this.#ready = resolve;
    });
    // Source files in development, emitted ones in the published package.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#worker = new Worker(new URL(`./engine-thread.${extension}`, import.meta.url), {
      name: "engine",
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: maxYoungMb },
    });
    this.#worker.on("message", (report: ThreadReport) => this.#hear(report));
    this.#worker.on("error", (error) => {
      this.#cause = error;
    });
    this.#worker.on("exit", (code) => onExit(this.#cause ?? new Error(`Exit code ${code}`)));
  }

  /** Tells the thread something. */
  tell(order: ThreadOrder): void {
    this.#worker.postMessage(order);
  }

  /** Time in `s` in which its loop did something, and in which it waited. Costs the thread nothing. */
  get loop(): { readonly busySeconds: number; readonly idleSeconds: number } {
    const { active, idle } = this.#worker.performance.eventLoopUtilization();
    return { busySeconds: active / 1_000, idleSeconds: idle / 1_000 };
  }

  /** Ends the thread in the middle of what it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #hear(report: ThreadReport): void {
    if (report.kind === "ready") this.#ready?.();
    this.#onReport(report);
  }
}
