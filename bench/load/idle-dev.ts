/** `clrk dev` of the quickstart, started as a person starts it, with the memory of every process that belongs to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listProcesses } from "../harness/process-table.ts";
import { startProgram } from "./child-process.ts";

/** Memory of one process. */
export interface ProcessMemory {
  readonly name: "dev" | "launcher" | "control" | "gateway" | "store" | "envoy" | "other";
  readonly pid: number;
  /** Resident, pages that others share included */
  readonly rssMib: number;
  /** Resident, each page divided by how many processes have it */
  readonly pssMib: number;
  /** Ours, and not the store of telemetry */
  readonly counts: boolean;
}

/** Where it is started. */
export interface IdleDevOptions {
  /** Checkout whose `bin/clrk.mjs` is started */
  readonly repository: string;
  readonly home: string;
  /** Folder of compiled code, as XDG_CACHE_HOME */
  readonly cache: string;
}

/** A session that is ready. */
export interface IdleDev {
  /** From its start to its first revision being live, in `ms` */
  readonly readyMs: number;
  memory(): ProcessMemory[];
  stop(): Promise<void>;
}

const readyDeadlineMs = 60_000;

/** Starts it, without a terminal, by the Node that runs this. Throws when it does not get ready within a minute. */
export async function openIdleDev({ repository, home, cache }: IdleDevOptions): Promise<IdleDev> {
  const startMs = performance.now();
  const quickstart = join(repository, "examples/quickstart");
  const words = ["dev", "-f", quickstart, "--secret", "openai=OPENAI_API_KEY"];
  const program = await startProgram({
    name: "clrk dev",
    command: [process.execPath, join(repository, "bin/clrk.mjs"), ...words],
    env: { CLRK_HOME: home, XDG_CACHE_HOME: cache, OPENAI_API_KEY: "idle", NODE_OPTIONS: "" },
  });
  try {
    const isLive = () => (/ live in /.test(program.output()) ? true : undefined);
    await program.waitFor(isLive, readyDeadlineMs);
  } catch (error) {
    await program.stop();
    throw error;
  }
  const readyMs = performance.now() - startMs;
  return { readyMs, memory: () => readMemory(program.pid), stop: () => program.stop() };
}

function readMemory(root: number): ProcessMemory[] {
  const all = listProcesses();
  const found = [root];
  for (const above of found) {
    found.push(...all.filter(({ parent }) => parent === above).map(({ pid }) => pid));
  }
  return found.flatMap((pid) => {
    const command = all.find((entry) => entry.pid === pid)?.command ?? [];
    const memory = tryReadRollup(pid);
    if (memory === undefined) return [];
    const name = nameOf(command);
    return [{ name, pid, ...memory, counts: name !== "envoy" && name !== "store" }];
  });
}

/** Which process it is, by the words that it was started with. */
export function nameOf(command: readonly string[]): ProcessMemory["name"] {
  const has = (part: string) => command.some((word) => word.includes(part));
  if (has("/telemetry/store-main.")) return "store";
  if (has("/control/cli/main.")) return "dev";
  if (has("/control/main.")) return "control";
  if (has("/gateway/main.")) return "gateway";
  if (has("/bin/clrk")) return "launcher";
  return has("--drain-time-s") ? "envoy" : "other";
}

/** Both figures in the text of `/proc/<pid>/smaps_rollup`; throws when it lacks one. */
export function parseRollup(text: string): Pick<ProcessMemory, "rssMib" | "pssMib"> {
  const mebibytes = (name: string) => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (kib === undefined) throw new Error(`Cannot read memory: there is no ${name}`);
    return Number(kib) / 1_024;
  };
  return { rssMib: mebibytes("Rss"), pssMib: mebibytes("Pss") };
}

function tryReadRollup(pid: number): Pick<ProcessMemory, "rssMib" | "pssMib"> | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  } catch {
    return undefined; // It has ended meanwhile.
  }
  return parseRollup(text);
}
