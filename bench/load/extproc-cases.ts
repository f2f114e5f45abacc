/**
 * The cases of the benchmark `extproc` that are measured in rounds: what is sent, which phases Envoy tells the server,
 * and who takes part.
 */
import type { Exchange } from "../compare/ext-proc-config.ts";
import type { PlainWorkload } from "./plain-workload.ts";

/** Measures of a run that the user may change. */
export interface ExtprocCaseOptions {
  /** Length of a measurement in `s` */
  readonly seconds: number;
  /** Connections of the closed loops */
  readonly connections: number;
}

/** Work that is not directed at anything yet. */
export type PlainPlan = Omit<PlainWorkload, "target">;

/** One case. */
export interface ExtprocCase {
  readonly name: string;
  readonly title: string;
  readonly exchange: Exchange;
  /** Contender whose latency is subtracted from the others', round by round */
  readonly baseline?: string;
  /** Rounds that its figures need, however few are asked for; 1 when absent */
  readonly leastRounds?: number;
  /** Calls of `paths`, which are taken in turn. */
  workload(options: ExtprocCaseOptions, paths: readonly string[]): PlainPlan;
}

// As in the benchmark `mitm`: what takes longer is counted as failed.
const deadlineMs = 15_000;
const chatBytes = 2_048;
const promptBytes = 220 * 1_024;
const thinkers = 20;
const thinkMs = 500;
const openRate = 500;

/** All cases in the order of the report. */
export const extprocCases: readonly ExtprocCase[] = [
  {
    name: "headers",
    title: "2 KB chat call; request headers are exchanged",
    exchange: "headers",
    workload: closedChat,
  },
  {
    name: "response-headers",
    title: "2 KB chat call; headers of request and response",
    exchange: "response-headers",
    workload: closedChat,
  },
  {
    name: "bodies",
    title: "2 KB chat call and answer; headers, bodies streamed",
    exchange: "bodies",
    workload: closedChat,
  },
  {
    name: "sse",
    title: "answer of 200 events, 2 ms apart; as bodies; first token",
    exchange: "bodies",
    workload: (options, paths) => ({
      ...closedChat(options, paths),
      answer: "events 200 2",
      latencyTo: "first-byte",
    }),
  },
  {
    name: "large-body",
    title: "220 KB prompt, 20 clients that think for 500 ms; as bodies; first token",
    exchange: "bodies",
    baseline: "direct",
    workload: (options, paths) => ({
      ...closedChat(options, paths),
      // Each path is a request of its own in the client's memory.
      paths: paths.slice(0, thinkers),
      answer: "events 5 0",
      bodyBytes: promptBytes,
      connections: thinkers,
      pace: { kind: "closed", thinkMs },
      latencyTo: "first-byte",
    }),
  },
  {
    name: "latency",
    title: "2 KB chat call, 500 a second whatever is answered; as bodies",
    exchange: "bodies",
    baseline: "none",
    leastRounds: 9,
    workload: (options, paths) => ({
      ...closedChat(options, paths),
      connections: 64,
      pace: { kind: "open", perSecond: openRate },
    }),
  },
];

/**
 * Work before the first case of a start: a server lives for weeks, and one on a compiling run time needs some ten
 * thousand requests before it runs compiled code. None for 0 seconds.
 */
export function warmUpPlan(seconds: number, paths: readonly string[]): PlainPlan {
  return {
    ...closedChat({ seconds, connections: 16 }, paths),
    warmUpMs: seconds * 1_000,
    durationMs: 0,
  };
}

/** Whether `contender` takes part: without a proxy only where its latency is a baseline. */
export function takesPart(benchCase: ExtprocCase, contender: { readonly name: string }): boolean {
  return contender.name !== "direct" || benchCase.baseline === "direct";
}

/** Cases whose measurement is due in round `round` of the `rounds` that were asked for. */
export function casesOfRound(
  cases: readonly ExtprocCase[],
  round: number,
  rounds: number,
): readonly ExtprocCase[] {
  return cases.filter(({ leastRounds = 1 }) => round < Math.max(rounds, leastRounds));
}

function closedChat(
  { connections, seconds }: ExtprocCaseOptions,
  paths: readonly string[],
): PlainPlan {
  return {
    kind: "plain",
    paths,
    answer: "json",
    bodyBytes: chatBytes,
    connections,
    pace: { kind: "closed", thinkMs: 0 },
    latencyTo: "end",
    // Of this case's own code; the server was warmed up when it was started.
    warmUpMs: Math.min(500, seconds * 250),
    durationMs: seconds * 1_000,
    deadlineMs,
  };
}
