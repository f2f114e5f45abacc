/**
 * The case `soak` of `extproc`: one contender for minutes, either at saturation or holding many streams open, with the
 * memory of its server read every few seconds. Answers whether memory grows with requests or with streams.
 */
import { startLoadClients } from "./client-process.ts";
import { extprocCases } from "./extproc-cases.ts";
import type { PlainPlan } from "./extproc-cases.ts";
import type { ExtprocRig } from "./extproc-rig.ts";
import { openStand, standDirectory } from "./extproc-stand.ts";
import { formatCount, formatFigure } from "./figures.ts";
import { growthPerMinute, readRssMib } from "./memory.ts";
import type { MemorySample } from "./memory.ts";
import { measureRun } from "./measurement.ts";
import type { Measurement } from "./measurement.ts";
import type { ProcessorContender } from "./processor.ts";

/** What a run of the case needs. */
export interface SoakOptions {
  /** Length at saturation */
  readonly minutes: number;
  /** Streams held open at once instead; 0 for saturation */
  readonly streams: number;
  readonly streamSeconds: number;
  readonly connections: number;
  readonly threads: number;
  readonly contender: ProcessorContender;
  readonly rig: ExtprocRig;
}

/** Outcome of one contender. */
export interface SoakResult extends Measurement {
  readonly contender: string;
  /** Server's memory, the last reading after the load */
  readonly memory: readonly MemorySample[];
  /** Of the second half of the load, when heaps and caches have grown to their size; in `MiB` per minute */
  readonly growthMibPerMinute: number;
}

const sampleEveryMs = 5_000;
const gapMs = 100;

/** Loads one contender. Rejects when it has no server or does not come up. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { contender, rig } = options;
  const stand = await openStand({
    contender,
    threads: options.threads,
    upstream: rig.upstream,
    routes: rig.policy.routes,
    directory: standDirectory(rig.directory, 0),
  });
  try {
    const { envoyPid, processor } = stand;
    if (processor === undefined || envoyPid === undefined) {
      throw new Error(`Cannot soak ${contender.name}: it has no server`);
    }
    const clients = await startLoadClients(1);
    const beganMs = performance.now();
    const memory: MemorySample[] = [];
    const read = () => {
      const atSeconds = Math.round((performance.now() - beganMs) / 100) / 10;
      memory.push({ atSeconds, rssMib: Math.round(readRssMib(processor.pid) * 10) / 10 });
    };
    const timer = setInterval(read, sampleEveryMs);
    try {
      const target = stand.target("bodies");
      await clients.prepare([{ ...soakPlan(options, rig.policy.paths), target }]);
      read();
      const pids = { envoy: envoyPid, server: processor.pid };
      const measurement = await measureRun({ clients, upstream: rig.upstream, pids });
      read();
      const half = memory.slice(Math.floor(memory.length / 2));
      const growthMibPerMinute = growthPerMinute(half);
      return { contender: contender.name, ...measurement, memory, growthMibPerMinute };
    } finally {
      clearInterval(timer);
      await clients.close();
    }
  } finally {
    await stand.stop();
  }
}

/** What is sent: chat calls without a pause, or one long answer on each of many connections. */
export function soakPlan(
  options: Pick<SoakOptions, "minutes" | "streams" | "streamSeconds" | "connections">,
  paths: readonly string[],
): PlainPlan {
  const { connections, minutes, streams, streamSeconds } = options;
  const bodies = extprocCases.find(({ name }) => name === "bodies");
  if (bodies === undefined) throw new Error("Cannot soak: the case bodies is not there");
  if (streams === 0) return bodies.workload({ connections, seconds: minutes * 60 }, paths);
  const slackMs = 30_000;
  return {
    ...bodies.workload({ connections: streams, seconds: streamSeconds }, paths),
    answer: `events ${Math.ceil((streamSeconds * 1_000) / gapMs)} ${gapMs}`,
    latencyTo: "first-byte",
    requests: streams,
    // All of them begin at once: a warm-up would be a stream as long as the measured one.
    warmUpMs: 0,
    deadlineMs: streamSeconds * 1_000 + slackMs,
  };
}

/** The outcome as text with a trailing newline. */
export function formatSoak(result: SoakResult): string {
  const { contender, cpuMicrosPerRequest: cpu, failed, memory, requests } = result;
  const rss = memory.map(({ rssMib }) => rssMib);
  const [first = 0] = rss;
  return `${[
    `soak: ${contender}`,
    `  requests ${formatCount(requests)}, failed ${formatCount(failed)}${failed === 0 ? "" : `: ${result.firstFailure}`}`,
    `  CPU µs/req: server ${formatFigure(cpu.server ?? 0)}, envoy ${formatFigure(cpu.envoy ?? 0)}`,
    `  p50 ${formatFigure(result.p50Ms)} ms, p99 ${formatFigure(result.p99Ms)} ms`,
    `  memory of the server: first ${formatFigure(first)}, most ${formatFigure(Math.max(...rss))}, last ${formatFigure(rss.at(-1) ?? 0)} MiB`,
    `  growth in the second half: ${result.growthMibPerMinute.toFixed(2)} MiB a minute`,
  ].join("\n")}\n`;
}
