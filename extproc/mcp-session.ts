/**
 * Downstream role of a stream whose requests go to an MCP server: Envoy holds the whole body until every message of it is
 * judged, and answers pass without the names of what is refused. Does no I/O.
 */

import { tryLetBy } from "../gateway/audit.ts";
import type { McpFacts } from "../gateway/call-facts.ts";
import type { Cancellation } from "../gateway/confirmation.ts";
import type { Command, WorkOutcome } from "../gateway/decision.ts";
import { refuseLimited } from "../gateway/limit-refusal.ts";
import type {
  AskedConfirmation,
  McpHead,
  McpJudge,
  McpOutcome,
  McpRefusal,
} from "../gateway/mcp-judge.ts";
import type { LimitVerdict } from "../gateway/rate-limiter.ts";
import { letByPick, letByReasons } from "../gateway/routing-plan.ts";
import type { LimitPlan } from "../gateway/snapshot.ts";
import {
  answerOf,
  askCommand,
  confirmedFacts,
  envoyWaitMs,
  unconfirmedClause,
} from "./asked-confirmation.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { McpAnswer } from "./mcp-answer.ts";
import { asDenied, headOf, withoutCredentials } from "./mcp-exchange.ts";
import { McpRecord } from "./mcp-record.ts";
import { compressedAnswer, cutBody, encodeMcpRefusal } from "./mcp-refusal.ts";
import { encodeBodyReply, encodeHeadersReply, encodeLongerWait } from "./mutation.ts";
import type { Settler } from "./observation.ts";
import { askPolicies } from "./mcp-policies.ts";
import { sendMcp } from "./mcp-way.ts";
import type { PlanEntry } from "./plan-book.ts";
import type { Refusal } from "./refusal.ts";
import { encodeRefusal } from "./refusal.ts";
import type { SessionTools } from "./session-tools.ts";
import { ownFault } from "./session-refusals.ts";
import { fault, replyCommands } from "./session-replies.ts";
import type { TransactionMessage } from "./transaction-message.ts";
import { ownedHeaders } from "./waiting-messages.ts";
import type { WordRedactor } from "./word-redactor.ts";

/** What a session is given. */
export interface McpSessionOptions {
  readonly entry: PlanEntry;
  /** Of the entry's plan */
  readonly judge: McpJudge;
  /** As the connection proves it */
  readonly caller: string;
  readonly tools: SessionTools & {
    readonly words: () => WordRedactor;
    /** Withdraws a question about a request that the agent waits for no more */
    readonly cancel: (cancellation: Cancellation) => void;
  };
  /** Told when bodies were read after the stream had ended; then it calls `onSettled()` */
  readonly settler: Settler;
}

/**
 * `body`: the request's body is waited for. `waiting`: something must be known of its limits. `asking`: its confirmation
 * is waited for. `open`: the request was allowed. `answered`: by Envoy, before it asked anything.
 */
type State = "headers" | "body" | "waiting" | "asking" | "open" | "refused" | "answered" | "closed";

type AllowedOutcome = Extract<McpOutcome, { readonly kind: "allow" }>;

/** A request that waits for its confirmation. */
interface AskedOutcome {
  readonly asked: AskedConfirmation;
  readonly outcome: AllowedOutcome;
  readonly facts: McpFacts;
}

/** One request to an MCP server. */
export class McpSession {
  readonly #options: McpSessionOptions;
  readonly #record: McpRecord;
  #state: State = "headers";
  #head: McpHead | undefined;
  #hasResponse = false;
  /** Whether answers may name what is refused */
  #filters = false;
  #asked: AskedOutcome | undefined;
  /** What ids of requests that went on are compared by, in the order of the messages */
  #requestKeys: readonly (string | null)[] = [];
  #answer: McpAnswer | undefined;
  /** Goes on after the work that is waited for */
  #resume: ((outcome: WorkOutcome) => readonly SessionCommand[]) | undefined;
  #isSettling = false;
  #isRecorded = false;

