/**
 * What is told of one request to an MCP server: collected while it is under way, until its record is made. Which parts of
 * it are kept may depend on the rules that decide, which are known with its body.
 */

import type { AuditedDenial, CallFacts, EngineDenial, McpFacts } from "../gateway/call-facts.ts";
import type { McpJudge } from "../gateway/mcp-judge.ts";
import type { CapturePlan } from "../gateway/snapshot.ts";
import type { TraceIds } from "../gateway/trace-context.ts";
import type { McpAnswer } from "./mcp-answer.ts";
import { withResults } from "./mcp-exchange.ts";
import type { Observation, ObservedRequest, Settler } from "./observation.ts";
import type { PlanEntry } from "./plan-book.ts";
import { hidesTarget, recordedTarget } from "./recorded-target.ts";
import type { SessionTools } from "./session-tools.ts";
import type { HeaderView } from "./transaction-message.ts";

/** What a record is made from. */
export interface McpRecordOptions {
  readonly entry: PlanEntry;
  /** Of the entry's plan */
  readonly judge: McpJudge;
  readonly tools: SessionTools;
  readonly settler: Settler;
}

/** Collects the facts of one request. */
export class McpRecord {
  readonly #options: McpRecordOptions;
  #id = "";
  #startedMs = 0;
  #trace: TraceIds | null = null;
  #observation: Observation | undefined;
  /** Present until it is known what is kept of it */
  #unobserved: ObservedRequest | undefined;
  #denial: EngineDenial | null = null;
  #wouldDeny: AuditedDenial | undefined;
  #mcp: McpFacts | null = null;
  #target: CallFacts["target"] = null;
  #routing: CallFacts["routing"] = null;
  #hasResponse = false;

  constructor(options: McpRecordOptions) {
    this.#options = options;
  }

  /** Unique; empty before anything was seen of the request. */
  get id(): string {
    return this.#id;
  }

  /** What was said to the server, as far as it is read. */
  get messages(): McpFacts | null {
    return this.#mcp;
  }

  /** Whether audit mode let the request by. */
  get isLetBy(): boolean {
    return this.#wouldDeny !== undefined;
  }

  /** Begins with the request's headers, which are kept; gives the ids that the upstream is told. */
  begin(headers: HeaderView, isLast: boolean): TraceIds {
    const { entry, tools } = this.#options;
    const { capture, mcp } = entry.plan;
    this.#id = tools.nextId();
    this.#startedMs = tools.nowMs();
    const trace = tools.trace(headers.find("traceparent"));
    this.#trace = trace;
    const path = headers.find(":path") ?? "/";
    if (hidesTarget(entry.plan)) this.#target = recordedTarget(path, tools);
    const method = headers.find(":method") ?? "";
    const request = { method, path, headers, traceId: trace.traceId };
    if (mcp?.isKeptByRule === true) this.#unobserved = request;
    else this.#observe(request, capture);
    if (isLast) this.#decideKept([]);
    if (isLast) this.#observation?.requestEnd();
    return trace;
  }

  /** The whole body, which is borrowed, and the rules that decided about its messages; none: it is no message. */
  requestBody(body: Buffer, rules: readonly (number | null)[]): void {
    this.#decideKept(rules);
    this.#observation?.requestBody(body, true);
  }

  /** A piece of a body that nobody judges. */
  unjudgedBody(chunk: Buffer, isLast: boolean): void {
    this.#decideKept([]);
    this.#observation?.requestBody(chunk, isLast);
  }

  /** Takes the answer's headers; whether its body is wanted. */
  responseHeaders(headers: HeaderView, isLast: boolean): boolean {
    this.#hasResponse = true;
    this.#decideKept([]);
    return this.#observation?.responseHeaders(headers, isLast) ?? false;
  }

  /** A piece of the answer, which is borrowed. */
  responseBody(chunk: Buffer, isLast: boolean): void {
    const sinceStartMs = this.#options.tools.nowMs() - this.#startedMs;
    this.#observation?.responseBody(chunk, isLast, sinceStartMs);
  }

  /** What was said to the server, without credentials. */
  noteMessages(facts: McpFacts | null): void {
    this.#mcp = facts;
  }

  /** Why it was refused; no credential is in it. */
  noteDenial({ reason, message }: EngineDenial): void {
    this.#denial = { reason, message };
  }

  /** Why it would have been; the first reason stands. */
  noteWouldDeny(note: AuditedDenial): void {
    this.#wouldDeny ??= note;
  }

  /** Who serves it, and whether by another target than it came with: Envoy logs the one that leaves. */
  noteRouting(routing: CallFacts["routing"], target: string, isRewritten: boolean): void {
    this.#routing = routing;
    if (isRewritten) this.#target ??= recordedTarget(target, this.#options.tools);
  }

  /** The stream is over; `settling`: bodies are still being read, and the settler is told when they have been. */
  close(): "settled" | "settling" {
    this.#decideKept([]);
    return this.#observation?.close() ?? "settled";
  }

  /** All of it, once; `requestKeys` are what ids of its requests are compared by. */
  take(requestKeys: readonly (string | null)[], answer: McpAnswer | undefined): CallFacts {
    const observation = this.#observation;
    const facts: CallFacts = {
      id: this.#id,
      trace: this.#denial === null || this.#hasResponse ? this.#trace : null,
      model: null,
      capture: observation?.capture() ?? null,
      denial: this.#denial,
      ...(this.#wouldDeny !== undefined && { wouldDeny: this.#wouldDeny }),
      routing: this.#routing,
      target: this.#target,
      responseChunks: observation?.responseChunks ?? 0,
      ...(this.#mcp !== null && { mcp: withResults(this.#mcp, requestKeys, answer?.reader) }),
    };
    observation?.destroy();
    return facts;
  }

  #decideKept(rules: readonly (number | null)[]): void {
    const request = this.#unobserved;
    if (request === undefined) return;
    this.#unobserved = undefined;
    this.#observe(request, this.#options.judge.captureFor(rules));
  }

  #observe(request: ObservedRequest, capture: CapturePlan | undefined): void {
    if (capture === undefined) return;
    const { tools, settler } = this.#options;
    const plan = { provider: undefined, meters: false, capture };
    this.#observation = tools.observe(plan, request, settler);
  }
}
