/**
 * Swap role: what stands between the gateway's own changes and the upstream. Placeholders of requests become values,
 * values of answers are written over, piece by piece as they pass. It leaves no record of its own: the transaction's
 * session has seen neither, and says the rest.
 */

import type { ExchangeStream } from "../gateway/value-exchange.ts";
import { findProviderByHost } from "../providers/registry.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { encodeBodyReply, encodeHeadersReply, encodeTrailersReply } from "./mutation.ts";
import type { Refusal } from "./refusal.ts";
import { encodeRefusal } from "./refusal.ts";
import { replyCommands } from "./session-replies.ts";
import { scrubHead } from "./swap-answer.ts";
import type { SwapEntry } from "./swap-entry.ts";
import { misdirected, valueMissing } from "./swap-refusals.ts";
import { swapHead } from "./swap-request.ts";
import type { HeaderView, TransactionMessage } from "./transaction-message.ts";

type BodyPhase = "request-body" | "response-body";

/** One request. */
export class SwapSession {
  readonly #entry: SwapEntry | undefined;
  #isDone = false;
  #hasRequest = false;
  #authority = "";
  #request: ExchangeStream | undefined;
  #answer: ExchangeStream | undefined;

  /** Without an entry everything is refused: Envoy asked by a plan that this thread does not have. */
  constructor(entry: SwapEntry | undefined) {
    this.#entry = entry;
  }

  /** Takes a message of Envoy, which stays the caller's. */
  onMessage(message: TransactionMessage): readonly SessionCommand[] {
    if (this.#isDone) return nothing;
    const { phase } = message;
    switch (phase) {
      case "request-headers":
        return this.#onRequest(message);
      case "request-body":
        return this.#onPiece(phase, message, this.#request);
      case "request-trailers":
        return this.#onRequestTrailers(message);
      case "response-headers":
        return this.#onAnswer(message);
      case "response-body":
        return this.#onPiece(phase, message, this.#answer);
      case "response-trailers":
        return this.#onAnswerTrailers(message);
    }
  }

  /** A fault of ours: Envoy fails the request, or cuts its answer. */
  onFault(): readonly SessionCommand[] {
    return this.#end(GRPC_STATUS.internal, "The session failed");
  }

  /** The transaction's own session leaves the record. */
  onClose(): readonly SessionCommand[] {
    this.#isDone = true;
    return nothing;
  }

  #onRequest({ headers, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    if (this.#hasRequest) return this.#end(GRPC_STATUS.invalidArgument, "Headers came twice");
    this.#hasRequest = true;
    this.#authority = headers.find(":authority") ?? "";
    const entry = this.#entry;
    if (entry === undefined) return this.#refuse(notReady);
    if (entry.lacksValue) return this.#refuse(valueMissing);
    const { requests, answers, swapsBody } = entry;
    const head = requests && swapHead(headers.entries(), requests);
    if (head?.kind === "misdirected") return this.#refuse(misdirected);
    if (swapsBody && requests !== undefined && !endOfStream) {
      if (isCoded(headers)) return this.#refuse(codedBody);
      this.#request = requests.Body.open();
    }
    const bytes = encodeHeadersReply("request-headers", {
      set: [...(head?.set ?? []), ...(answers === undefined ? [] : plainAnswer)],
      // Parts of an answer would be parts of a value.
      remove: answers === undefined ? [] : rangeHeaders,
    });
    return [{ kind: "send", bytes }];
  }

  #onRequestTrailers({ headers }: TransactionMessage): readonly SessionCommand[] {
    if (this.#isHolding(this.#request)) return this.#lost();
    const requests = this.#entry?.requests;
    const head = requests && swapHead(headers.entries(), requests);
    if (head?.kind === "misdirected") return this.#refuse(misdirected);
    const bytes = encodeTrailersReply("request-trailers", { set: head?.set ?? [], remove: [] });
    return [{ kind: "send", bytes }];
  }

  #onAnswer({ headers, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    const answers = this.#entry?.answers;
    // Without a request it is a reply of Envoy itself, on which nothing of the upstream is.
    if (answers === undefined || !this.#hasRequest) return replyCommands["response-headers"];
    if (isCoded(headers) && !endOfStream) return this.#refuse(unreadable);
    this.#answer = endOfStream ? undefined : answers.open();
    const bytes = encodeHeadersReply("response-headers", scrubHead(headers.entries(), answers));
    return [{ kind: "send", bytes }];
  }

  #onAnswerTrailers({ headers }: TransactionMessage): readonly SessionCommand[] {
    if (this.#isHolding(this.#answer)) return this.#lost();
    const answers = this.#entry?.answers;
    if (answers === undefined) return replyCommands["response-trailers"];
    const bytes = encodeTrailersReply("response-trailers", scrubHead(headers.entries(), answers));
    return [{ kind: "send", bytes }];
  }

  #onPiece(
    phase: BodyPhase,
    { body, endOfStream }: TransactionMessage,
    stream: ExchangeStream | undefined,
  ): readonly SessionCommand[] {
    if (stream === undefined) return replyCommands[phase];
    const passed = stream.write(body, endOfStream ? "last" : "more");
    if (stream.isMarked) return this.#refuse(misdirected);
    if (passed === body) return replyCommands[phase];
    return [{ kind: "send", bytes: encodeBodyReply(phase, { body: passed }) }];
  }

  #isHolding(stream: ExchangeStream | undefined): boolean {
    return (stream?.heldBytes ?? 0) > 0;
  }

  /** Envoy takes no more of a body once trailers are there. */
  #lost(): readonly SessionCommand[] {
    return this.#end(GRPC_STATUS.internal, "Trailers came while the end of a body was held");
  }

  #refuse(refusal: Refusal): readonly SessionCommand[] {
    this.#isDone = true;
    const provider = findProviderByHost(this.#authority.toLowerCase().replace(/:\d+$/, ""));
    return [{ kind: "send", bytes: encodeRefusal(refusal, { provider }) }];
  }

  #end(status: number, message: string): readonly SessionCommand[] {
    this.#isDone = true;
    return [{ kind: "end", status, message }];
  }
}

/** What is compressed could not be searched as it passes (RFC 9110 section 12.5.3). */
const plainAnswer = [["accept-encoding", "identity"]] as const;
const rangeHeaders = ["range", "if-range"];

function isCoded(headers: HeaderView): boolean {
  const coding = (headers.find("content-encoding") ?? "").trim().toLowerCase();
  return coding !== "" && coding !== "identity";
}

const notReady: Refusal = {
  status: 503,
  reason: "not-ready",
  message: "Refused because the gateway does not have the rule of this request yet: try again",
};

const codedBody: Refusal = {
  status: 415,
  reason: "body-malformed",
  message:
    "Refused because the body is compressed, and placeholders are looked for in it: send it without",
};

const unreadable: Refusal = {
  status: 502,
  reason: "answer-unreadable",
  message:
    "Refused because the upstream compressed its answer unasked, and it must be searched for the credential",
};