  constructor(options: McpSessionOptions) {
    this.#options = options;
    this.#record = new McpRecord(options);
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
      case "body":
        return message.phase === "request-body" ? this.#onBody(message) : this.#early(message);
      case "waiting":
      case "asking":
        return this.#early(message);
      case "open":
        return this.#onOpenMessage(message);
      case "answered":
        return replyCommands[message.phase];
      case "refused":
      case "closed":
        // Envoy may have sent more before it read the refusal.
        return nothing;
    }
  }

  /** Takes the end of the work that a limit asked for, or of the question whether the request may go on. */
  onOutcome(outcome: WorkOutcome): readonly SessionCommand[] {
    const resume = this.#resume;
    this.#resume = undefined;
    const isWaiting = this.#state === "waiting" || this.#state === "asking";
    return isWaiting && resume !== undefined ? resume(outcome) : nothing;
  }

  /** A fault of ours: what can still be refused is refused, all else is ended. */
  onFault(): readonly SessionCommand[] {
    const isUndecided = ["headers", "body", "waiting", "asking"].includes(this.#state);
    if (isUndecided) return this.#refuse(ownFault);
    return [{ kind: "end", status: GRPC_STATUS.internal, message: "The session failed" }];
  }

  /** The stream is over. The record follows at once, or with `onSettled()` when bodies are still being read. */
  onClose(): readonly SessionCommand[] {
    if (this.#state === "closed") return nothing;
    if (this.#state === "asking") this.#onWithdrawn();
    this.#state = "closed";
    this.#isSettling = this.#record.close() === "settling";
    return this.#isSettling ? nothing : this.onSettled();
  }

  /** All that will be read of the bodies has been; also when it took too long. */
  onSettled(): readonly SessionCommand[] {
    if (this.#isRecorded || this.#state !== "closed" || this.#record.id === "") return nothing;
    this.#isRecorded = true;
    this.#isSettling = false;
    return [{ kind: "record", facts: this.#record.take(this.#requestKeys, this.#answer) }];
  }

  #onRequestHeaders({ phase, headers, endOfStream }: TransactionMessage) {
    if (phase === "response-headers") {
      // A filter before ours refused the request: what Envoy answers is none of our matters.
      this.#state = "answered";
      return replyCommands[phase];
    }
    if (phase !== "request-headers") return fault(phase);
    const { entry, caller, tools, judge } = this.#options;
    const kept = ownedHeaders(headers);
    const trace = this.#record.begin(kept, endOfStream);
    const head = headOf(kept, !endOfStream);
    this.#head = head;
    if (head.scheme === "") return this.#refuse(ownFault);
    this.#record.noteMessages(judge.headFacts(head));
    const refusal = judge.judgeHead(head);
    const pick = refusal && this.#letBy(refusal);
    if (refusal !== undefined && pick === undefined) return this.#refuseAsMcp(refusal);
    const changes = askPolicies(entry, {
      request: { head, headers, caller, trace },
      tools,
      isLetBy: (denial) => this.#letBy(denial) !== undefined,
    });
    if (changes.kind === "refuse") return this.#refuse(changes.refusal);
    // What is let by although it would be refused goes to the host that was asked for.
    const sending = sendMcp(
      pick === undefined ? entry.plan.mcp : undefined,
      { head, caller },
      tools,
    );
    if (sending.kind === "refuse") return this.#refuseAsMcp(sending.refusal);
    this.#record.noteRouting(sending.routing, head.target, sending.set.length > 0);
    const way = pick === undefined ? sending.way : { pick };
    const set = [...changes.set, ...sending.set];
    const bytes = encodeHeadersReply("request-headers", {
      // What is compressed cannot be filtered as it passes.
      set: this.#audits ? set : [...set, ["accept-encoding", "identity"]],
      remove: changes.remove,
      transactionId: this.#record.id,
      ...(way !== undefined && { way }),
    });
    const goOn = () => {
      this.#state = "open";
      return send(bytes);
    };
    // What is let by although it would be refused takes nothing.
    if (pick !== undefined) return goOn();
    if (!endOfStream) {
      this.#state = "body";
      return send(bytes);
    }
    return this.#takeLimits([], {
      onTaken: () => {
        this.#filters = this.#record.messages === null && judge.hides(head) && !this.#audits;
        return goOn();
      },
      onRefused: (limited) => (this.#letBy(limited) === undefined ? this.#refuse(limited) : goOn()),
    });
  }

  /** Nothing but the body comes before the body is judged, unless Envoy answers by itself. */
  #early({ phase }: TransactionMessage): readonly SessionCommand[] {
    if (phase === "response-headers" || phase === "response-body") return replyCommands[phase];
    return fault(phase);
  }

  /** The whole body is there. */
  #onBody({ body, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    const { judge } = this.#options;
    const head = this.#head;
    if (head === undefined) return this.#refuse(ownFault);
    if (!endOfStream) return this.#goOnWithout(cutBody) ?? this.#refuse(cutBody);
    const outcome = judge.judgeBody(head, body);
    this.#record.requestBody(body, outcome.rules);
    const { words } = this.#options.tools;
    this.#record.noteMessages(outcome.facts && withoutCredentials(outcome.facts, words()));
    if (outcome.kind === "refuse") {
      const { refusal, isRuled } = outcome;
      const goOn = isRuled ? this.#goOn(refusal) : this.#goOnWithout(refusal);
      return goOn ?? this.#refuseAsMcp(refusal);
    }
    return this.#takeLimits(outcome.limits, {
      onTaken: () => this.#goOnWith(outcome, head, body),
      onRefused: ({ message, reason, headers = [] }) => {
        const { messages } = this.#record;
        this.#record.noteMessages(messages && asDenied(messages));
        const refusal = outcome.limited({ message, headers, reason });
        return this.#goOn(refusal) ?? this.#refuseAsMcp(refusal);
      },
    });
  }

  #goOnWith(outcome: AllowedOutcome, head: McpHead, body: Buffer): readonly SessionCommand[] {
    for (const requestKey of outcome.cancelled) this.#cancel(head, requestKey);
    const { confirmation } = outcome;
    if (confirmation === null) return this.#letPass(outcome);
    // Nobody is asked by a rule that refuses nothing.
    if (this.#audits && this.#letBy(outcome.unconfirmed("nobody was asked")) !== undefined) {
      return this.#letPass(outcome);
    }
    return this.#ask(outcome, confirmation, body);
  }

  get #audits(): boolean {
    return this.#options.entry.plan.audits === true;
  }

  /** In audit mode notes a refusal, and says where a request goes that no rule is about; undefined: it is refused. */
  #letBy({ reason, message }: Pick<Refusal, "reason" | "message">): string | undefined {
    const { entry, tools } = this.#options;
    const told = { reason, message: tools.words().redactOnce(message) };
    const note = tryLetBy(told, entry.plan, this.#audits);
    if (note === undefined) return undefined;
    this.#record.noteWouldDeny(note);
    const known = letByReasons.find((one) => one === reason);
    return letByPick(known ?? "mcp-denied");
  }

  /** What a rule is about keeps the rule's credential. */
  #goOn(refusal: Pick<Refusal, "reason" | "message">): readonly SessionCommand[] | undefined {
    if (this.#letBy(refusal) === undefined) return undefined;
    this.#state = "open";
    return replyCommands["request-body"];
  }

  #goOnWithout(
    refusal: Pick<Refusal, "reason" | "message">,
  ): readonly SessionCommand[] | undefined {
    const pick = this.#letBy(refusal);
    if (pick === undefined) return undefined;
    this.#state = "open";
    return send(encodeBodyReply("request-body", { way: { pick } }));
  }

  #letPass({ hasLists, requestKeys }: AllowedOutcome): readonly SessionCommand[] {
    const head = this.#head;
    this.#state = "open";
    this.#requestKeys = requestKeys;
    this.#filters =
      hasLists && head !== undefined && this.#options.judge.hides(head) && !this.#audits;
    return replyCommands["request-body"];
  }

  /** Envoy holds the body meanwhile: what goes on is what was asked about. */
  #ask(outcome: AllowedOutcome, asked: AskedConfirmation, body: Buffer): readonly SessionCommand[] {
    const { entry, caller, tools } = this.#options;
    this.#state = "asking";
    this.#asked = { asked, outcome, facts: this.#record.messages ?? outcome.facts };
    this.#resume = (answer) => this.#onConfirmation(answer);
    const request = {
      transactionId: this.#record.id,
      caller,
      plan: entry.plan,
      session: this.#mcpSession(),
      body,
    };
    return [
      { kind: "send", bytes: encodeLongerWait(envoyWaitMs(asked)) },
      { kind: "start-work", work: askCommand(asked, request, tools.words()) },
    ];
  }

  #onConfirmation(outcome: WorkOutcome): readonly SessionCommand[] {
    const waiting = this.#asked;
    if (waiting === undefined) return nothing;
    const { asked, facts } = waiting;
    const answer = answerOf(outcome);
    this.#record.noteMessages(confirmedFacts(facts, asked, answer));
    if (answer.outcome === "approved") return this.#letPass(waiting.outcome);
    const clause = unconfirmedClause(asked, answer);
    return this.#refuseAsMcp(waiting.outcome.unconfirmed(clause));
  }

  #mcpSession(): string {
    return this.#head?.values("mcp-session-id")[0] ?? "";
  }

  #cancel(head: McpHead, requestKey: string): void {
    const { caller, tools, judge } = this.#options;
    const server = tools.words().redactOnce(judge.serverName(head));
    tools.cancel({ caller, server, session: this.#mcpSession(), requestKey });
  }

  /** The agent went, or Envoy gave up. */
  #onWithdrawn(): void {
    if (this.#asked === undefined) return;
    const { asked, facts } = this.#asked;
    const answer = { outcome: "withdrawn", by: null, reason: "" } as const;
    this.#record.noteMessages(confirmedFacts(facts, asked, answer));
  }

  /** Takes one of each limit of the plan and of the messages, perhaps after something is known of them. */
  #takeLimits(ofMessages: readonly LimitPlan[], next: AfterLimits): readonly SessionCommand[] {
    const { entry, caller, tools } = this.#options;
    const limits = [...(entry.plan.limits ?? []), ...ofMessages];
    if (limits.length === 0) return next.onTaken();
    const request = { caller, route: entry.plan.route };
    const decide = (verdict: LimitVerdict) =>
      verdict.kind === "taken" ? next.onTaken() : next.onRefused(refuseLimited(verdict));
    const verdict = tools.limiter.take(limits, request);
    if (verdict.kind !== "work") return decide(verdict);
    return this.#wait(verdict, (outcome) => decide(tools.limiter.settle(limits, request, outcome)));
  }

  #wait(
    work: Command,
    resume: (outcome: WorkOutcome) => readonly SessionCommand[],
  ): readonly SessionCommand[] {
    this.#state = "waiting";
    this.#resume = resume;
    return [{ kind: "start-work", work }];
  }

  #onOpenMessage(message: TransactionMessage): readonly SessionCommand[] {
    const { phase, body, endOfStream } = message;
    switch (phase) {
      case "response-headers":
        return this.#hasResponse ? fault(phase) : this.#onResponseHeaders(message);
      case "response-body":
        return this.#hasResponse ? this.#onAnswer(body, endOfStream) : fault(phase);
      case "request-trailers":
      case "response-trailers":
        return replyCommands[phase];
      case "request-body":
        // Nobody judges it: its head would have been refused.
        if (!this.#record.isLetBy) return fault(phase);
        this.#record.unjudgedBody(body, endOfStream);
        return replyCommands[phase];
      case "request-headers":
        return fault(phase);
    }
  }

  #onResponseHeaders({ headers, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    this.#hasResponse = true;
    const isObserved = this.#record.responseHeaders(headers, endOfStream);
    if (endOfStream) return replyCommands["response-headers"];
    const answer = McpAnswer.begin(headers, {
      judge: this.#options.judge,
      head: this.#head,
      filters: this.#filters,
      ids: new Set(this.#requestKeys.flatMap((key) => key ?? [])),
      isObserved,
    });
    if (answer === "compressed") return this.#refuse(compressedAnswer);
    this.#answer = answer;
    return send(answer.headersReply);
  }

  #onAnswer(body: Buffer, endOfStream: boolean): readonly SessionCommand[] {
    this.#record.responseBody(body, endOfStream);
    return this.#answer?.onBody(body, endOfStream) ?? replyCommands["response-body"];
  }

  #refuseAsMcp(refusal: McpRefusal): readonly SessionCommand[] {
    const { reason, message } = refusal;
    this.#state = "refused";
    const told = this.#options.tools.words().redactOnce(message);
    this.#record.noteDenial({ reason, message: told });
    return send(encodeMcpRefusal(refusal, this.#record.id));
  }

  #refuse(refusal: Refusal): readonly SessionCommand[] {
    this.#state = "refused";
    this.#record.noteDenial(refusal);
    const transactionId = this.#record.id;
    return send(encodeRefusal(refusal, { provider: undefined, transactionId }));
  }
}

interface AfterLimits {
  readonly onTaken: () => readonly SessionCommand[];
  readonly onRefused: (refusal: Refusal) => readonly SessionCommand[];
}

function send(bytes: Buffer): readonly SessionCommand[] {
  return [{ kind: "send", bytes }];
}
