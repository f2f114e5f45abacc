/** `clrk dev logs`: what the processes of `clrk dev` said, also of sessions that are over. */
import { setTimeout as wait } from "node:timers/promises";
import { describeError, errorCodeOf } from "../../../gateway/errors.ts";
import { listLineFiles, readLines } from "../../line-files.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { formatLogLine } from "../log-line.ts";
import { sessionLogDirectory, sessionLogKey, tryParseLoggedLine } from "../session-log.ts";
import type { LoggedLine, LoggingProcess } from "../session-log.ts";
import { formatLocalTime } from "../telemetry/log-lines.ts";
import { toJsonLine } from "../whole-objects.ts";

/** Options as the user gave them. */
export interface DevLogsFlags {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly component?: LoggingProcess;
  readonly output?: "json";
}

const defaultTail = 100;

/** Time between two looks with `-f`. */
const lookMs = 200;

const readBounds = { maxBytes: 256 * 1024, maxLineBytes: 1024 * 1024 };

/** Prints the newest lines, the oldest first; with `follow` goes on until it is interrupted. */
export async function devLogs(this: CliContext, flags: DevLogsFlags): Promise<void> {
  const { follow = false, tail = defaultTail } = flags;
  const { stdout, stderr } = this.process;
  const reader = new LogReader(sessionLogDirectory(this.home), flags.component);
  const print = (lines: readonly LoggedLine[]) => {
    for (const line of lines) stdout.write(formatLine(line, this, flags));
  };
  const lines = (await reader.read()).slice(-tail);
  print(lines);
  if (!follow) {
    if (lines.length === 0) stderr.write("Nothing was said: no warnings, no errors\n");
    return;
  }
  const controller = new AbortController();
  const { signal } = controller;
  const release = this.onInterrupt(() => controller.abort());
  while (!signal.aborted) {
    await wait(lookMs, undefined, { signal }).catch(() => {}); // ended
    print(await reader.read());
  }
  release();
}

function formatLine(
  { time, process, line }: LoggedLine,
  context: CliContext,
  { output }: DevLogsFlags,
): string {
  if (output === "json") return toJsonLine({ time, process, ...partsOf(line) });
  const { palette } = context.process.stdout;
  const at = palette.dim(formatLocalTime(BigInt(Date.parse(time) || 0) * 1_000_000n));
  return `${at}  ${palette.dim(process.padEnd("gateway".length))}  ${formatLogLine(line, palette)}\n`;
}

/** What a line of our own processes says; other text is the message. */
function partsOf(line: string): object {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === "object" && entry !== null && "message" in entry) {
      const { time: _, process: __, ...parts } = Object.assign({ time: "", process: "" }, entry);
      return parts;
    }
  } catch {
    // a stack trace of Node, or a line of a library
  }
  return { level: "error", message: line };
}

/** Gives each line of the files once, over their rotations. */
class LogReader {
  readonly #directory: string;
  readonly #component: LoggingProcess | undefined;
  #ends = new Map<string, number>();

  constructor(directory: string, component: LoggingProcess | undefined) {
    this.#directory = directory;
    this.#component = component;
  }

  /** Lines that were not given yet. Throws a `CliError` where the folder cannot be read. */
  async read(): Promise<LoggedLine[]> {
    try {
      return await this.#readFiles();
    } catch (error) {
      if (errorCodeOf(error) === undefined) throw error;
      const place = escapeControls(this.#directory);
      throw new CliError(
        `Cannot read what was said, in "${place}": ${describeError(error)}\nSee whose it is: who started clrk dev may read it`,
        { cause: error },
      );
    }
  }

  async #readFiles(): Promise<LoggedLine[]> {
    const files = await listLineFiles(this.#directory, sessionLogKey);
    const ends = new Map<string, number>();
    const found: LoggedLine[] = [];
    for (const file of files) {
      let end = this.#ends.get(file.identity) ?? 0;
      for (;;) {
        const chunk = await readLines(file, end, readBounds);
        for (const text of chunk?.lines ?? []) found.push(...this.#take(text));
        end = chunk?.end ?? end;
        if (chunk?.isFull !== true) break;
      }
      ends.set(file.identity, end);
    }
    this.#ends = ends;
    return found;
  }

  #take(text: string): LoggedLine[] {
    const line = tryParseLoggedLine(text);
    if (line === undefined) return [];
    return this.#component === undefined || line.process === this.#component ? [line] : [];
  }
}
