/**
 * Figures of a finished run: samples of all rounds become one median and spread a case and
 * contender. This is the shape of the JSON file.
 */
import type { Machine } from "./machine.ts";
import type { RoundSample } from "./rounds.ts";
import { summarise } from "./statistics.ts";

/** Smallest and largest round. */
export type Spread = readonly [min: number, max: number];

/** One contender in one case: medians over the rounds. */
export interface CaseResult {
  readonly case: string;
  readonly contender: string;
  readonly rounds: number;
  /** `µs` per answered request; null for a process that the contender does not have */
  readonly cpuMicrosPerRequest: {
    readonly server: number | null;
    readonly envoy: number | null;
    /** Median of the rounds' sums, which need not be the sum of the medians */
    readonly total: number;
    /** The load client's and the fake upstream's own share: not the contender's, but of the same CPUs */
    readonly client: number;
    readonly upstream: number;
  };
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answered 200, all rounds together */
  readonly requests: number;
  /** Not answered 200 for whatever reason, all rounds together */
  readonly failed: number;
  readonly firstFailure?: string;
  /** Share (0–1) of the CPUs that work of others took: the worst round */
  readonly otherWork: number;
  readonly spread: {
    readonly server: Spread | null;
    readonly envoy: Spread | null;
    readonly total: Spread;
    readonly requestsPerSecond: Spread;
    readonly p50Ms: Spread;
    readonly p99Ms: Spread;
  };
}

/** Contents of the JSON file. */
export interface BenchResults {
  readonly machine: Machine;
  /** Version by program */
  readonly versions: Readonly<Record<string, string>>;
  /** Options of the run that its figures depend on */
  readonly options: Readonly<Record<string, number | boolean | string>>;
  /** Contenders left out, and why */
  readonly absent: Readonly<Record<string, string>>;
  readonly cases: readonly CaseResult[];
}

/** Results in the order in which cases and contenders are named; pairs without a sample are left out. */
export function summariseSamples(
  samples: readonly RoundSample[],
  caseNames: readonly string[],
  contenderNames: readonly string[],
): CaseResult[] {
  return caseNames.flatMap((caseName) =>
    contenderNames.flatMap((contender) => {
      const own = samples.filter((one) => one.case === caseName && one.contender === contender);
      return own.length === 0 ? [] : [summariseCase(caseName, contender, own)];
    }),
  );
}

function summariseCase(
  caseName: string,
  contender: string,
  samples: readonly RoundSample[],
): CaseResult {
  const of = (figure: (sample: RoundSample) => number) => summarise(samples.map(figure));
  const ofSome = (figure: (sample: RoundSample) => number | undefined) => {
    const present = samples.map(figure).filter((value) => value !== undefined);
    return present.length === 0 ? undefined : summarise(present);
  };
  const cpu = (sample: RoundSample) => sample.cpuMicrosPerRequest;
  const server = ofSome((sample) => cpu(sample).server);
  const envoy = ofSome((sample) => cpu(sample).envoy);
  const total = of((sample) => (cpu(sample).server ?? 0) + (cpu(sample).envoy ?? 0));
  const requestsPerSecond = of((sample) => sample.requestsPerSecond);
  const p50Ms = of((sample) => sample.p50Ms);
  const p99Ms = of((sample) => sample.p99Ms);
  const firstFailure = samples.find((one) => one.firstFailure !== undefined)?.firstFailure;
  const spread = (one: { min: number; max: number }): Spread => [
    rounded(one.min),
    rounded(one.max),
  ];
  return {
    case: caseName,
    contender,
    rounds: samples.length,
    cpuMicrosPerRequest: {
      server: server === undefined ? null : rounded(server.median),
      envoy: envoy === undefined ? null : rounded(envoy.median),
      total: rounded(total.median),
      client: rounded(of((sample) => cpu(sample).client).median),
      upstream: rounded(of((sample) => cpu(sample).upstream).median),
    },
    requestsPerSecond: rounded(requestsPerSecond.median),
    p50Ms: rounded(p50Ms.median),
    p99Ms: rounded(p99Ms.median),
    requests: samples.reduce((sum, one) => sum + one.requests, 0),
    failed: samples.reduce((sum, one) => sum + one.failed, 0),
    ...(firstFailure !== undefined && { firstFailure }),
    otherWork: rounded(of((sample) => sample.otherWork).max),
    spread: {
      server: server === undefined ? null : spread(server),
      envoy: envoy === undefined ? null : spread(envoy),
      total: spread(total),
      requestsPerSecond: spread(requestsPerSecond),
      p50Ms: spread(p50Ms),
      p99Ms: spread(p99Ms),
    },
  };
}

// More digits than the machine's noise has would only make files differ.
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
