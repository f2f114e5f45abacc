/** Names of files of lines that are rotated: `NAME.jsonl` is written, `NAME-TIME.jsonl` was, and times sort as text. */

/** What the name of a file of lines says. */
export interface LineFileName {
  /** Of the series of files */
  readonly series: string;
  /** When it was rotated, such as `20261124T000600000Z`; undefined for the one that is written */
  readonly rotatedAt: string | undefined;
}

const form = /^(.+?)(?:-(\d{8}T\d{9}Z))?\.jsonl$/;

/** Reads a name; undefined for a file that is none of lines. */
export function readLineFileName(fileName: string): LineFileName | undefined {
  const [, series, rotatedAt] = form.exec(fileName) ?? [];
  return series === undefined ? undefined : { series, rotatedAt };
}

/** The same for a file of the series `name`, or of one of several processes that write it; undefined for all others. */
export function readSeriesFileName(name: string, fileName: string): LineFileName | undefined {
  const found = readLineFileName(fileName);
  return found && isSeriesOf(name, found.series) ? found : undefined;
}

/** The name that a file of the series has from its rotation at `atMs` (Unix) on. */
export function rotatedFileName(series: string, atMs: number): string {
  return `${series}-${new Date(atMs).toISOString().replace(/[-:.]/g, "")}.jsonl`;
}

/** Order of a file among those of its series and of others: rotated ones by their time, those that are written last. */
export function lineFileKey(fileName: string, { rotatedAt }: LineFileName): string {
  return `${rotatedAt ?? "~"} ${fileName}`;
}

/** Whether a series is `name`, or `name-<pid>` of one of several processes. */
export function isSeriesOf(name: string, series: string): boolean {
  if (series === name) return true;
  return series.startsWith(`${name}-`) && /^\d{1,10}$/.test(series.slice(name.length + 1));
}
