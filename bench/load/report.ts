/** The benchmark's table for a terminal or a README: never wider than 80 columns. */
import { formatCount, formatFigure, formatSpread } from "./figures.ts";
import type { BenchResults, CaseResult, Spread } from "./results.ts";

interface Column {
  readonly head: string;
  readonly width: number;
  readonly value: (result: CaseResult) => number | null;
  readonly spread: (result: CaseResult) => Spread | null;
}

const nameWidth = 12;
// What a quiet machine's kernel threads and this process take stays below.
const noticeableWork = 0.1;
const columns: readonly Column[] = [
  {
    head: "CPU µs/req",
    width: 14,
    value: (result) => result.cpuMicrosPerRequest.total,
    spread: (result) => result.spread.total,
  },
  {
    head: "server",
    width: 9,
    value: (result) => result.cpuMicrosPerRequest.server,
    spread: () => null,
  },
  {
    head: "envoy",
    width: 8,
    value: (result) => result.cpuMicrosPerRequest.envoy,
    spread: () => null,
  },
  {
    head: "req/s",
    width: 15,
    value: (result) => result.requestsPerSecond,
    spread: (result) => result.spread.requestsPerSecond,
  },
  {
    head: "p50 ms",
    width: 10,
    value: (result) => (isTimed(result) ? result.p50Ms : null),
    spread: (result) => (isTimed(result) ? result.spread.p50Ms : null),
  },
  {
    head: "p99 ms",
    width: 10,
    value: (result) => (isTimed(result) ? result.p99Ms : null),
    spread: (result) => (isTimed(result) ? result.spread.p99Ms : null),
  },
];

// Nothing takes no time at all: a replay has no latencies.
function isTimed({ p99Ms }: CaseResult): boolean {
  return p99Ms > 0;
}

/** The report as text with a trailing newline; `titles` maps a case to its one-line description. */
export function formatReport(results: BenchResults, titles: ReadonlyMap<string, string>): string {
  const caseNames = [...new Set(results.cases.map((result) => result.case))];
  const tables = caseNames.map((name) => {
    const rows = results.cases.filter((result) => result.case === name);
    return [`${name}: ${titles.get(name) ?? ""}`, ...formatTable(rows)].join("\n");
  });
  return `${[...formatHead(results), ...tables, ...formatNotes(results)].join("\n\n")}\n`;
}

function formatTable(rows: readonly CaseResult[]): string[] {
  const cells = columns.map((column) => column.head.padStart(column.width));
  return [`${"".padEnd(nameWidth)}${cells.join("")}`, ...rows.flatMap(formatRow)];
}

function formatRow(result: CaseResult): string[] {
  const values = columns.map((column) => {
    const value = column.value(result);
    return (value === null ? "-" : formatFigure(value)).padStart(column.width);
  });
  const spreads = columns.map((column) => {
    const spread = column.spread(result);
    return (spread === null ? "" : formatSpread(spread)).padStart(column.width);
  });
  const lines = [
    `${result.contender.padEnd(nameWidth)}${values.join("")}`,
    `${"  min–max".padEnd(nameWidth)}${spreads.join("")}`,
  ];
  const all = result.requests + result.failed;
  const failure = `  FAILED ${formatCount(result.failed)} of ${formatCount(all)}`;
  return result.failed === 0 ? lines : [...lines, clip(`${failure}: ${result.firstFailure ?? ""}`)];
}

function formatHead({ machine, options }: BenchResults): string[] {
  const settings = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return [
    [
      clip(
        `${machine.cpuModel}, ${machine.cpus} CPUs, ${machine.memoryGib} GiB, ${machine.kernel}`,
      ),
      ...wrap(settings.join(" · ")),
      "Median over rounds, below it min–max; CPU is user + system time of all threads.",
    ].join("\n"),
  ];
}

function formatNotes({ absent, cases }: BenchResults): string[] {
  const failed = cases.reduce((sum, result) => sum + result.failed, 0);
  const notes = [failed === 0 ? "Failed requests: 0" : `Failed requests: ${formatCount(failed)}`];
  for (const [name, reason] of Object.entries(absent)) {
    notes.push(...wrap(`Left out: ${name}: ${reason}`));
  }
  const otherWork = Math.max(0, ...cases.map((result) => result.otherWork));
  if (otherWork > noticeableWork) {
    const share = Math.round(otherWork * 100);
    notes.push(...wrap(`Noisy: other work on the machine took up to ${share} % of its CPUs.`));
  }
  return [notes.join("\n")];
}

const maxColumns = 80;

function clip(line: string): string {
  return line.length <= maxColumns ? line : `${line.slice(0, maxColumns - 1)}…`;
}

function wrap(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > maxColumns) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map(clip);
}
