/**
 * Ceiling role: holds one place of its agent's open requests as long as the request is open. Envoy keeps the stream until
 * then, because it may have trailers of the answer to show. It leaves no record of its own.
 */

import { findProviderByHost } from "../providers/registry.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { Refusal } from "./refusal.ts";
import { encodeRefusal } from "./refusal.ts";
import { replyCommands } from "./session-replies.ts";
import type { TransactionMessage } from "./transaction-message.ts";

/** What a session is given. */
export interface OpenRequestSessionOptions {
  /** Whose requests are counted together */
  readonly key: string;
  /** Undefined: Envoy did not say how many there may be, and everything is refused */
  readonly most: number | undefined;
  readonly requests: OpenRequests;
}

/** One request. */
export class OpenRequestSession {
  readonly #options: OpenRequestSessionOptions;
  #state: "headers" | "open" | "done" = "headers";

  constructor(options: OpenRequestSessionOptions) {
    this.#options = options;
  }

  /** Takes a message of Envoy, which stays the caller's. */
  onMessage({ phase, headers }: TransactionMessage): readonly SessionCommand[] {
    if (this.#state === "open") return replyCommands[phase];
    if (this.#state === "done") return nothing;
    // A filter before ours refused the request: what Envoy answers is none of our matters.
    if (phase !== "request-headers") return replyCommands[phase];
    const { key, most, requests } = this.#options;
    const outcome = most === undefined ? "unknown" : requests.open(key, most);
    if (outcome === "open") {
      this.#state = "open";
      return replyCommands[phase];
    }
    this.#state = "done";
    const host = (headers.find(":authority") ?? "").toLowerCase().replace(/:\d+$/, "");
    const refusal = outcome === "unknown" ? notReady : tooMany(outcome, most ?? 0);
    const provider = findProviderByHost(host);
    return [{ kind: "send", bytes: encodeRefusal(refusal, { provider }) }];
  }

  /** A fault of ours: Envoy fails the request. */
  onFault(): readonly SessionCommand[] {
    this.#release();
    return [{ kind: "end", status: GRPC_STATUS.internal, message: "The session failed" }];
  }

  /** The request is over. */
  onClose(): readonly SessionCommand[] {
    this.#release();
    return nothing;
  }

  #release(): void {
    if (this.#state === "open") this.#options.requests.close(this.#options.key);
    this.#state = "done";
  }
}

/** Nobody knows when one of them ends. */
const tryAgain = [["retry-after", "1"]] as const;

function tooMany(outcome: "spent" | "full", most: number): Refusal {
  const clause =
    outcome === "spent"
      ? `the agent has ${most} requests open, as many as the gateway allows at one time`
      : "the gateway cannot count open requests of more agents";
  return {
    status: 429,
    reason: "too-many-open",
    message: `Refused because ${clause}: try again when one of them has ended`,
    headers: tryAgain,
  };
}

const notReady: Refusal = {
  status: 503,
  reason: "not-ready",
  message: "Refused because the gateway does not know how many requests may be open: try again",
};
