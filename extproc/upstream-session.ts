/**
 * Upstream role: one attempt of Envoy's router at one upstream, after everything else has changed the request. It signs
 * the final bytes, anew for every attempt, so that a retry has a signature of its own time. It sees requests only:
 * holding an answer in an upstream filter would race Envoy's decision to retry.
 */

import type { Signer } from "../gateway/sigv4.ts";
import { EMPTY_PAYLOAD_HASH, hashPayload } from "../gateway/sigv4.ts";
import type { Provider } from "../providers/provider.ts";
import { findProviderByHost } from "../providers/registry.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { continueReplies, encodeBodyReply, encodeHeadersReply } from "./mutation.ts";
import type { AttemptEntry } from "./plan-book.ts";
import type { Refusal } from "./refusal.ts";
import { encodeRefusal } from "./refusal.ts";
import type { HeaderView, TransactionMessage } from "./transaction-message.ts";
import { ownedHeaders } from "./waiting-messages.ts";

/** What an attempt is given. */
export interface UpstreamSessionOptions {
  /** Undefined: Envoy asked by a plan that this thread does not have */
  readonly entry: AttemptEntry | undefined;
  /** Wall clock in Unix `ms`: signatures hold the time */
  readonly nowUnixMs: () => number;
}

/** One attempt. */
export class UpstreamSession {
  readonly #options: UpstreamSessionOptions;
  /** Present between the headers and the body that is signed with them */
  #held: { readonly signer: Signer; readonly headers: HeaderView } | undefined;
  #isDone = false;

  constructor(options: UpstreamSessionOptions) {
    this.#options = options;
  }

  /** Takes a message of Envoy, which stays the caller's. */
  onMessage(message: TransactionMessage): readonly SessionCommand[] {
    if (this.#isDone) return nothing;
    switch (message.phase) {
      case "request-headers":
        return this.#onHeaders(message);
      case "request-body":
        return this.#onBody(message);
      case "request-trailers":
        return [{ kind: "send", bytes: continueReplies["request-trailers"] }];
      default:
        return this.#end(GRPC_STATUS.invalidArgument, `Unexpected message: ${message.phase}`);
    }
  }

  /** A fault of ours ends the attempt; Envoy answers with a failure. */
  onFault(): readonly SessionCommand[] {
    return this.#end(GRPC_STATUS.internal, "The session failed");
  }

  /** An attempt leaves no record of its own. */
  onClose(): readonly SessionCommand[] {
    this.#isDone = true;
    this.#held = undefined;
    return nothing;
  }

  #onHeaders({ headers, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    if (this.#held !== undefined)
      return this.#end(GRPC_STATUS.invalidArgument, "Headers came twice");
    const { entry } = this.#options;
    if (entry === undefined) {
      return this.#refuse(headers, {
        status: 503,
        reason: "not-ready",
        message: "Refused because the gateway cannot sign for this rule yet: try again",
      });
    }
    if (entry.signer === undefined) {
      return this.#refuseUnsigned(headers, "its rule names no credential");
    }
    if (entry.signer.kind === "unusable") return this.#refuseUnsigned(headers, entry.signer.reason);
    const { signer } = entry.signer;
    if (endOfStream) return this.#sign(signer, headers);
    this.#held = { signer, headers: ownedHeaders(headers) };
    return [{ kind: "send", bytes: continueReplies["request-headers"] }];
  }

  #onBody({ body, endOfStream }: TransactionMessage): readonly SessionCommand[] {
    if (this.#held === undefined)
      return this.#end(GRPC_STATUS.invalidArgument, "A body came without headers");
    // Envoy holds the body for us; a piece of it would be signed as if it were all.
    if (!endOfStream) return this.#end(GRPC_STATUS.invalidArgument, "The body came in pieces");
    const { signer, headers } = this.#held;
    return this.#sign(signer, headers, body);
  }

  /** Answers the message that completes the request: its body, or its headers where it has none. */
  #sign(signer: Signer, headers: HeaderView, body?: Buffer): readonly SessionCommand[] {
    this.#isDone = true;
    this.#held = undefined;
    const signed = signer.sign({
      method: headers.find(":method") ?? "",
      path: headers.find(":path") ?? "/",
      host: headers.find(":authority") ?? headers.find("host") ?? "",
      headers: headers.entries(),
      payloadHash: body === undefined ? EMPTY_PAYLOAD_HASH : hashPayload(body),
      nowMs: this.#options.nowUnixMs(),
    });
    if (signed.kind === "unsignable") return this.#refuseUnsigned(headers, signed.reason);
    const bytes =
      body === undefined
        ? encodeHeadersReply("request-headers", signed)
        : encodeBodyReply("request-body", signed);
    return [{ kind: "send", bytes }];
  }

  #refuseUnsigned(headers: HeaderView, reason: string): readonly SessionCommand[] {
    return this.#refuse(headers, {
      status: 403,
      reason: "credential-missing",
      message: `Refused because the request cannot be signed: ${reason}`,
    });
  }

  #refuse(view: HeaderView, refusal: Refusal): readonly SessionCommand[] {
    this.#isDone = true;
    return [{ kind: "send", bytes: encodeRefusal(refusal, { provider: providerOf(view) }) }];
  }

  #end(status: number, message: string): readonly SessionCommand[] {
    this.#isDone = true;
    return [{ kind: "end", status, message }];
  }
}

function providerOf(headers: HeaderView): Provider | undefined {
  const authority = (headers.find(":authority") ?? "").toLowerCase();
  return findProviderByHost(authority.replace(/:\d+$/, ""));
}
