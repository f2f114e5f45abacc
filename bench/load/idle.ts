/**
 * `npm run bench -- idle`: what `clrk dev` holds while nothing happens, and how long it takes to be ready, from an empty
 * home and an empty cache of compiled code, and again. Envoy and the telemetry store are shown and not counted.
 */
import { join } from "node:path";
import { findFreshBuild } from "../../bin/build-stamp.mjs";
import { formatFigure } from "./figures.ts";
import { openIdleDev } from "./idle-dev.ts";
import type { ProcessMemory } from "./idle-dev.ts";
import { describeMachine } from "./machine.ts";
import { parseOptions } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { writeOut } from "./run-output.ts";
import { openScratch } from "./scratch.ts";

const optionTable: OptionTable = {
  numbers: { seconds: { fallback: 30, min: 1, max: 3_600 } },
  texts: ["json"],
  switches: [],
};

/** What issue 7 asks for. */
const targets = { readySeconds: 4, rssMib: 250 };

const repository = join(import.meta.dirname, "../..");

/** One start. */
interface IdleStart {
  readonly name: "cold" | "again";
  readonly readySeconds: number;
  readonly processes: readonly ProcessMemory[];
  /** Of what counts, in `MiB` */
  readonly rssMib: number;
  readonly pssMib: number;
}

/** Runs the sub-command and prints its report; UsageError for bad arguments. */
export async function runIdle(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const seconds = options.number("seconds");
  const isEmitted = findFreshBuild(repository) !== undefined;
  const scratch = await openScratch();
  const starts: IdleStart[] = [];
  try {
    for (const name of ["cold", "again"] as const) {
      const start = await measureStart(name, { directory: scratch.directory, seconds });
      process.stdout.write(describeStart(start, seconds));
      starts.push(start);
    }
  } finally {
    await scratch.close();
  }
  process.stdout.write(describeTargets(starts));
  if (!isEmitted)
    process.stdout.write("From sources: there is no build of them, see npm run build\n");
  const json = options.text("json");
  if (json === undefined) return;
  const results = { machine: describeMachine(), seconds, isEmitted, starts };
  await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

async function measureStart(
  name: IdleStart["name"],
  { directory, seconds }: { readonly directory: string; readonly seconds: number },
): Promise<IdleStart> {
  const dev = await openIdleDev({
    repository,
    home: join(directory, "home"),
    cache: join(directory, "cache"),
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const processes = dev.memory();
    const counted = processes.filter(({ counts }) => counts);
    return {
      ...{ name, processes, readySeconds: dev.readyMs / 1_000 },
      rssMib: counted.reduce((sum, { rssMib }) => sum + rssMib, 0),
      pssMib: counted.reduce((sum, { pssMib }) => sum + pssMib, 0),
    };
  } finally {
    await dev.stop();
  }
}

function describeStart(start: IdleStart, seconds: number): string {
  const lines = start.processes.map(({ name, rssMib, pssMib, counts }) => {
    const figures = `${formatFigure(rssMib).padStart(8)} ${formatFigure(pssMib).padStart(8)}`;
    return `  ${name.padEnd(10)}${figures}${counts ? "" : "  not counted"}`;
  });
  const head = `${start.name}: ready after ${formatFigure(start.readySeconds)} s; ${seconds} s later in MiB`;
  const sum = `  ${"sum".padEnd(10)}${formatFigure(start.rssMib).padStart(8)} ${formatFigure(start.pssMib).padStart(8)}`;
  return [head, `  ${"".padEnd(10)}     RSS      PSS`, ...lines, sum, ""].join("\n");
}

function describeTargets(starts: readonly IdleStart[]): string {
  const slowest = Math.max(...starts.map(({ readySeconds }) => readySeconds));
  const largest = Math.max(...starts.map(({ rssMib }) => rssMib));
  const verdict = (isMet: boolean) => (isMet ? "met" : "MISSED");
  return (
    `${verdict(slowest <= targets.readySeconds)}: ready after at most ${targets.readySeconds} s, was ${formatFigure(slowest)}\n` +
    `${verdict(largest <= targets.rssMib)}: at most ${targets.rssMib} MiB of RSS, was ${formatFigure(largest)}\n`
  );
}
