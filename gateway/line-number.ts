/**
 * Numbers of the lines in a series of files that are rotated: counted on over restarts of who writes them, so that whoever
 * reads them can tell how many went before they were read.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import path from "node:path";
import { readLineFileName } from "./line-file-name.ts";

/** What a line that has a number has it in. */
export const LINE_NUMBER = "number";

/** Enough for a line and half a one after it. */
const tailBytes = 192 * 1024;

/** Number of a line; undefined for one that has none. */
export function lineNumber(line: string): number | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const number: unknown =
      typeof value === "object" && value !== null && Reflect.get(value, LINE_NUMBER);
    return typeof number === "number" && Number.isSafeInteger(number) && number > 0
      ? number
      : undefined;
  } catch {
    // Half a line, of a process that was killed.
    return undefined;
  }
}

/**
 * Number of the last line of a series; 0 where none is found, or the files cannot be read: whoever counts from there
 * begins a series anew. It waits for the disk.
 */
export function lastLineNumber(directory: string, series: string): number {
  try {
    const names = readdirSync(directory).filter(
      (name) => readLineFileName(name)?.series === series,
    );
    // Times sort as text, and the file without one is the newest.
    for (const name of names.toSorted().toReversed()) {
      const lines = readTail(path.join(directory, name)).split("\n").reverse();
      for (const line of lines) {
        const number = lineNumber(line);
        if (number !== undefined) return number;
      }
    }
    return 0;
  } catch {
    // There is none yet; or whoever writes will tell why it cannot.
    return 0;
  }
}

function readTail(file: string): string {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const bytes = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8", 0, bytes);
  } finally {
    closeSync(descriptor);
  }
}
