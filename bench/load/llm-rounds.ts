/**
 * Runs the rounds of `llm`: in every round each contender is started afresh, warmed up, measured alone in every case and
 * stopped; each round begins with another contender and with another case.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { startLoadClients } from "./client-process.ts";
import type { LoadClients } from "./client-process.ts";
import { llmWarmUp, streamEvents } from "./llm-cases.ts";
import type { LlmCase, LlmCaseOptions } from "./llm-cases.ts";
import type { LlmContender, RunningLlm } from "./llm-contender.ts";
import { findMistake } from "./llm-probe.ts";
import type { LlmRig } from "./llm-rig.ts";
import { measureRun } from "./measurement.ts";
import { rotated } from "./rounds.ts";
import type { RoundSample, StartedProcesses } from "./rounds.ts";

/** Everything that one run needs. */
export interface LlmRoundsOptions extends LlmCaseOptions {
  readonly rounds: number;
  /** Time for which each start is loaded before its first case, in `s` */
  readonly warmUpSeconds: number;
  readonly cases: readonly LlmCase[];
  readonly contenders: readonly LlmContender[];
  readonly rig: LlmRig;
  /** Called after a start with the processes, to place them on CPUs */
  readonly place: (pids: StartedProcesses) => Promise<void>;
  /** Told after every measurement */
  readonly onSample: (sample: RoundSample) => void;
}

/** Runs all rounds and gives the samples in the order taken. Rejects when a contender does not come up or answers wrongly. */
export async function runLlmRounds(options: LlmRoundsOptions): Promise<RoundSample[]> {
  const { cases, contenders, rounds } = options;
  const samples: RoundSample[] = [];
  const last = Math.max(rounds, ...cases.map(({ leastRounds = 1 }) => leastRounds));
  for (let round = 0; round < last; round += 1) {
    const due = cases.filter(({ leastRounds = 1 }) => round < Math.max(rounds, leastRounds));
    for (const contender of rotated(contenders, round)) {
      const own = due.filter(({ name }) => contender.only?.includes(name) !== false);
      if (own.length === 0) continue;
      samples.push(...(await runStart(options, { contender, cases: own, round })));
    }
  }
  return samples;
}

/** What is wrong with the answers of a contender that is started for it, as one clause; undefined when they are right. */
export async function tryContender(
  contender: LlmContender,
  rig: LlmRig,
): Promise<string | undefined> {
  return withStarted(contender, rig, (running) => findMistake(running, streamEvents));
}

interface Start {
  readonly contender: LlmContender;
  readonly cases: readonly LlmCase[];
  readonly round: number;
}

function runStart(options: LlmRoundsOptions, start: Start): Promise<RoundSample[]> {
  const { contender } = start;
  return withStarted(contender, options.rig, async (running) => {
    const mistake = await findMistake(running, streamEvents);
    if (mistake !== undefined) throw new Error(`Cannot measure ${contender.name}: ${mistake}`);
    // Clients are as fresh as the contender: no connection or compiled code of another one's turn.
    const clients = await startLoadClients(1);
    try {
      const { envoy, server } = running.pids;
      const pids = [envoy, server].filter((pid) => pid !== undefined);
      await options.place({ contender: pids, clients: clients.pids });
      const { target } = running;
      await clients.prepare([{ ...llmWarmUp(options.warmUpSeconds, running), target }]);
      const samples: RoundSample[] = [];
      for (const benchCase of rotated(start.cases, start.round)) {
        const sample = await measureCase(options, { ...start, benchCase, running, clients });
        options.onSample(sample);
        samples.push(sample);
      }
      return samples;
    } finally {
      await clients.close();
    }
  });
}

interface CaseRun extends Start {
  readonly benchCase: LlmCase;
  readonly running: RunningLlm;
  readonly clients: LoadClients;
}

async function measureCase(options: LlmRoundsOptions, run: CaseRun): Promise<RoundSample> {
  const { benchCase, clients, contender, round, running } = run;
  const { pids, target } = running;
  await clients.prepare([{ ...benchCase.workload(options, running), target }]);
  const upstream = options.rig.upstreams[contender.api];
  const measurement = await measureRun({ clients, upstream, pids });
  return { case: benchCase.name, contender: contender.name, round, ...measurement };
}

async function withStarted<T>(
  contender: LlmContender,
  { authority, directory: scratch, upstreams }: LlmRig,
  use: (running: RunningLlm) => Promise<T>,
): Promise<T> {
  // Short, because it holds Unix sockets; one contender runs at a time.
  const directory = join(scratch, "s");
  await mkdir(directory);
  try {
    const running = await contender.start({
      plainApi: upstreams.plain,
      tlsApi: upstreams.tls,
      authority,
      directory,
    });
    try {
      return await use(running);
    } finally {
      await running.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
