/**
 * Runs the rounds of `extproc`: in every round each contender is started afresh with an Envoy of its own, measured
 * alone in every case and stopped, and each round begins with another one and with another case.
 */
import type { BenchRoute, Exchange } from "../compare/ext-proc-config.ts";
import { startLoadClients } from "./client-process.ts";
import type { LoadClients } from "./client-process.ts";
import { casesOfRound, takesPart, warmUpPlan } from "./extproc-cases.ts";
import type { ExtprocCase, ExtprocCaseOptions, PlainPlan } from "./extproc-cases.ts";
import { openStand, standDirectory } from "./extproc-stand.ts";
import type { FilterCounts, Stand } from "./extproc-stand.ts";
import { measureRun } from "./measurement.ts";
import type { ProcessorContender, ProcessorCounts } from "./processor.ts";
import { rotated } from "./rounds.ts";
import type { RoundSample, StartedProcesses } from "./rounds.ts";
import type { UpstreamProcess } from "./upstream-process.ts";

/** A sample with what Envoy and the server say that they did. */
export interface ExtprocSample extends RoundSample {
  /** Envoy's account of its filter; absent without one */
  readonly filter?: FilterCounts;
  /** The server's account; absent for one that keeps none */
  readonly counts?: ProcessorCounts;
}

/** Everything that one run needs. */
export interface ExtprocRoundsOptions extends ExtprocCaseOptions {
  readonly rounds: number;
  /** Time for which each start is loaded before its first case, in `s` */
  readonly warmUpSeconds: number;
  /** What it is loaded with; a chat call of the exchange `bodies` when absent */
  readonly warmUp?: { readonly exchange: Exchange; readonly plan: PlainPlan };
  readonly threads: number;
  readonly cases: readonly ExtprocCase[];
  readonly contenders: readonly ProcessorContender[];
  readonly upstream: UpstreamProcess;
  readonly routes: readonly BenchRoute[];
  /** One for each route */
  readonly paths: readonly string[];
  /** Scratch directory */
  readonly directory: string;
  /** Called after a start with the processes, to place them on CPUs */
  readonly place: (pids: StartedProcesses) => Promise<void>;
  /** Told after every measurement */
  readonly onSample: (sample: ExtprocSample) => void;
}

/** Facts and log lines come in batches: what is not counted so long after the load is lost. */
const countsDeadlineMs = 3_000;

/** Runs all rounds and gives the samples in the order taken. Rejects when a contender does not come up or answers nothing. */
export async function runExtprocRounds(options: ExtprocRoundsOptions): Promise<ExtprocSample[]> {
  const samples: ExtprocSample[] = [];
  const { cases, contenders, rounds } = options;
  const last = Math.max(rounds, ...cases.map(({ leastRounds = 1 }) => leastRounds));
  let starts = 0;
  for (let round = 0; round < last; round += 1) {
    const due = casesOfRound(cases, round, rounds);
    for (const contender of rotated(contenders, round)) {
      const own = due.filter((benchCase) => takesPart(benchCase, contender));
      if (own.length === 0) continue;
      const directory = standDirectory(options.directory, starts);
      starts += 1;
      samples.push(...(await runStart(options, { contender, cases: own, round, directory })));
    }
  }
  return samples;
}

interface Start {
  readonly contender: ProcessorContender;
  readonly cases: readonly ExtprocCase[];
  readonly round: number;
  readonly directory: string;
}

async function runStart(options: ExtprocRoundsOptions, start: Start): Promise<ExtprocSample[]> {
  const { contender, directory } = start;
  const stand = await openStand({ ...options, contender, directory });
  try {
    // Clients are as fresh as the contender: no connection or compiled code of another one's turn.
    const clients = await startLoadClients(1);
    try {
      const pids = [stand.processor?.pid, stand.envoyPid].filter((pid) => pid !== undefined);
      await options.place({ contender: pids, clients: clients.pids });
      const { exchange, plan } = options.warmUp ?? {
        exchange: "bodies",
        plan: warmUpPlan(options.warmUpSeconds, options.paths),
      };
      await clients.prepare([{ ...plan, target: stand.target(exchange) }]);
      const samples: ExtprocSample[] = [];
      for (const benchCase of rotated(start.cases, start.round)) {
        const sample = await measureCase(options, { ...start, benchCase, stand, clients });
        options.onSample(sample);
        samples.push(sample);
      }
      return samples;
    } finally {
      await clients.close();
    }
  } finally {
    await stand.stop();
  }
}

interface CaseRun extends Start {
  readonly benchCase: ExtprocCase;
  readonly stand: Stand;
  readonly clients: LoadClients;
}

async function measureCase(options: ExtprocRoundsOptions, run: CaseRun): Promise<ExtprocSample> {
  const { benchCase, clients, contender, round, stand } = run;
  const target = stand.target(benchCase.exchange);
  await clients.prepare([{ ...benchCase.workload(options, options.paths), target }]);
  const filterBefore = await stand.filterCounts();
  const countsBefore = await settledCounts(stand, 0);
  const measurement = await measureRun({
    clients,
    upstream: options.upstream,
    pids: {
      ...(stand.envoyPid !== undefined && { envoy: stand.envoyPid }),
      ...(stand.processor !== undefined && { server: stand.processor.pid }),
    },
  });
  const filterAfter = await stand.filterCounts();
  const least = (countsBefore?.transactions ?? 0) + measurement.requests;
  const countsAfter = await settledCounts(stand, least);
  return {
    case: benchCase.name,
    contender: contender.name,
    round,
    ...measurement,
    ...(filterBefore && filterAfter && { filter: filterBetween(filterBefore, filterAfter) }),
    ...(countsBefore && countsAfter && { counts: countsBetween(countsBefore, countsAfter) }),
  };
}

/** The server's counts once two of them in a row are the same, and at least `transactions` if they get there in time. */
async function settledCounts(
  { processor }: Stand,
  transactions: number,
): Promise<ProcessorCounts | undefined> {
  if (processor?.counts === undefined) return undefined;
  const deadline = performance.now() + countsDeadlineMs;
  let counts = await processor.counts();
  while (performance.now() < deadline) {
    // Longer than a batch of facts, of log lines and of records waits.
    await new Promise((resolve) => setTimeout(resolve, 250));
    const next = await processor.counts();
    const isSame = next.transactions === counts.transactions && next.records === counts.records;
    counts = next;
    if (isSame && counts.transactions >= transactions) break;
  }
  return counts;
}

function filterBetween(before: FilterCounts, after: FilterCounts): FilterCounts {
  return {
    streams: after.streams - before.streams,
    sent: after.sent - before.sent,
    received: after.received - before.received,
    failed: after.failed - before.failed,
  };
}

function countsBetween(before: ProcessorCounts, after: ProcessorCounts): ProcessorCounts {
  return {
    transactions: after.transactions - before.transactions,
    metered: after.metered - before.metered,
    records: after.records - before.records,
    meteredRecords: after.meteredRecords - before.meteredRecords,
  };
}
