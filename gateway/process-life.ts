/** How a process of ours lives and ends: by signals, by the end of its parent, and whatever becomes of its terminal. */
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";

/** What ends with the process. */
export interface ProcessLifeOptions {
  /** Ends everything that is open, once */
  readonly close: () => Promise<unknown>;
  /** Whether the end of standard input, which a parent holds open, ends it */
  readonly exitsWithParent: boolean;
  readonly log: Logger;
  /** `close()` may take so long; default 30 s, where all its parts together have some 15 */
  readonly mostCloseMs?: number;
}

/**
 * Ends the process on SIGTERM and SIGINT, with code 0, or 1 where it could not end cleanly or in time; a hang-up of the
 * terminal and a reader of standard output that is gone end nothing. Returns what ends it by other means.
 */
export function endOnSignals(options: ProcessLifeOptions): () => void {
  const { close, exitsWithParent, log, mostCloseMs = 30_000 } = options;
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    // Whoever asked it to stop must not find it there for ever, whichever part waits for what does not come.
    setTimeout(() => {
      log.error("Cannot stop cleanly: something does not end, and the process ends without it", {
        waitedMs: mostCloseMs,
      });
      process.exit(1);
    }, mostCloseMs);
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error("Cannot stop cleanly", { error: describeError(error) });
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // The terminal that started us may go: whoever is served goes on.
  process.on("SIGHUP", () => log.info("Terminal is gone, serving goes on"));
  process.stdout.on("error", () => {
    // The reader of our one line may be gone: nothing else is written there.
  });
  if (exitsWithParent) process.stdin.resume().on("end", stop).on("error", stop);
  return stop;
}
