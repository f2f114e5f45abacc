/**
 * Runs the rounds of the benchmark: every contender is started afresh in every round, measured
 * alone and stopped, and each round begins with another one, so that drift of the machine meets all alike.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { benchCases, benchWildcards, modeFor } from "./cases.ts";
import type { BenchCase, CaseOptions } from "./cases.ts";
import { startLoadClients } from "./client-process.ts";
import type { LoadClients } from "./client-process.ts";
import type { Contender, RunningContender } from "./contender.ts";
import { measureRun } from "./measurement.ts";
import type { Measurement } from "./measurement.ts";
import type { TestAuthority } from "./test-authority.ts";
import { serverNamesOf } from "./workload.ts";
import type { WorkloadPlan } from "./workload.ts";
import type { UpstreamProcess } from "./upstream-process.ts";

/** Figures of one contender in one case in one round. */
export interface RoundSample extends Measurement {
  readonly case: string;
  readonly contender: string;
  readonly round: number;
}

/** Processes of one start. */
export interface StartedProcesses {
  readonly contender: readonly number[];
  readonly clients: readonly number[];
}

/** Everything that one run needs. */
export interface RoundsOptions extends CaseOptions {
  readonly rounds: number;
  readonly cases: readonly string[];
  readonly contenders: readonly Contender[];
  /** Load client processes */
  readonly clients: number;
  readonly upstream: UpstreamProcess;
  readonly authority: TestAuthority;
  /** Scratch directory; a directory in it for each start */
  readonly directory: string;
  /** Called after a start with the processes, to place them on CPUs */
  readonly place: (pids: StartedProcesses) => Promise<void>;
  /** Told after every measurement */
  readonly onSample: (sample: RoundSample) => void;
}

/** Runs all rounds and gives the samples in the order taken. Rejects when a contender does not come up or answers nothing. */
export async function runRounds(options: RoundsOptions): Promise<RoundSample[]> {
  const samples: RoundSample[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    for (const contender of rotated(options.contenders, round)) {
      const groups = caseGroups(options.cases, contender);
      for (const [index, group] of groups.entries()) {
        const name = `${contender.name}-${round}-${index}`;
        samples.push(...(await runStart(options, { contender, group, round, name })));
      }
    }
  }
  return samples;
}

/** `items` beginning with another one for every `round`. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** Cases of one contender that one start can serve: same mode, same credential. */
export function caseGroups(names: readonly string[], contender: Contender): BenchCase[][] {
  const groups = new Map<string, BenchCase[]>();
  for (const benchCase of benchCases) {
    const mode = modeFor(benchCase, contender);
    if (mode === undefined || !names.includes(benchCase.name)) continue;
    const key = `${mode} ${benchCase.credential?.pathPrefix ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), benchCase]);
  }
  return [...groups.values()];
}

interface Start {
  readonly contender: Contender;
  readonly group: readonly BenchCase[];
  readonly round: number;
  readonly name: string;
}

async function runStart(options: RoundsOptions, start: Start): Promise<RoundSample[]> {
  const { contender, group } = start;
  const [first] = group;
  const mode = first === undefined ? undefined : modeFor(first, contender);
  if (first === undefined || mode === undefined) return [];
  const directory = join(options.directory, start.name);
  const planned = group.map((benchCase) => ({ benchCase, plans: plan(options, start, benchCase) }));
  await mkdir(directory);
  const running = await contender.start({
    mode,
    upstream: options.upstream,
    authority: options.authority,
    wildcards: benchWildcards,
    serverNames: planned.flatMap(({ plans }) => plans.flatMap(serverNamesOf)),
    directory,
    ...(first.credential !== undefined && { credential: first.credential }),
  });
  // Clients are as fresh as the contender: no connection or compiled code of another one's turn.
  const clients = await startLoadClients(options.clients);
  try {
    const { envoy, server } = running.pids;
    const pids = [envoy, server].filter((pid) => pid !== undefined);
    await options.place({ contender: pids, clients: clients.pids });
    const samples: RoundSample[] = [];
    for (const { benchCase, plans } of planned) {
      const measurement = { ...start, benchCase, plans, running, clients };
      const sample = await measureCase(options, measurement);
      options.onSample(sample);
      samples.push(sample);
    }
    return samples;
  } finally {
    await clients.close();
    await running.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function plan(options: RoundsOptions, start: Start, benchCase: BenchCase): WorkloadPlan[] {
  const { injectsCredential } = start.contender;
  const namePrefix = `${benchCase.name}-${start.name}`;
  return Array.from({ length: options.clients }, (_, index) =>
    benchCase.workload(
      options,
      { injectsCredential, namePrefix },
      { index, count: options.clients },
    ),
  );
}

interface CaseRun extends Start {
  readonly benchCase: BenchCase;
  /** One a load client */
  readonly plans: readonly WorkloadPlan[];
  readonly running: RunningContender;
  readonly clients: LoadClients;
}

async function measureCase(options: RoundsOptions, run: CaseRun): Promise<RoundSample> {
  const { benchCase, contender, running, clients } = run;
  const target = { ...running.proxy, mode: running.mode, caPem: running.caPem };
  await clients.prepare(run.plans.map((plan) => ({ ...plan, target })));
  const { pids } = running;
  const measurement = await measureRun({ clients, upstream: options.upstream, pids });
  return { case: benchCase.name, contender: contender.name, round: run.round, ...measurement };
}
