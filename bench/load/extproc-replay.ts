/**
 * The case `replay` of `extproc`: what a server takes of CPU with one and with two threads, without an Envoy that would
 * share the CPUs with it. Of each contender one connection of a real Envoy is recorded, and replayed as fast as answers
 * come.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { envoyBinary } from "../compare/envoy-binary.ts";
import { exchanges, extProcBootstrap } from "../compare/ext-proc-config.ts";
import { startPlainEnvoy } from "../compare/plain-envoy.ts";
import { startLoadClients } from "./client-process.ts";
import { extprocCases } from "./extproc-cases.ts";
import type { ExtprocRig } from "./extproc-rig.ts";
import { standDirectory } from "./extproc-stand.ts";
import { measureRun } from "./measurement.ts";
import type { ProcessorContender } from "./processor.ts";
import { openRecordingRelay } from "./recording-relay.ts";
import { writeRecording } from "./recording.ts";
import { rotated } from "./rounds.ts";
import type { RoundSample } from "./rounds.ts";

/** What a run of the case needs. */
export interface ReplayOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Unmeasured time before, in `s` */
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly contenders: readonly ProcessorContender[];
  readonly rig: ExtprocRig;
  /** Told after every measurement */
  readonly onSample: (sample: RoundSample) => void;
}

/** Name of the case in samples. */
export const replayCase = "replay";
/** Threads that are compared, in the order of the report. */
export const replayThreads: readonly number[] = [1, 2];
// Some 6 MB: the client process keeps them in memory.
const recordedRequests = 2_000;

/** A contender with its threads, as it stands in samples. */
export function replayName(contender: string, threads: number): string {
  return `${contender} ×${threads}`;
}

/** Records and replays; gives the samples in the order taken. */
export async function runReplay(options: ReplayOptions): Promise<RoundSample[]> {
  const servers = options.contenders.filter(({ path }) => path === "processor");
  const runs = [];
  for (const contender of servers) {
    const recording = join(options.rig.directory, `${contender.name}.recording`);
    await record(options, contender, recording);
    runs.push(...replayThreads.map((threads) => ({ contender, threads, recording })));
  }
  const samples: RoundSample[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    for (const run of rotated(runs, round)) {
      const sample = await replay(options, { ...run, round });
      options.onSample(sample);
      samples.push(sample);
    }
  }
  return samples;
}

async function record(
  { connections, rig }: ReplayOptions,
  contender: ProcessorContender,
  file: string,
): Promise<void> {
  const directory = standDirectory(rig.directory, 0);
  await mkdir(directory);
  const processor = await contender.start({ directory, threads: 1 });
  try {
    const relayed = join(directory, "relay.sock");
    const relay = await openRecordingRelay(relayed, processor?.sockets[0] ?? "");
    const { upstream, policy } = rig;
    const envoy = await startPlainEnvoy({
      name: "envoy (recorded)",
      binary: envoyBinary(process.env),
      bootstrap: extProcBootstrap({ upstream, routes: policy.routes, sockets: [relayed] }),
      directory,
      listeners: exchanges,
    });
    try {
      const port = envoy.ports.get("bodies") ?? 0;
      await sendRecorded({ connections, paths: policy.paths, port });
    } finally {
      await envoy.program.stop();
      const recording = await relay.finish();
      await writeRecording(file, recording);
    }
  } finally {
    await processor?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Every request has to be answered: a recording with failures would be measured as if they were work. */
async function sendRecorded(options: {
  readonly connections: number;
  readonly paths: readonly string[];
  readonly port: number;
}): Promise<void> {
  const bodies = extprocCases.find(({ name }) => name === "bodies");
  if (bodies === undefined) throw new Error("Cannot record: the case bodies is not there");
  const clients = await startLoadClients(1);
  try {
    const plan = bodies.workload({ seconds: 60, connections: options.connections }, options.paths);
    const target = { host: "127.0.0.1", port: options.port };
    await clients.prepare([{ ...plan, target, warmUpMs: 0, requests: recordedRequests }]);
    const total = await clients.run();
    if (total.requests === recordedRequests) return;
    throw new Error(`Cannot record: ${total.failed} requests failed: ${total.firstFailure}`);
  } finally {
    await clients.close();
  }
}

interface ReplayRun {
  readonly contender: ProcessorContender;
  readonly threads: number;
  readonly recording: string;
  readonly round: number;
}

async function replay(options: ReplayOptions, run: ReplayRun): Promise<RoundSample> {
  const { contender, recording, round, threads } = run;
  const { directory: scratch, upstream } = options.rig;
  const directory = standDirectory(scratch, 0);
  await mkdir(directory);
  const processor = await contender.start({ directory, threads });
  try {
    if (processor === undefined) throw new Error(`Cannot replay to ${contender.name}: no server`);
    const clients = await startLoadClients(1);
    try {
      const { seconds, warmUpSeconds } = options;
      await clients.prepare([
        {
          kind: "replay",
          sockets: processor.sockets,
          recording,
          warmUpMs: warmUpSeconds * 1_000,
          durationMs: seconds * 1_000,
        },
      ]);
      const measured = await measureRun({ clients, upstream, pids: { server: processor.pid } });
      return {
        case: replayCase,
        contender: replayName(contender.name, threads),
        round,
        ...measured,
      };
    } finally {
      await clients.close();
    }
  } finally {
    await processor?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
