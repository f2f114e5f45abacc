/**
 * Upstream role of one attempt of several: makes of the request, as the agent sent it, what this candidate wants. It
 * sees requests only: holding an answer in an upstream filter would race Envoy's decision to try the next one.
 */

import type { BlockList } from "node:net";
import { isIP } from "node:net";
import type { HeaderPair } from "../gateway/decision.ts";
import type { Candidate } from "../gateway/routing-plan.ts";
import { unresolvedAddress } from "../gateway/routing-plan.ts";
import type { AttemptOfFallback } from "../gateway/snapshot.ts";
import { findProviderByName } from "../providers/registry.ts";
import { AskedCall } from "./asked-call.ts";
import type { AskedHead } from "./asked-head.ts";
import { boundedRequestFor } from "./bounded-request.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import { decodeBody } from "./decode-body.ts";
import { maxRequestBytes } from "./engine-limits.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { continueReplies, encodeBodyReply } from "./mutation.ts";
import type { OutgoingTools, SentRequest } from "./outgoing-request.ts";
import { finishRequest } from "./outgoing-request.ts";
import type { AttemptEntry } from "./plan-book.ts";
import type { Refusal } from "./refusal.ts";
import { encodeRefusal } from "./refusal.ts";
import type { RoutingTools } from "./routed-call.ts";
import { servedHeaders } from "./served-headers.ts";
import { swapAttempt } from "./attempt-swap.ts";
import { misdirected } from "./swap-refusals.ts";
import type { HeaderView, TransactionMessage } from "./transaction-message.ts";
import { ownedHeaders } from "./waiting-messages.ts";

/** What an attempt is given. */
export interface AttemptSessionOptions {
  readonly entry: AttemptEntry;
  /** Undefined: nobody said what the agent sent */
  readonly head: AskedHead | undefined;
  /** `address:port` that Envoy dials */
  readonly address: string;
  readonly tools: OutgoingTools & Pick<RoutingTools, "prices" | "swap">;
}

/** One attempt. */
export class AttemptSession {
  readonly #options: AttemptSessionOptions;
  /** Present between the headers and the body */
  #headers: HeaderView | undefined;
  #isDone = false;

  constructor(options: AttemptSessionOptions) {
    this.#options = options;
  }

