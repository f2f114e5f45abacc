/**
 * CPU time of a process with all its threads and children, from Linux `/proc`. `schedstat` counts
 * nanoseconds but forgets threads that ended; `stat` remembers them but counts ticks of 10 ms:
 * a difference of two samples takes the better of both.
 */
import { readdirSync, readFileSync } from "node:fs";

// USER_HZ is 100 on every Linux ABI that Node runs on (man 5 proc).
const microsPerTick = 10_000;
// Each counter is cut to a whole tick, user and system apart, so that a difference errs by this.
const tickErrorMicros = 2 * microsPerTick;

/** CPU time used so far by a process tree; only the difference of two samples means something. */
export interface CpuSample {
  /** Scheduler's count for threads alive now, in `µs` */
  readonly threadMicros: number;
  /** Tick count, with ended threads and reaped children, in `µs` */
  readonly tickMicros: number;
}

/** Where to read, and what to leave out. */
export interface CpuOptions {
  /** Processes that are measured by themselves, such as the Envoy that a gateway started */
  readonly except?: readonly number[];
  /** Mount point of proc */
  readonly proc?: string;
}

/**
 * Sample of `pid` and its descendants. Throws when `pid` has ended, because a benchmark must not
 * report a dead process as a cheap one; descendants may end while they are read.
 */
export function sampleCpu(pid: number, options: CpuOptions = {}): CpuSample {
  const proc = options.proc ?? "/proc";
  const root = readStat(proc, pid);
  if (root === undefined) {
    throw new Error(`Cannot sample CPU of process ${pid}: it has ended`);
  }
  const tree = [root, ...descendants(proc, pid, new Set(options.except))];
  return {
    threadMicros: sum(tree.map((stat) => readThreadMicros(proc, stat.pid))),
    tickMicros: sum(tree.map((stat) => stat.ticks)) * microsPerTick,
  };
}

/** CPU time spent between two samples of one tree, in `µs`; right to some µs while no thread ended, else to 20 ms. */
export function cpuBetween(before: CpuSample, after: CpuSample): number {
  const threads = after.threadMicros - before.threadMicros;
  const ticks = after.tickMicros - before.tickMicros - tickErrorMicros;
  return Math.max(threads, ticks, 0);
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function descendants(proc: string, root: number, except: ReadonlySet<number>): Stat[] {
  const byParent = new Map<number, Stat[]>();
  for (const name of readdirSync(proc)) {
    const stat = /^\d+$/.test(name) ? readStat(proc, Number(name)) : undefined;
    if (stat === undefined) continue;
    const siblings = byParent.get(stat.parent);
    if (siblings === undefined) byParent.set(stat.parent, [stat]);
    else siblings.push(stat);
  }
  const found: Stat[] = [];
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of byParent.get(pid) ?? []) {
      if (except.has(child.pid)) continue;
      found.push(child);
      queue.push(child.pid);
    }
  }
  return found;
}

// The command name may hold spaces and parentheses: fields are counted from the last one.
function readStat(proc: string, pid: number): Stat | undefined {
  const text = tryRead(`${proc}/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Here field 3 of the manual page is number 0: ppid 1, utime 11, stime 12, cutime 13, cstime 14.
  const ticks = sum(fields.slice(11, 15).map(Number));
  return { pid, parent: Number(fields[1]), ticks };
}

function readThreadMicros(proc: string, pid: number): number {
  let threads: string[];
  try {
    threads = readdirSync(`${proc}/${pid}/task`);
  } catch {
    return 0; // ended since the tree was listed; its ticks are in its parent's
  }
  return sum(
    threads.map((thread) => {
      const text = tryRead(`${proc}/${pid}/task/${thread}/schedstat`);
      return text === undefined ? 0 : Number(text.split(" ", 1)[0]) / 1_000;
    }),
  );
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // the process or thread ended between listing and reading
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
