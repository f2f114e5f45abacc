/**
 * Downstream role of one ext_proc stream: the phases of one transaction in, commands out. Does no I/O and never waits:
 * slow work is a command whose end comes back as an event. Every message of Envoy is answered once, in its order, and
 * however the stream ends, there is one record.
 */

import { auditedDenial, tryLetBy } from "../gateway/audit.ts";
import type {
  AuditedDenial,
  CallCharge,
  CallFacts,
  EngineDenial,
  ModelCall,
} from "../gateway/call-facts.ts";
import type {
  Command as PolicyCommand,
  Decision,
  HeaderPair,
  WorkOutcome,
} from "../gateway/decision.ts";
import type { RoutingPlan } from "../gateway/routing-plan.ts";
import type { TraceIds } from "../gateway/trace-context.ts";
import type { Transaction } from "../gateway/transaction.ts";
import type { WholeAnswer } from "./answer-changer.ts";
import type { CallAccount } from "./call-account.ts";
import type { AdmittedCall, WaitingCall } from "./call-admission.ts";
import { admitCall } from "./call-admission.ts";
import { encodeAnswerHead, encodeReplacedAnswer, encodeWholeAnswer } from "./answer-replies.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { encodeBodyReply, encodeHeadersReply } from "./mutation.ts";
import type { Observation, Settler } from "./observation.ts";
import { observedRequest, routedPlan } from "./observed-call.ts";
import type { PlanEntry } from "./plan-book.ts";
import type { PickedWay } from "./reply-parts.ts";
import { hidesTarget, recordedTarget } from "./recorded-target.ts";
import type { Refusal } from "./refusal.ts";
import { encodeRefusal } from "./refusal.ts";
import { RoutedCall, unreadWay } from "./routed-call.ts";
import {
  answerFault,
  bodiless,
  ownFault,
  tooMuchWaiting,
  unknownPlan,
  upgraded,
} from "./session-refusals.ts";
import { fault, leaveAnswer, replyCommands } from "./session-replies.ts";
import type { SessionTools } from "./session-tools.ts";
import type { HeaderView, TransactionMessage } from "./transaction-message.ts";
import { ownedHeaders, WaitingMessages } from "./waiting-messages.ts";

/** What a session is given. */
export interface SessionOptions {
  /** Undefined: Envoy asked by a plan that this thread does not have, and everything is refused */
  readonly entry: PlanEntry | undefined;
  /** As the connection proves it */
  readonly caller: string;
  readonly tools: SessionTools;
  /** Told when bodies were read after the stream had ended; then it calls `onSettled()` */
  readonly settler: Settler;
}

/**
 * Where the transaction stands. `waiting`: slow work is under way and messages are kept. `answered`: by Envoy, before it
 * asked anything.
 */
type State = "headers" | "waiting" | "open" | "refused" | "answered" | "closed";

/** One transaction. */
export class Session {
  readonly #entry: PlanEntry | undefined;
  readonly #caller: string;
  readonly #tools: SessionTools;
  readonly #settler: Settler;
  #state: State = "headers";
  #id = "";
  #trace: TraceIds | null = null;
  #startedMs = 0;
  #headers: HeaderView | undefined;
  #transaction: MutableTransaction | undefined;
  /** Position in the list of policies */
  #asked = 0;
  #set: HeaderPair[] = [];
  #remove: string[] = [];
  #observation: Observation | undefined;
  #hasResponse = false;
  #denial: EngineDenial | null = null;
  #wouldDeny: AuditedDenial | undefined;
  /** Where Envoy sends a request that is let by unread */
  #way: PickedWay | undefined;
  #target: CallFacts["target"] = null;
  #waiting: WaitingMessages | undefined;
  #isSettling = false;
  #isRecorded = false;
  /** Present where it is chosen who serves the request */
  #routed: RoutedCall | undefined;
  #isRouted = false;
  /** Headers of a routed request */
  #kept: HeaderView | undefined;
  /** Present while something must be known of the call's limits before it goes on by this reply */
  #held: { readonly call: WaitingCall; readonly reply: Buffer } | undefined;
  /** Present where a budget counts the call */
  #account: CallAccount | undefined;
  /** What becomes of the answer's body */
  #shape: "pass" | "stream" | "whole" = "pass";

