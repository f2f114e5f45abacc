/**
 * The load client's loops without TLS: closed with think time, or open at a fixed rate. Like `load.ts` they count and
 * time and do as little else as possible.
 */
import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import { createMessageReader, statusOf } from "./message-reader.ts";
import type { Message } from "./message-reader.ts";
import { openSocket } from "./plain-socket.ts";
import { encodeChatCall } from "./plain-workload.ts";
import type { PlainWorkload } from "./plain-workload.ts";
import { assertWarm, countFailure, createTally, measureLoad } from "./tally.ts";
import type { PreparedLoad, Tally } from "./tally.ts";
import { TunnelError } from "./tunnel.ts";
import type { FailureKind } from "./workload.ts";

// After a failure: a server that refuses must not turn the client into a busy loop.
const reconnectDelayMs = 20;
// Of an open loop: more than this behind is no latency any more.
const maxBacklog = 10_000;

/** Bounds of one run; however short, as many requests as connections are sent (one at a fixed rate). */
interface Run {
  readonly tally: Tally;
  readonly untilMs: number;
  readonly requests: number;
}

/** Warms up. Rejects with the first failure when not one request of the warm-up succeeded. */
export async function preparePlainLoad(workload: PlainWorkload): Promise<PreparedLoad> {
  const calls = workload.paths.map((path) => encodeChatCall(workload, path));
  let turn = 0;
  const next = () => {
    turn += 1;
    return calls[turn % calls.length] ?? Buffer.alloc(0);
  };
  const { tls } = workload.target;
  const secureContext = tls === undefined ? undefined : createSecureContext({ ca: tls.caPem });
  const connections = Array.from(
    { length: workload.connections },
    () => new PlainConnection({ ...workload, secureContext }),
  );
  const run = (bounds: Run) =>
    workload.pace.kind === "closed"
      ? runClosed({ connections, next, thinkMs: workload.pace.thinkMs }, bounds)
      : runOpen({ connections, next, perSecond: workload.pace.perSecond }, bounds);
  if (workload.warmUpMs > 0) {
    const tally = createTally();
    const untilMs = performance.now() + workload.warmUpMs;
    await run({ tally, untilMs, requests: Number.POSITIVE_INFINITY });
    assertWarm(tally);
  }
  return {
    run: () =>
      measureLoad((tally, startedMs) => {
        const { durationMs, requests = Number.POSITIVE_INFINITY } = workload;
        return run({ tally, untilMs: startedMs + durationMs, requests });
      }),
    close() {
      for (const connection of connections) connection.close();
    },
  };
}

interface Senders {
  readonly connections: readonly PlainConnection[];
  readonly next: () => Buffer;
}

async function runClosed(
  { connections, next, thinkMs }: Senders & { readonly thinkMs: number },
  { tally, untilMs, requests }: Run,
): Promise<void> {
  let claimed = 0;
  const isOver = () =>
    claimed >= requests || (claimed >= connections.length && performance.now() >= untilMs);
  const loop = async (connection: PlainConnection, index: number) => {
    // Thinkers that all began at once would stay in step.
    const leadMs = Math.min((thinkMs * index) / connections.length, untilMs - performance.now());
    if (leadMs > 0) await delay(leadMs);
    while (!isOver()) {
      claimed += 1;
      const isAnswered = await connection.exchange(next(), tally, performance.now());
      if (!isAnswered) await delay(reconnectDelayMs);
      else if (thinkMs > 0) await delay(thinkMs);
    }
  };
  await Promise.all(connections.map(loop));
}

/**
 * Latencies are measured from the moment a request is due and our timer noticed: waiting for a free connection counts,
 * because the server caused it; a timer that is late does not.
 */
