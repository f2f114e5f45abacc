/**
 * The engine of one thread, without the thread: gRPC methods in, facts out. It ties streams to sessions and carries out
 * what sessions ask; what is decided is in `session.ts` and the policies.
 */

import type { Ejection } from "../gateway/backend-health.ts";
import type { CallFacts } from "../gateway/call-facts.ts";
import type { Cancellation } from "../gateway/confirmation.ts";
import type { Clock } from "../gateway/clock.ts";
import { monotonicMs } from "../gateway/clock.ts";
import type { RunAgent } from "../gateway/engine.ts";
import { CLRK_HEADERS, ENGINE_ROLE } from "../gateway/headers.ts";
import type { InvocationTraces } from "../gateway/invocation-trace.ts";
import type { Policy } from "../gateway/pipeline.ts";
import { createRandomPool, createTraceIds } from "../gateway/trace-context.ts";
import type { PriceEntry } from "../providers/prices.ts";
import { priceTable } from "../providers/price-table.ts";
import { decodeAskedHead } from "./asked-head.ts";
import { AttemptSession } from "./attempt-session.ts";
import type { CallBudgetsOptions } from "./call-budgets.ts";
import { CallBudgets } from "./call-budgets.ts";
import { CallEstimates } from "./call-estimates.ts";
import { readCaller } from "./caller.ts";
import { agentKey, invocationKey } from "./caller-key.ts";
import { EjectedCandidates } from "./ejected-candidates.ts";
import type { ConnectionCallParts } from "./connection-call.ts";
import { ConnectionCall } from "./connection-call.ts";
import type { HabitTable } from "./habit-table.ts";
import type { GrpcStream, OpenCall } from "./http2/call.ts";
import { McpSession } from "./mcp-session.ts";
import { NetworkCall } from "./network-call.ts";
import type { LimitTable } from "./limit-table.ts";
import type { SpanName } from "./observation.ts";
import { Observation } from "./observation.ts";
import { OpenRequestSession } from "./open-request-session.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { PlanUpdate } from "./plan-update.ts";
import { PlanBook } from "./plan-book.ts";
import type { SharedPortions } from "./rate-limits.ts";
import { portionWork, RateLimits } from "./rate-limits.ts";
import { RunNames } from "./run-names.ts";
import { seededHash } from "./seeded-hash.ts";
import type { SessionTools } from "./session-tools.ts";
import { Session } from "./session.ts";
import type { SessionCallParts } from "./session-call.ts";
import { SessionCall } from "./session-call.ts";
import type { ThreadCounters } from "./thread-counters.ts";
import { SwapSession } from "./swap-session.ts";
import { createTransactionIds } from "./transaction-id.ts";
import { UpstreamSession } from "./upstream-session.ts";
import type { Worker } from "./work-runner.ts";
import { WorkRunner } from "./work-runner.ts";

/** Paths of the methods that Envoy calls. */
export const ENGINE_METHODS = {
  process: "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
  connection: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
  network: "/envoy.service.network_ext_proc.v3.NetworkExternalProcessor/Process",
} as const;

/** What a service is given. */
export interface EngineServiceOptions {
  readonly clock: Clock;
  readonly counters: ThreadCounters;
  /** How far rate limits are used, in memory of all threads */
  readonly limits: LimitTable;
  /** Portions of limits that replicas share; absent: nothing is shared */
  readonly shared?: SharedPortions;
  /** How many requests of each agent are open, in memory of all threads */
  readonly openRequests: OpenRequests;
  /** How far budgets are used, and where this thread writes down what it reserves */
  readonly budgets: Pick<CallBudgetsOptions, "table" | "journal">;
  /** What calls of models usually use, in memory of all threads */
  readonly habits: HabitTable;
  /** Before those of the table that is shipped; absent: none */
  readonly prices?: readonly PriceEntry[];
  /** Takes the facts of one transaction */
  readonly onFacts: (facts: CallFacts) => void;
  /** Policies in place of the pipeline's own */
  readonly policies?: readonly Policy[];
  /** Withdraws a question about a request that its agent waits for no more; absent: nobody is asked anything */
  readonly cancel?: (cancellation: Cancellation) => void;
  /** Decides which traces are kept where a plan keeps a share; one for all threads, which no agent knows */
  readonly sampleSeed: number;
  /** Absent: no invocation has a trace of its own */
  readonly traces?: InvocationTraces;
  /** Slow work that policies may ask for */
  readonly workers?: ReadonlyMap<string, Worker>;
}

/** Serves the ext_proc methods. */
export class EngineService {
  readonly #options: EngineServiceOptions;
  readonly #book: PlanBook;
  readonly #parts: SessionCallParts;
  readonly #connectionParts: ConnectionCallParts;
  readonly #tools: SessionTools;
  readonly #nowUnixMs: () => number;
  readonly #health = new EjectedCandidates();
  readonly #runs = new RunNames();
  readonly #redactor = () => this.#book.redactor;
  readonly #words = () => this.#book.words;

