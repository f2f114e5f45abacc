/** Whether a disk has room for more: storing stops before it is full, so that merging and whoever else is there can go on. */
import { statfsSync } from "node:fs";

/** Free bytes that are left to others; default of `freeSpaceObstacle()`. */
export const defaultReservedBytes: number = 256 * 1024 * 1024;

/** Why nothing more may be written below a folder; undefined when it may. */
export function freeSpaceObstacle(
  directory: string,
  reservedBytes: number = defaultReservedBytes,
): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    const free = bavail * bsize;
    if (free >= reservedBytes) return undefined;
    return `disk of "${directory}" has ${free} bytes free, want ${reservedBytes}`;
  } catch {
    // a folder that is not there yet, or a file system that does not tell: writing says what is wrong
    return undefined;
  }
}