  constructor({ entry, caller, tools, settler }: SessionOptions) {
    this.#entry = entry;
    this.#caller = caller;
    this.#tools = tools;
    this.#settler = settler;
  }

  /** Whether the stream is over and `onSettled()` is waited for. */
  get isSettling(): boolean {
    return this.#isSettling;
  }

  /** Takes a message of Envoy, which stays the caller's. */
  onMessage(message: TransactionMessage): readonly SessionCommand[] {
    switch (this.#state) {
      case "headers":
        return this.#onRequestHeaders(message);
      case "open":
        return this.#onOpenMessage(message);
      case "waiting":
        return this.#keep(message);
      case "answered":
        return replyCommands[message.phase];
      case "refused":
      case "closed":
        // Envoy may have sent more before it read the refusal.
        return nothing;
    }
  }

  /** Takes the end of the work that a policy asked for. */
  onOutcome(outcome: WorkOutcome): readonly SessionCommand[] {
    if (this.#state !== "waiting") return nothing;
    const commands = this.#goOn(outcome);
    const kept = this.#waiting;
    if (this.#isWaiting() || kept === undefined) return commands;
    this.#waiting = undefined;
    return [...commands, ...kept.take().flatMap((message) => this.onMessage(message))];
  }

  /** A fault of ours: what can still be refused is refused, all else is ended. */
  onFault(): readonly SessionCommand[] {
    if (this.#state === "headers" || this.#state === "waiting") {
      return this.#refuse(ownFault);
    }
    return [{ kind: "end", status: GRPC_STATUS.internal, message: "The session failed" }];
  }

  /**
   * The stream is over. The record follows at once, or with `onSettled()` when bodies are still being read; undefined
   * means that.
   */
  onClose(): readonly SessionCommand[] {
    if (this.#state === "closed") return nothing;
    this.#state = "closed";
    this.#waiting = undefined;
    this.#dropHeld();
    this.#isSettling = this.#observation?.close() === "settling";
    return this.#isSettling ? nothing : this.onSettled();
  }

  /** All that will be read of the bodies has been; also when it took too long. */
  onSettled(): readonly SessionCommand[] {
    // Without an id nothing of the transaction was seen, and no log entry will ask for it.
    if (this.#isRecorded || this.#state !== "closed" || this.#id === "") return nothing;
    this.#isRecorded = true;
    this.#isSettling = false;
    const observation = this.#observation;
    const model = observation?.model() ?? null;
    const charge = this.#settle(model);
    const facts: CallFacts = {
      id: this.#id,
      // Of a request that never went on no upstream was told.
      trace: this.#denial === null || this.#hasResponse ? this.#trace : null,
      model,
      capture: observation?.capture() ?? null,
      denial: this.#denial,
      ...(this.#wouldDeny !== undefined && { wouldDeny: this.#wouldDeny }),
      routing: this.#routed?.routing ?? null,
      ...(charge !== undefined && { charge }),
      target: this.#target,
      responseChunks: observation?.responseChunks ?? 0,
    };
    observation?.destroy();
    return [{ kind: "record", facts }];
  }

  #settle(model: ModelCall | null): CallCharge | undefined {
    const routed = this.#routed;
    if (routed === undefined || this.#account === undefined) return undefined;
    const { isLocal, demands } = routed;
    const textWeight = this.#observation?.textWeight ?? 0;
    return this.#account.settle(model, { isLocal, demands, textWeight });
  }

  #goOn(outcome: WorkOutcome): readonly SessionCommand[] {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return this.#admitBy(held.call.settle(outcome), held.reply);
    }
    if (this.#transaction === undefined) return nothing;
    this.#transaction.outcome = outcome;
    return this.#askPolicies(this.#transaction);
  }

  #isWaiting(): boolean {
    return this.#state === "waiting";
  }

  #onRequestHeaders(message: TransactionMessage): readonly SessionCommand[] {
    if (message.phase === "response-headers") {
      // A filter before ours refused the request: what Envoy answers is none of our matters.
      this.#state = "answered";
      return replyCommands[message.phase];
    }
    if (message.phase !== "request-headers") return fault(message.phase);
    const { nextId, nowMs } = this.#tools;
    this.#id = nextId();
    this.#startedMs = nowMs();
    if (this.#entry === undefined) {
      return this.#refuse(unknownPlan);
    }
    return this.#decide(this.#entry, message);
  }

  #decide(entry: PlanEntry, { headers, endOfStream }: TransactionMessage) {
    const tools = this.#tools;
    const trace = tools.trace(headers.find("traceparent"), this.#caller);
    this.#trace = trace;
    this.#headers = headers;
    const { policies, shown } = entry;
    const path = headers.find(":path") ?? "/";
    const method = headers.find(":method") ?? "";
    const { routing } = entry.plan;
    if (routing !== undefined) {
      if (headers.find("upgrade") !== undefined) return this.#refuse(upgraded);
      if (endOfStream && !this.#isLetBy(bodiless, routing.letBy !== undefined)) {
        return this.#refuse(bodiless);
      }
      if (endOfStream) this.#way = unreadWay(routing);
      else this.#routed = this.#routeCall(entry, routing, ownedHeaders(headers));
    } else if (shown.requestBody !== "none" || shown.responseBody) {
      const { meters, capture } = entry.plan;
      const plan = { provider: entry.provider, meters, capture };
      this.#observation = tools.observe(plan, observedRequest(headers, trace), this.#settler);
      if (endOfStream) this.#observation.requestEnd();
    }
    const transaction: MutableTransaction = {
      plan: entry.plan,
      caller: this.#caller,
      method,
      authority: headers.find(":authority") ?? "",
      path,
      header: (name) => this.#headers?.find(name),
      trace,
      limiter: tools.limiter,
      credential: tools.credential,
      outcome: undefined,
    };
    if (hidesTarget(entry.plan)) this.#target = recordedTarget(path, tools);
    if (policies.length === 0) return this.#answerHeaders();
    return this.#askPolicies(transaction);
  }

  #askPolicies(transaction: MutableTransaction): readonly SessionCommand[] {
    const policies = this.#entry?.policies ?? [];
    while (this.#asked < policies.length) {
      const answer = policies[this.#asked]?.evaluate(transaction);
      if (answer === undefined) break;
      if (answer.kind === "work") return this.#wait(transaction, answer);
      transaction.outcome = undefined;
      if (answer.kind === "deny" && !this.#isLetBy(answer)) return this.#refuse(answer);
      if (answer.kind === "mutate") this.#collect(answer);
      this.#asked++;
    }
    return this.#answerHeaders();
  }

  #wait(transaction: MutableTransaction, work: PolicyCommand): readonly SessionCommand[] {
    // The message's bytes are only lent: what policies may still ask for is kept.
    if (this.#headers !== undefined) this.#headers = ownedHeaders(this.#headers);
    this.#transaction = transaction;
    this.#state = "waiting";
    return [{ kind: "start-work", work }];
  }

  #collect({ set, remove }: Extract<Decision, { kind: "mutate" }>): void {
    for (const pair of set) this.#set.push(pair);
    for (const name of remove) this.#remove.push(name);
  }

  #answerHeaders(): readonly SessionCommand[] {
    this.#state = "open";
    this.#headers = undefined;
    const bytes = encodeHeadersReply("request-headers", {
      set: this.#set,
      remove: this.#remove,
      transactionId: this.#id,
      ...(this.#way !== undefined && { way: this.#way }),
    });
    return [{ kind: "send", bytes }];
  }

  /** Whether audit mode lets by what is refused, which it notes. */
  #isLetBy(refusal: Refusal, audits: boolean | undefined = this.#entry?.plan.audits): boolean {
    const note = this.#entry && tryLetBy(refusal, this.#entry.plan, audits);
    this.#wouldDeny ??= note;
    return note !== undefined;
  }

  /** What waited goes nowhere any more. */
  #dropHeld(): void {
    this.#held?.call.cancel();
    this.#held = undefined;
  }

