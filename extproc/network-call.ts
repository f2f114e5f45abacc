/** One stream of the network ext_proc service: answers every piece at once, unchanged, and keeps the counters. */

import type { Clock } from "../gateway/clock.ts";
import { monotonicMs } from "../gateway/clock.ts";
import type { GrpcCall, GrpcStream } from "./http2/call.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import type { NetworkMessage } from "./network-messages.ts";
import { decodeNetworkRequest, encodeNetworkReply } from "./network-messages.ts";
import type { ConnectionTraffic } from "./network-session.ts";
import { NetworkSession } from "./network-session.ts";
import type { ThreadCounters } from "./thread-counters.ts";

/** What a call is given. */
export interface NetworkCallParts {
  readonly stream: GrpcStream;
  readonly clock: Clock;
  readonly counters: ThreadCounters;
  /** Told once, when the connection has ended */
  readonly onEnd?: ((traffic: ConnectionTraffic) => void) | undefined;
}

/** The call of one raw connection. */
export class NetworkCall implements GrpcCall {
  readonly #parts: NetworkCallParts;
  readonly #session: NetworkSession;
  #isOpen = true;
  #hasFailed = false;

  constructor(parts: NetworkCallParts) {
    this.#parts = parts;
    this.#session = new NetworkSession(() => monotonicMs(parts.clock));
    parts.counters.add("openConnections", 1);
    parts.counters.add("totalConnections", 1);
  }

  onMessage(bytes: Buffer, start: number, end: number): void {
    if (this.#hasFailed) return;
    const { stream, counters } = this.#parts;
    let message: NetworkMessage;
    try {
      message = decodeNetworkRequest(bytes, start, end);
    } catch {
      // Nothing of what cannot be read is told; Envoy closes the connection.
      this.#hasFailed = true;
      counters.add("failedStreams", 1);
      stream.finish(GRPC_STATUS.invalidArgument, "The message cannot be read");
      return;
    }
    this.#session.onMessage(message);
    const isUp = message.direction === "read";
    counters.add(isUp ? "bytesUpstream" : "bytesDownstream", message.data.length);
    stream.send(encodeNetworkReply(message));
  }

  onHalfClose(): void {
    this.#parts.stream.finish(GRPC_STATUS.ok);
  }

  onClose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#parts.counters.add("openConnections", -1);
    this.#parts.onEnd?.(this.#session.traffic);
  }
}
