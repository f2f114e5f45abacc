/**
 * `npm run bench -- telemetry`: how many records a second the embedded store takes, how long it is asked for an agent's
 * rows among millions, whether a follower misses one while the store is killed, and what memory all this takes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openTelemetry } from "../../control/telemetry/open-telemetry.ts";
import type { Telemetry } from "../../control/telemetry/open-telemetry.ts";
import { StoreClient } from "../../control/telemetry/store-client.ts";
import { appendRecords } from "../../control/telemetry/testdata/sample-records.ts";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { formatFigure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { parseOptions } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { cpuBetween, sampleCpu } from "./process-cpu.ts";
import { writeOut } from "./run-output.ts";
import { openScratch } from "./scratch.ts";
import { quantileOfSorted } from "./statistics.ts";
import { followUnderKills } from "./telemetry-follow.ts";
import type { FollowOutcome } from "./telemetry-follow.ts";
import { fillRows, traceIdOf } from "./telemetry-rows.ts";

const optionTable: OptionTable = {
  numbers: {
    records: { fallback: 200_000, min: 1_000, max: 10_000_000 },
    rows: { fallback: 10_000_000, min: 10_000, max: 100_000_000 },
    queries: { fallback: 40, min: 5, max: 10_000 },
    follow: { fallback: 100_000, min: 0, max: 10_000_000 },
    kills: { fallback: 5, min: 0, max: 1_000 },
  },
  texts: ["json"],
  switches: [],
};

const memoryCapBytes = 600 * 1024 * 1024;
const dayMs = 24 * 3_600_000;
const agents = 100;

/** What is to be shown. */
const targets = { recordsPerCore: 20_000, queryP95Ms: 200 };

interface IngestFigures {
  readonly recordsPerSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly recordsPerCpuSecond: number;
}

