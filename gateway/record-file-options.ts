/**
 * What a record file is told: where to write, within which bounds, and through which clock and file system.
 */
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import type { Logger } from "./log.ts";
import { nodeFileSystem } from "./record-file-system.ts";
import type { RecordFileSystem } from "./record-file-system.ts";

/** Where records go and within which bounds. */
export interface RecordFileOptions {
  /** Made with mode 0700 when it does not exist; belongs to one gateway process */
  readonly directory: string;
  /** Base name: `<name>.jsonl`, rotated to `<name>-<time>.jsonl`; default `records` */
  readonly name?: string;
  /** Size from which a file is rotated; default 64 MiB */
  readonly maxFileBytes?: number;
  /** Age from which a file is rotated, looked at when a record is written; default 24 h */
  readonly maxFileAgeMs?: number;
  /** Most files, the current one included; default 8 */
  readonly maxFiles?: number;
  /** Longest time that a line waits in memory while the disk works; default 100 ms */
  readonly flushIntervalMs?: number;
  /** Most bytes of lines in memory; default 8 MiB */
  readonly maxBufferedBytes?: number;
  /** Pause after a failed write; default 1 s */
  readonly retryMs?: number;
  /** Longest time that `close()` takes; default 2 s */
  readonly closeTimeoutMs?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly fileSystem?: RecordFileSystem;
}

/** The options with every default filled in. Throws a RangeError for a bound that is not positive. */
export function fillRecordFileOptions(options: RecordFileOptions): Required<RecordFileOptions> {
  const filled = {
    name: "records",
    maxFileBytes: 64 * 1024 * 1024,
    maxFileAgeMs: 24 * 60 * 60 * 1000,
    maxFiles: 8,
    flushIntervalMs: 100,
    maxBufferedBytes: 8 * 1024 * 1024,
    retryMs: 1_000,
    closeTimeoutMs: 2_000,
    clock: systemClock,
    log: silentLogger,
    fileSystem: nodeFileSystem,
    ...options,
  };
  for (const key of ["maxFileBytes", "maxFileAgeMs", "maxFiles", "maxBufferedBytes"] as const) {
    if (!(filled[key] > 0)) {
      throw new RangeError(`Cannot create RecordFile: ${key} is ${filled[key]}, want more than 0`);
    }
  }
  return filled;
}
