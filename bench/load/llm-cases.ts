/** The cases of the benchmark `llm`: what agents send and at which pace; the contender decides who serves it. */
import type { PlainPlan } from "./extproc-cases.ts";
import { openaiAnswers } from "./llm-answers.ts";
import { chatBody } from "./llm-chat.ts";
import type { RunningLlm } from "./llm-contender.ts";

/** Measures of a run that the user may change. */
export interface LlmCaseOptions {
  /** Length of a measurement in `s` */
  readonly seconds: number;
  /** Connections of the closed loops */
  readonly connections: number;
}

/** What a workload has to know of the started contender. */
export type LlmCaller = Pick<RunningLlm, "headers" | "host">;

/** One case. */
export interface LlmCase {
  readonly name: "chat" | "chat-stream" | "latency" | "first-token";
  readonly title: string;
  /** Rounds that its figures need, however few are asked for; 1 when absent */
  readonly leastRounds?: number;
  workload(options: LlmCaseOptions, caller: LlmCaller): PlainPlan;
}

/** Pieces of a streamed answer. */
export const streamEvents = 20;

const chatBytes = 2_048;
const promptBytes = 220 * 1_024;
const thinkers = 20;
const thinkMs = 500;
// A quarter of what Portkey can answer: nobody that takes part queues.
const openRate = 500;
// As in the other benchmarks: what takes longer is counted as failed.
const deadlineMs = 15_000;

/** All cases in the order of the report. */
export const llmCases: readonly LlmCase[] = [
  {
    name: "chat",
    title: "2 KB chat call and answer, as many as are answered",
    workload: (options, caller) => closedLoop(options, caller, { bytes: chatBytes, stream: false }),
  },
  {
    name: "chat-stream",
    title: `the same with an answer in ${streamEvents} events`,
    workload: (options, caller) => closedLoop(options, caller, { bytes: chatBytes, stream: true }),
  },
  {
    name: "latency",
    title: `2 KB chat call, ${openRate} a second whatever is answered`,
    leastRounds: 9,
    workload: (options, caller) => ({
      ...closedLoop(options, caller, { bytes: chatBytes, stream: false }),
      connections: 64,
      pace: { kind: "open", perSecond: openRate },
    }),
  },
  {
    name: "first-token",
    title: "220 KB prompt, 20 clients that think for 500 ms; first token",
    workload: (options, caller) => ({
      ...closedLoop(options, caller, { bytes: promptBytes, stream: true }),
      connections: thinkers,
      pace: { kind: "closed", thinkMs },
      latencyTo: "first-byte",
    }),
  },
];

/** Work before the first case of a start: a contender on a compiling run time needs thousands of calls to be compiled. */
export function llmWarmUp(seconds: number, caller: LlmCaller): PlainPlan {
  return {
    ...closedLoop({ seconds, connections: 16 }, caller, { bytes: chatBytes, stream: false }),
    warmUpMs: seconds * 1_000,
    durationMs: 0,
  };
}

function closedLoop(
  { connections, seconds }: LlmCaseOptions,
  { headers, host }: LlmCaller,
  shape: { readonly bytes: number; readonly stream: boolean },
): PlainPlan {
  return {
    kind: "plain",
    paths: [openaiAnswers.path],
    call: { host, headers, body: chatBody(shape) },
    answer: "json",
    bodyBytes: shape.bytes,
    connections,
    pace: { kind: "closed", thinkMs: 0 },
    latencyTo: "end",
    // Of this case's own code; the contender was warmed up when it was started.
    warmUpMs: Math.min(1_000, seconds * 250),
    durationMs: seconds * 1_000,
    deadlineMs,
  };
}