interface QueryFigures {
  readonly name: string;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Runs the sub-command and prints its report; UsageError for bad arguments. */
export async function runTelemetry(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const scratch = await openScratch();
  const { directory } = scratch;
  const records = join(directory, "records");
  const telemetry = await openTelemetry({
    directory: join(directory, "t"),
    recordsDirectory: records,
    clock: systemClock,
    log: silentLogger,
    memoryCapBytes,
    maxAgeMs: 30 * dayMs,
    maxBytes: 64 * 1024 ** 3,
  });
  const memory = watchMemory(telemetry);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  try {
    if (telemetry.status.state !== "ready") {
      throw new Error(`Cannot measure the telemetry store: ${telemetry.status.error}`);
    }
    const ingest = await measureIngest(telemetry, records, options.number("records"));
    say(describeIngest(ingest));
    const queries = await measureQueries(telemetry, join(directory, "t", "store.sock"), {
      rows: options.number("rows"),
      queries: options.number("queries"),
    });
    for (const figures of queries) say(describeQuery(figures));
    const follow = await followUnderKills(telemetry, {
      directory: records,
      from: options.number("records"),
      records: options.number("follow"),
      kills: options.number("kills"),
    });
    say(describeFollow(follow));
    const peak = memory.stop();
    const isBelow = peak <= memoryCapBytes;
    say(
      `${isBelow ? "met" : "MISSED"}: memory of the store at most ${megabytes(memoryCapBytes)} MiB, was ${megabytes(peak)}`,
    );
    const json = options.text("json");
    if (json === undefined) return;
    const results = { machine: describeMachine(), ingest, queries, follow, peakBytes: peak };
    await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
  } finally {
    memory.stop();
    await telemetry.close();
    await scratch.close();
  }
}

async function measureIngest(
  telemetry: Telemetry,
  directory: string,
  records: number,
): Promise<IngestFigures> {
  // The first rows wait for code to be compiled, here and there.
  const warmUp = Math.min(10_000, records);
  appendRecords(directory, 0, warmUp);
  await telemetry.flush();
  appendInPieces(directory, warmUp, records);
  const before = sampleCpu(process.pid);
  const start = performance.now();
  await telemetry.flush();
  const seconds = (performance.now() - start) / 1_000;
  const cpuMicros = cpuBetween(before, sampleCpu(process.pid));
  const measured = records - warmUp;
  return {
    recordsPerSecond: measured / seconds,
    cpuMicrosPerRecord: cpuMicros / measured,
    recordsPerCpuSecond: (measured / cpuMicros) * 1e6,
  };
}

function appendInPieces(directory: string, from: number, until: number): void {
  const piece = 10_000;
  for (let start = from; start < until; start += piece) {
    appendRecords(directory, start, Math.min(until, start + piece));
  }
}

async function measureQueries(
  telemetry: Telemetry,
  socket: string,
  { rows, queries }: { readonly rows: number; readonly queries: number },
): Promise<readonly QueryFigures[]> {
  const client = new StoreClient({ kind: "embedded", socket });
  const untilMs = Date.now();
  const fromMs = untilMs - 7 * dayMs;
  try {
    await fillRows(client, { rows, agents, fromMs, untilMs }, (done) => {
      if (done % 1_000_000 === 0) process.stdout.write(`${done} rows\n`);
    });
    const cases = casesOf(telemetry, client, { rows, untilMs });
    const figures: QueryFigures[] = [];
    for (const { name, run } of cases) figures.push(await timed(name, queries, run));
    return figures;
  } finally {
    await client.close();
  }
}

interface QueryCase {
  readonly name: string;
  readonly run: (turn: number) => Promise<unknown>;
}

function casesOf(
  telemetry: Pick<Telemetry, "queries" | "series">,
  client: StoreClient,
  { rows, untilMs }: { readonly rows: number; readonly untilMs: number },
): QueryCase[] {
  const { queries } = telemetry;
  const scopeOf = (turn: number) => {
    return { namespace: "default", kind: "TaskAgent", name: `agent-${turn % agents}` };
  };
  const rowOf = (turn: number) => (turn * 7_919_317) % rows;
  const sinceNs = BigInt(untilMs - 3_600_000) * 1_000_000n;
  return [
    {
      name: "newest 100 spans of an agent, last hour",
      run: (turn) => queries.spanPage({ scope: scopeOf(turn), limit: 100, sinceNs }),
    },
    {
      name: "newest 100 spans of an agent, all time",
      run: (turn) => queries.spanPage({ scope: scopeOf(turn), limit: 100 }),
    },
    {
      name: "newest 100 log lines of an agent",
      run: (turn) => queries.logPage({ scope: scopeOf(turn), limit: 100 }),
    },
    {
      name: "spans of a trace",
      run: async (turn) => queries.traceSpans("default", await traceIdOf(client, rowOf(turn))),
    },
    {
      name: "spans of an invocation",
      run: (turn) => {
        const number = String(Math.floor(rowOf(turn) / 20)).padStart(12, "0");
        return queries.invocationSpans("default", `0b5c7d1e-0000-4000-8000-${number}`);
      },
    },
    {
      name: "tokens of an agent by model, a day in steps of an hour",
      run: (turn) =>
        telemetry.series({
          metric: "gen_ai.tokens",
          scope: scopeOf(turn),
          sinceMs: untilMs - dayMs,
          untilMs,
          stepSeconds: 3_600,
        }),
    },
    {
      name: "duration of an agent's model calls, a day",
      run: (turn) =>
        telemetry.series({
          metric: "gen_ai.duration",
          scope: scopeOf(turn),
          sinceMs: untilMs - dayMs,
          untilMs,
        }),
    },
  ];
}

async function timed(name: string, count: number, run: QueryCase["run"]): Promise<QueryFigures> {
  const times: number[] = [];
  for (let turn = 0; turn < count; turn++) {
    const start = performance.now();
    await run(turn);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { name, p50Ms: quantileOfSorted(times, 0.5), p95Ms: quantileOfSorted(times, 0.95) };
}

/** Largest resident memory of the store's process, looked at ten times a second. */
function watchMemory(telemetry: Telemetry): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    const pid = telemetry.status.process?.pid;
    if (pid !== undefined) peak = Math.max(peak, residentBytes(pid));
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

function residentBytes(pid: number): number {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes ?? 0) * 1_024;
  } catch {
    // it was killed between the two looks
    return 0;
  }
}

function describeIngest(figures: IngestFigures): string {
  const { recordsPerSecond, cpuMicrosPerRecord, recordsPerCpuSecond } = figures;
  const isMet = recordsPerCpuSecond >= targets.recordsPerCore;
  return (
    `ingest: ${formatFigure(recordsPerSecond)} records/s, ${formatFigure(cpuMicrosPerRecord)} µs CPU each, merges included\n` +
    `${isMet ? "met" : "MISSED"}: ${targets.recordsPerCore} records/s on one core, was ${formatFigure(recordsPerCpuSecond)}`
  );
}

function describeQuery({ name, p50Ms, p95Ms }: QueryFigures): string {
  const verdict = p95Ms <= targets.queryP95Ms ? "met" : "MISSED";
  return `${verdict}: ${name}: p50 ${formatFigure(p50Ms)} ms, p95 ${formatFigure(p95Ms)} ms`;
}

function describeFollow({ records, missed, repeated, kills }: FollowOutcome): string {
  const verdict = missed === 0 && repeated === 0 ? "met" : "MISSED";
  return `${verdict}: following ${records} records over ${kills} kills of the store: ${missed} missed, ${repeated} twice`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