  /** Takes a message of Envoy, which stays the caller's. */
  onMessage({ phase, headers, body, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    if (this.#isDone) return nothing;
    if (phase === "request-headers" && this.#headers === undefined) {
      const refusal = this.#objection(endOfStream);
      if (refusal !== undefined) return this.#refuse(refusal);
      this.#headers = ownedHeaders(headers);
      return [{ kind: "send", bytes: continueReplies["request-headers"] }];
    }
    if (phase === "request-body" && this.#headers !== undefined) {
      return this.#attempt(this.#headers, body);
    }
    if (phase === "request-trailers") {
      return [{ kind: "send", bytes: continueReplies["request-trailers"] }];
    }
    return this.#end(GRPC_STATUS.invalidArgument, `Unexpected message: ${phase}`);
  }

  /** A fault of ours ends the attempt; Envoy answers with a failure. */
  onFault(): readonly SessionCommand[] {
    return this.#end(GRPC_STATUS.internal, "The session failed");
  }

  /** Attempts are told of by Envoy's log. */
  onClose(): readonly SessionCommand[] {
    this.#isDone = true;
    this.#headers = undefined;
    return nothing;
  }

  #objection(endOfStream: boolean): Refusal | undefined {
    const { head, address, entry } = this.#options;
    if (head === undefined || endOfStream) return unprepared;
    // Nobody listens there: the attempt fails, and the next candidate is tried.
    if (address === unresolvedAddress) return undefined;
    return entry.guard !== undefined && isGuarded(entry.guard, address) ? guarded : undefined;
  }

  #attempt(headers: HeaderView, body: Buffer): readonly SessionCommand[] {
    const { entry, head, tools } = this.#options;
    const { fallback } = entry.plan;
    const provider = findProviderByName(fallback?.provider ?? "");
    const candidate = fallback?.rule.candidates[fallback.candidate];
    if (head === undefined || provider === undefined || candidate === undefined) {
      return this.#refuse(unprepared);
    }
    const sent = restore(head, headers);
    const decoded = decodeBody(body, sent.header("content-encoding"), maxRequestBytes);
    if (decoded.kind !== "ok") return this.#refuse(unprepared);
    const request = { ...sent, body: decoded.body };
    const { budget, audits } = fallback?.rule ?? {};
    const outcome = boundedRequestFor(new AskedCall(provider, request), candidate, {
      prices: tools.prices,
      ...(budget !== undefined && { budget }),
      ...(audits !== undefined && { audits }),
    });
    if (outcome.kind !== "ok") return this.#refuse(unprepared);
    const finished = finishRequest(request, { candidate, request: outcome.request }, tools);
    if (finished.kind === "refuse") return this.#refuse(finished.refusal);
    this.#isDone = true;
    const { path } = head;
    const removed = new Set([...finished.remove, "content-encoding"]);
    // Always ours: the length that stands in the headers is that of the attempt before.
    const own = finished.body ?? decoded.body;
    const made = this.#swap(candidate, {
      set: [
        ...(finished.set.some(([name]) => name === ":path") ? [] : [targetOf(path)]),
        ...(candidate.authority === "" ? [] : [authority(candidate.authority)]),
        ...head.headers.filter(([name]) => !removed.has(name)),
        ...finished.set,
        ["content-length", String(own.length)],
      ],
      body: own,
    });
    if (made === undefined) return this.#refuse(misdirected);
    const remove = [...leftovers(head, finished.set), ...removed];
    return [{ kind: "send", bytes: encodeBodyReply("request-body", { ...made, remove }) }];
  }

  /** What stands in a placeholder's place is as long as it is. */
  #swap({ swap }: Candidate, made: AttemptedRequest): AttemptedRequest | undefined {
    if (swap === undefined) return made;
    const entry = this.#options.tools.swap(swap);
    return entry && swapAttempt(entry, made);
  }

  #refuse(refusal: Refusal): readonly SessionCommand[] {
    this.#isDone = true;
    const name = fallbackOf(this.#options.entry)?.provider ?? "";
    return [
      { kind: "send", bytes: encodeRefusal(refusal, { provider: findProviderByName(name) }) },
    ];
  }

  #end(status: number, message: string): readonly SessionCommand[] {
    this.#isDone = true;
    return [{ kind: "end", status, message }];
  }
}

const unprepared: Refusal = {
  status: 503,
  reason: "engine-failed",
  message: "Refused because the gateway could not prepare the request for the backend",
};

const guarded: Refusal = {
  status: 403,
  reason: "deny-policy",
  message:
    "Refused because the name of a backend leads to an address that no agent may reach: name the address itself",
};

function fallbackOf({ plan }: AttemptEntry): AttemptOfFallback | undefined {
  return plan.fallback;
}

interface AttemptedRequest {
  readonly set: readonly HeaderPair[];
  readonly body: Buffer;
}

function targetOf(path: string): HeaderPair {
  return [":path", path];
}

function authority(value: string): HeaderPair {
  return [":authority", value];
}

/** The request as the agent sent it, in spite of what the attempts before made of its headers. */
function restore(head: AskedHead, headers: HeaderView): Omit<SentRequest, "body"> {
  const own = new Map(head.headers);
  const theirs = servedHeaders();
  const entries = [
    ...headers.entries().filter(([name]) => !own.has(name) && !theirs.has(name)),
    ...head.headers,
  ];
  return {
    method: headers.find(":method") ?? "",
    path: head.path,
    authority: headers.find(":authority") ?? "",
    header: (name) => entries.find(([candidate]) => candidate === name)?.[1],
    headerNames: () => entries.map(([name]) => name),
    entries: () => entries,
  };
}

/** What an attempt before may have set for its own API. */
function leftovers(head: AskedHead, set: readonly HeaderPair[]): string[] {
  const kept = new Set([...head.headers.map(([name]) => name), ...set.map(([name]) => name)]);
  return [...servedHeaders()].filter((name) => !kept.has(name));
}

function isGuarded(guard: BlockList, address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  const family = isIP(host);
  // What is no address cannot be judged.
  if (family === 0) return true;
  return guard.check(host, family === 6 ? "ipv6" : "ipv4");
}
