/**
 * `npm run bench -- telemetry`: how many records a second the embedded store takes, how long it is asked for an agent's
 * rows among millions, whether a follower misses one while the store is killed, and what memory all this takes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openTelemetry } from "../../control/telemetry/open-telemetry.ts";
import type { Telemetry } from "../../control/telemetry/open-telemetry.ts";
import { appendRecords } from "../../control/telemetry/testdata/sample-records.ts";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { formatFigure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { chooseNames, parseOptions } from "./options.ts";
import type { OptionTable, ParsedOptions } from "./options.ts";
import { cpuBetween, sampleCpu } from "./process-cpu.ts";
import { writeOut } from "./run-output.ts";
import { openScratch } from "./scratch.ts";
import { followUnderKills } from "./telemetry-follow.ts";
import type { FollowOutcome } from "./telemetry-follow.ts";
import { fillStore, measureReads } from "./telemetry-reads.ts";
import type { ReadFigures } from "./telemetry-reads.ts";

const optionTable: OptionTable = {
  numbers: {
    records: { fallback: 200_000, min: 1_000, max: 10_000_000 },
    rows: { fallback: 10_000_000, min: 10_000, max: 100_000_000 },
    queries: { fallback: 40, min: 5, max: 10_000 },
    follow: { fallback: 100_000, min: 0, max: 10_000_000 },
    kills: { fallback: 5, min: 0, max: 1_000 },
  },
  texts: ["json", "phases", "store"],
  switches: [],
};

const memoryCapBytes = 600 * 1024 * 1024;
/** Filling makes days of rows in minutes, which wants more. */
const fillCapBytes = 3 * 1024 ** 3;
const dayMs = 24 * 3_600_000;

const phases = ["ingest", "reads", "follow"];

/** What is to be shown. */
const targets = { recordsPerCore: 20_000, queryP95Ms: 200 };

interface IngestFigures {
  readonly recordsPerSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly recordsPerCpuSecond: number;
}

/** Runs the sub-command and prints its report; UsageError for bad arguments. */
export async function runTelemetry(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const chosen = chooseNames("phase", options.text("phases"), phases);
  const scratch = await openScratch();
  // A store that is kept is filled once, which takes longer than reading it.
  const directory = options.text("store") ?? scratch.directory;
  const records = join(scratch.directory, "records");
  const socket = join(directory, "t", "store.sock");
  const open = (capBytes: number) =>
    openTelemetry({
      directory: join(directory, "t"),
      recordsDirectory: records,
      clock: systemClock,
      log: silentLogger,
      memoryCapBytes: capBytes,
      maxAgeMs: 30 * dayMs,
      maxBytes: 64 * 1024 ** 3,
    });
  if (chosen.includes("reads")) {
    const filling = await open(fillCapBytes);
    await fillStore(socket, { rows: options.number("rows"), say }).finally(() => filling.close());
  }
  const telemetry = await open(memoryCapBytes);
  const memory = watchMemory(telemetry);
  try {
    if (telemetry.status.state !== "ready") {
      throw new Error(`Cannot measure the telemetry store: ${telemetry.status.error}`);
    }
    const results = await runPhases(telemetry, chosen, { options, records, socket });
    const peak = memory.stop();
    const isBelow = peak <= memoryCapBytes;
    say(
      `${isBelow ? "met" : "MISSED"}: memory of the store at most ${megabytes(memoryCapBytes)} MiB, was ${megabytes(peak)}`,
    );
    const json = options.text("json");
    if (json === undefined) return;
    const all = { machine: describeMachine(), ...results, peakBytes: peak };
    await writeOut(json, `${JSON.stringify(all, undefined, 2)}\n`);
  } finally {
    memory.stop();
    await telemetry.close();
    await scratch.close();
  }
}

interface PhaseResults {
  ingest?: IngestFigures;
  reads?: readonly ReadFigures[];
  follow?: FollowOutcome;
}

async function runPhases(
  telemetry: Telemetry,
  chosen: readonly string[],
  {
    options,
    records,
    socket,
  }: { readonly options: ParsedOptions; readonly records: string; readonly socket: string },
): Promise<PhaseResults> {
  const results: PhaseResults = {};
  let from = 0;
  if (chosen.includes("ingest")) {
    from = options.number("records");
    results.ingest = await measureIngest(telemetry, records, from);
    say(describeIngest(results.ingest));
  }
  if (chosen.includes("reads")) {
    const [rows, queries] = [options.number("rows"), options.number("queries")];
    const onFigures = (figures: ReadFigures) => say(describeRead(figures));
    results.reads = await measureReads(telemetry, { socket, rows, queries, say, onFigures });
  }
  if (chosen.includes("follow")) {
    results.follow = await followUnderKills(telemetry, {
      ...{ directory: records, from },
      records: options.number("follow"),
      kills: options.number("kills"),
    });
    say(describeFollow(results.follow));
  }
  return results;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
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

function describeRead(figures: ReadFigures): string {
  const { name, state, failed, p50Ms, p95Ms, cpuMs, readRows, readBytes } = figures;
  const verdict = p95Ms <= targets.queryP95Ms && failed === 0 ? "met" : "MISSED";
  const times = `p50 ${formatFigure(p50Ms)} ms, p95 ${formatFigure(p95Ms)} ms, ${formatFigure(cpuMs)} ms CPU`;
  return `${verdict}: ${state}: ${name}: ${times}, ${readRows} rows, ${megabytes(readBytes)} MiB, ${failed} failed`;
}

function describeFollow({ records, missed, repeated, kills }: FollowOutcome): string {
  const verdict = missed === 0 && repeated === 0 ? "met" : "MISSED";
  return `${verdict}: following ${records} records over ${kills} kills of the store: ${missed} missed, ${repeated} twice`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
