/**
 * What the processes of `clrk dev` say, kept in a file: a full screen has room for the last few lines only.
 * Invariant: whoever writes never waits for the disk; a file has 2 MiB at most, and four are kept.
 */
import { join } from "node:path";
import type { HomeDirectory } from "../../gateway/home-directory.ts";
import { lineFileKey, readLineFileName } from "../../gateway/line-file-name.ts";
import { RecordFile } from "../../gateway/record-file.ts";

/** Who said a line. */
export type LoggingProcess = "control" | "gateway";

/** One line as it was said. */
export interface LoggedLine {
  /** When it arrived, RFC 3339 */
  readonly time: string;
  readonly process: LoggingProcess;
  /** JSON of our own processes, or any text */
  readonly line: string;
}

/** Where lines go. */
export interface SessionLog {
  /** Never throws, never waits; what the disk cannot take is left out. */
  write(process: LoggingProcess, line: string): void;
  /** Writes what is left, within a second. Never rejects. */
  close(): Promise<void>;
}

const baseName = "dev";
const bounds = { maxFileBytes: 2 * 1024 * 1024, maxFiles: 4, maxBufferedBytes: 1024 * 1024 };
const closeTimeoutMs = 1_000;

/** A stack trace of Node may be long; beyond that it says nothing new. */
const longestLine = 16_384;

/** Folder of the files; it need not be there. */
export function sessionLogDirectory(home: HomeDirectory): string {
  return join(home.root, "logs");
}

/** Order of a file of the folder: the one that is written comes last; undefined for others. */
export function sessionLogKey(name: string): string | undefined {
  const found = readLineFileName(name);
  return found?.series === baseName ? lineFileKey(name, found) : undefined;
}

/** Opens the log of a session; the file is made with the first line, for its owner alone. */
export function openSessionLog(home: HomeDirectory, now: () => number): SessionLog {
  const directory = sessionLogDirectory(home);
  const file = new RecordFile({ directory, name: baseName, ...bounds, closeTimeoutMs });
  return {
    write: (process, line) => {
      const time = new Date(now()).toISOString();
      const said: LoggedLine = { time, process, line: line.slice(0, longestLine) };
      file.addLine(JSON.stringify(said));
    },
    close: () => file.close(),
  };
}

/** The line of a file; undefined for text that is none. */
export function tryParseLoggedLine(text: string): LoggedLine | undefined {
  try {
    const said: Partial<LoggedLine> = Object(JSON.parse(text));
    const { time, process, line } = said;
    if (typeof time !== "string" || typeof line !== "string") return undefined;
    return process === "control" || process === "gateway" ? { time, process, line } : undefined;
  } catch {
    return undefined; // half a line of a session that was killed
  }
}