async function runOpen(
  { connections, next, perSecond }: Senders & { readonly perSecond: number },
  { tally, untilMs, requests }: Run,
): Promise<void> {
  const free = [...connections];
  const waiting: number[] = [];
  const underWay = new Set<Promise<void>>();
  const dispatch = () => {
    while (waiting.length > 0) {
      const connection = free.pop();
      if (connection === undefined) return;
      const startedMs = waiting.shift() ?? 0;
      const exchange = connection.exchange(next(), tally, startedMs).then(() => {
        underWay.delete(exchange);
        free.push(connection);
        dispatch();
      });
      underWay.add(exchange);
    }
  };
  const beganMs = performance.now();
  for (let sent = 0; sent < requests; ) {
    const dueMs = beganMs + (sent * 1_000) / perSecond;
    if (dueMs >= untilMs && sent > 0) break;
    const nowMs = performance.now();
    if (dueMs > nowMs) {
      await delay(dueMs - nowMs);
      continue;
    }
    sent += 1;
    if (waiting.length >= maxBacklog) {
      countFailure(tally, new TunnelError("timeout", "Request failed: no connection was free"));
    } else {
      waiting.push(nowMs);
      dispatch();
    }
  }
  while (underWay.size > 0) await Promise.all(underWay);
}

/** What a connection needs to know of its workload. */
export interface PlainConnectionOptions
  extends Pick<PlainWorkload, "target" | "latencyTo" | "deadlineMs"> {
  /** Holds the authority of `target.tls`; shared, because parsing it costs more than a handshake */
  readonly secureContext?: SecureContext | undefined;
}

/** One kept connection, opened when it is needed, with at most one request under way. */
export class PlainConnection {
  readonly #options: PlainConnectionOptions;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tally: Tally | undefined;
  #startedMs = 0;
  #latencyMs = 0;
  #settle: ((isAnswered: boolean) => void) | undefined;

  constructor(options: PlainConnectionOptions) {
    this.#options = options;
  }

  /** Sends a request and counts its outcome; resolves with whether it was answered 200. */
  exchange(request: Buffer, tally: Tally, startedMs: number): Promise<boolean> {
    this.#tally = tally;
    this.#startedMs = startedMs;
    // One timer a connection, pushed on: a new timer a request would show in the client's CPU.
    if (this.#timer === undefined) {
      const onTimeout = () => this.#fail("timeout", "no answer in time");
      this.#timer = setTimeout(onTimeout, this.#options.deadlineMs).unref();
    } else {
      this.#timer.refresh();
    }
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#socket ??= this.#open();
      this.#socket.write(request);
    });
  }

  /** Ends the connection; a request under way fails. Idempotent. */
  close(): void {
    this.#fail("closed", "the client ended");
  }

  #open(): Socket {
    const socket = openSocket(this.#options.target, this.#options.secureContext);
    let isConnected = false;
    const reader = createMessageReader(
      (message) => this.#onAnswer(message),
      () => {
        this.#latencyMs = performance.now() - this.#startedMs;
      },
    );
    const onEnd = (detail: string) => {
      if (socket === this.#socket) this.#fail(isConnected ? "closed" : "connect", detail);
    };
    socket.on("connect", () => {
      isConnected = true;
    });
    socket.on("data", (chunk) => {
      try {
        if (typeof chunk !== "string") reader.push(chunk);
      } catch (error) {
        this.#fail("protocol", error instanceof Error ? error.message : String(error));
      }
    });
    socket.on("error", (error) => onEnd(error.message));
    socket.on("close", () => onEnd("connection closed before the answer"));
    return socket;
  }

  #onAnswer({ head }: Message): void {
    const tally = this.#tally;
    if (tally === undefined) {
      this.#fail("protocol", "answer without a request");
      return;
    }
    const status = statusOf(head);
    if (status !== 200) {
      countFailure(tally, new TunnelError("status", `Request was answered ${status}`));
    } else {
      if (this.#options.latencyTo === "end") this.#latencyMs = performance.now() - this.#startedMs;
      tally.requests += 1;
      tally.latency.record(this.#latencyMs * 1_000);
    }
    this.#finish(status === 200);
  }

  #fail(kind: FailureKind, detail: string): void {
    if (this.#tally !== undefined) {
      countFailure(this.#tally, new TunnelError(kind, `Request failed: ${kind}: ${detail}`));
    }
    const socket = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    socket?.destroy();
    this.#finish(false);
  }

  #finish(isAnswered: boolean): void {
    this.#tally = undefined;
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(isAnswered);
  }
}