  #refuse(refusal: Refusal): readonly SessionCommand[] {
    this.#state = "refused";
    this.#dropHeld();
    this.#denial = { reason: refusal.reason, message: refusal.message };
    const provider = this.#entry?.provider;
    const bytes = encodeRefusal(refusal, { provider, transactionId: this.#id });
    return [{ kind: "send", bytes }];
  }

  #keep(message: TransactionMessage): readonly SessionCommand[] {
    this.#waiting ??= new WaitingMessages();
    if (this.#waiting.add(message)) return nothing;
    return this.#refuse(tooMuchWaiting);
  }

  #onOpenMessage(message: TransactionMessage): readonly SessionCommand[] {
    const { phase, body, endOfStream } = message;
    switch (phase) {
      case "request-body":
        if (this.#routed !== undefined) return this.#onRoutedRequest(this.#routed, body);
        this.#observation?.requestBody(body, endOfStream);
        return replyCommands[phase];
      case "response-headers":
        return this.#hasResponse ? fault(phase) : this.#onResponseHeaders(message);
      case "response-body":
        if (!this.#hasResponse) return fault(phase);
        this.#account?.onPiece(body.length);
        this.#observation?.responseBody(body, endOfStream, this.#sinceStartMs());
        return this.#shape === "pass" ? replyCommands[phase] : this.#onAnswer(body, endOfStream);
      case "request-trailers":
      case "response-trailers":
        return replyCommands[phase];
      case "request-headers":
        return fault(phase);
    }
  }

  #onResponseHeaders({ headers, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    this.#hasResponse = true;
    this.#account?.onAnswer(headers);
    const routed = this.#routed;
    if (routed !== undefined) return this.#onRoutedAnswer(routed, { headers, endOfStream });
    const reads = this.#observation?.responseHeaders(headers, endOfStream) ?? false;
    // Of an upgraded connection nothing is shown, and to ask for less would turn bodies on.
    const isUpgrade = headers.find(":status") === "101";
    if (reads || endOfStream || isUpgrade) return replyCommands["response-headers"];
    return leaveAnswer(this.#entry?.shown.requestBody === "streamed" ? "streamed" : "none");
  }

  #routeCall(entry: PlanEntry, routing: RoutingPlan, headers: HeaderView): RoutedCall | undefined {
    const { provider } = entry;
    if (provider === undefined) return undefined;
    this.#kept = headers;
    return new RoutedCall(routing, { id: this.#id, provider, headers }, this.#tools.routing);
  }

  /** The whole request is there: now it is decided who serves it. */
  #onRoutedRequest(routed: RoutedCall, body: Buffer): readonly SessionCommand[] {
    if (this.#isRouted) return fault("request-body");
    this.#isRouted = true;
    const outcome = routed.onRequest(body);
    this.#observeRouted(routed, body);
    // Envoy logs the path that the backend is asked by.
    if (routed.changesPath) this.#target = recordedTarget(this.#kept?.find(":path"), this.#tools);
    if (outcome.kind === "refuse") return this.#refuse(outcome.refusal);
    return this.#admit(routed, encodeBodyReply("request-body", outcome.reply));
  }

  /** Which rule's limits and budget count is known only now; what would be refused anyway takes nothing. */
  #admit(routed: RoutedCall, reply: Buffer): readonly SessionCommand[] {
    const { wouldDeny } = routed;
    if (wouldDeny !== undefined) {
      this.#wouldDeny = this.#entry && auditedDenial(wouldDeny, this.#entry.plan);
      return [{ kind: "send", bytes: reply }];
    }
    const asked = { caller: this.#caller, transaction: this.#id };
    return this.#admitBy(admitCall(routed, asked, this.#tools), reply);
  }

  #admitBy(admitted: AdmittedCall | WaitingCall, reply: Buffer): readonly SessionCommand[] {
    if (admitted.kind === "waiting") {
      this.#state = "waiting";
      // The message's bytes are only lent: what goes on was encoded before anything is waited for.
      this.#held = { call: admitted, reply };
      return [admitted.command];
    }
    if (admitted.kind === "admitted") this.#account = admitted.account;
    else if (!this.#isLetBy(admitted.refusal, this.#routed?.rule?.audits)) {
      return this.#refuse(admitted.refusal);
    }
    this.#state = "open";
    return [{ kind: "send", bytes: reply }];
  }

  /** The request is read as the agent sent it, its answer as the provider that serves it writes it. */
  #observeRouted(routed: RoutedCall, body: Buffer): void {
    const plan = this.#entry && routedPlan(this.#entry, routed.rule);
    if (plan === undefined || this.#kept === undefined) return;
    const request = observedRequest(this.#kept, this.#trace);
    this.#observation = this.#tools.observe(plan, request, this.#settler);
    this.#observation.requestBody(body, true);
  }

  #onRoutedAnswer(
    routed: RoutedCall,
    { headers, endOfStream }: Pick<TransactionMessage, "headers" | "endOfStream">,
  ): readonly SessionCommand[] {
    // Nothing was decided: an upgraded connection, whose bodies a mode would turn on, or a reply of Envoy's own.
    if (!this.#isRouted) return replyCommands["response-headers"];
    const shape = routed.onAnswer(headers, endOfStream);
    if (shape.kind === "fault") return this.#refuse(answerFault);
    const served = routed.servedBy;
    if (served !== undefined) this.#observation?.answeredBy(served);
    const reads = this.#observation?.responseHeaders(headers, endOfStream) ?? false;
    if (shape.kind === "whole" && endOfStream) return this.#replaceAnswer(routed);
    this.#shape = shape.kind;
    const bytes = encodeAnswerHead({ shape, reads, isLast: endOfStream });
    return [{ kind: "send", bytes }];
  }

  #replaceAnswer(routed: RoutedCall): readonly SessionCommand[] {
    const answer = routed.onWhole(noBytes);
    if (answer === undefined) return replyCommands["response-headers"];
    this.#noteProblem(answer);
    return [{ kind: "send", bytes: encodeReplacedAnswer(answer, this.#id) }];
  }

  #onAnswer(body: Buffer, endOfStream: boolean): readonly SessionCommand[] {
    const routed = this.#routed;
    if (routed === undefined) return replyCommands["response-body"];
    if (this.#shape === "stream") {
      const sent = routed.onPiece(body, endOfStream);
      return [{ kind: "send", bytes: encodeBodyReply("response-body", { body: sent }) }];
    }
    const answer = routed.onWhole(body);
    if (answer === undefined) return replyCommands["response-body"];
    this.#noteProblem(answer);
    return [{ kind: "send", bytes: encodeWholeAnswer(answer) }];
  }

  #noteProblem({ problem }: WholeAnswer): void {
    if (problem === null) return;
    const message = `The provider's answer could not be given on: ${problem}`;
    this.#denial = { reason: "upstream-malformed", message };
  }

  #sinceStartMs(): number {
    return this.#tools.nowMs() - this.#startedMs;
  }
}

const noBytes = Buffer.alloc(0);

interface MutableTransaction extends Transaction {
  outcome: WorkOutcome | undefined;
}