  constructor(options: EngineServiceOptions) {
    this.#options = options;
    const { clock, counters, limits, onFacts, policies, workers = new Map() } = options;
    const { budgets, habits, prices = [] } = options;
    this.#book = new PlanBook(policies);
    this.#nowUnixMs = () => clock.now();
    const random = createRandomPool();
    const limiter = new RateLimits({
      table: limits,
      counters,
      nowMs: () => monotonicMs(clock),
      agentOfRun: (runId) => this.#runs.find(runId),
      shared: options.shared,
    });
    const work = new WorkRunner({
      workers: new Map([...workers, [portionWork, limiter.wait]]),
      clock,
    });
    this.#parts = { clock, counters, onFacts, work };
    this.#connectionParts = { counters, limiter, work, findPlan: this.#book.findConnection };
    this.#tools = {
      credential: this.#book.credential,
      limiter,
      budgeter: new CallBudgets({ ...budgets, counters, nowMs: this.#nowUnixMs }),
      estimates: new CallEstimates({ table: habits, nowMs: this.#nowUnixMs }),
      redactText: (text) => this.#book.redactor.redactText(text),
      nextId: createTransactionIds(random),
      trace: (traceparent, caller) =>
        createTraceIds(this.#parentOf(traceparent ?? "", caller), random),
      nowMs: () => monotonicMs(clock),
      routing: {
        credential: this.#book.credential,
        signer: this.#book.signer,
        nowUnixMs: this.#nowUnixMs,
        isEjected: (pick) => this.#health.isEjected(pick, monotonicMs(clock)),
        random: Math.random,
        prices: [...prices, ...priceTable],
        swap: (id) => this.#book.findSwap(id),
      },
      observe: (plan, request, settler) =>
        new Observation({
          plan,
          request,
          settler,
          redactor: this.#redactor,
          words: this.#words,
          sampleOf: (trace) => this.#sampleOf(trace),
        }),
    };
  }

  /** Revision that is decided by; 0 before the first. */
  get revision(): number {
    return this.#book.revision;
  }

  /** Methods for a `GrpcServer`. */
  get methods(): ReadonlyMap<string, OpenCall> {
    return new Map<string, OpenCall>([
      [ENGINE_METHODS.process, (stream) => this.#openProcess(stream)],
      [ENGINE_METHODS.connection, (stream) => new ConnectionCall(stream, this.#connectionParts)],
      [ENGINE_METHODS.network, (stream) => this.#openNetwork(stream)],
    ]);
  }

  /** Takes a revision; streams that are open go on as they began. */
  publish(update: PlanUpdate): void {
    this.#book.publish(update);
  }

  /** Takes which candidates are left out for now. */
  publishEjections(ejections: readonly Ejection[]): void {
    this.#health.publish(ejections, monotonicMs(this.#options.clock));
  }

  /** Takes which agents runs are of. */
  identify(runs: readonly RunAgent[]): void {
    this.#runs.add(runs);
  }

  /** Takes that something is known of a caller's portion now, or nothing can be. */
  onPortion(caller: string): void {
    this.#options.shared?.waiters.onAnswered(caller);
  }

  /** All of a trace is in a sample or nothing, but for that of an invocation: it may be all that ever runs. */
  #sampleOf({ traceId, spanId }: SpanName): number {
    const { traces, sampleSeed } = this.#options;
    const isInvocation = traces?.isInvocation(traceId) === true;
    return (seededHash(isInvocation ? spanId : traceId, sampleSeed) >>> 0) / 2 ** 32;
  }

  /** Without the trace of an invocation that is not the caller's. */
  #parentOf(traceparent: string, callerText: string): string {
    const { traces } = this.#options;
    if (traces === undefined) return traceparent;
    const id = invocationKey(callerText, (runId) => this.#runs.invocationOf(runId));
    return traces.parentOf(traceparent, traces.rootOf(id));
  }

  #openProcess(stream: GrpcStream): SessionCall {
    const call = new SessionCall(stream, this.#parts);
    const id = stream.header(CLRK_HEADERS.plan) ?? "";
    const role = stream.header(CLRK_HEADERS.extprocRole);
    if (role === ENGINE_ROLE.ceiling) return call.begin(this.#openRequest(stream, id));
    if (role === ENGINE_ROLE.swap) return call.begin(new SwapSession(this.#book.findSwap(id)));
    if (role === ENGINE_ROLE.upstream) {
      const entry = this.#book.findAttempt(id);
      if (entry?.plan.fallback !== undefined) {
        const head = decodeAskedHead(stream.header(CLRK_HEADERS.call));
        const address = stream.header(CLRK_HEADERS.upstreamAddress) ?? "";
        const tools = this.#tools.routing;
        return call.begin(new AttemptSession({ entry, head, address, tools }));
      }
      return call.begin(new UpstreamSession({ entry, nowUnixMs: this.#nowUnixMs }));
    }
    const caller = readCaller(stream.header(CLRK_HEADERS.caller));
    const entry = this.#book.find(id);
    if (entry?.mcp !== undefined) {
      const { cancel = () => {} } = this.#options;
      const tools = { ...this.#tools, words: this.#words, cancel };
      return call.begin(new McpSession({ entry, judge: entry.mcp, caller, tools, settler: call }));
    }
    return call.begin(new Session({ entry, caller, tools: this.#tools, settler: call }));
  }

  /** The id says how many there may be, and on which gateway. */
  #openRequest(stream: GrpcStream, id: string): OpenRequestSession {
    const [, digits = "", gateway = ""] = /^(\d{1,5}) (.+)$/.exec(id) ?? [];
    const caller = readCaller(stream.header(CLRK_HEADERS.caller));
    const agent = agentKey(caller, (runId) => this.#runs.find(runId));
    return new OpenRequestSession({
      key: `${gateway}\u0000${agent}`,
      most: digits === "" ? undefined : Number(digits),
      requests: this.#options.openRequests,
    });
  }

  #openNetwork(stream: GrpcStream): NetworkCall {
    const { clock, counters } = this.#options;
    return new NetworkCall({ stream, clock, counters });
  }
}
