/**
 * The measuring loops of the load client: closed loops with one request in flight a connection.
 * They count and time, and do as little else as possible, because they share the machine with
 * what they measure.
 */
import { createSecureContext } from "node:tls";
import type { SecureContext, TLSSocket } from "node:tls";
import { createMessageReader, MessageError, statusOf } from "./message-reader.ts";
import { assertWarm, countFailure, createTally, measureLoad } from "./tally.ts";
import type { PreparedLoad, Tally } from "./tally.ts";
import { openTunnel, TunnelError } from "./tunnel.ts";
import { coldServerName, encodeRequest } from "./workload.ts";
import type { ColdWorkload, FailureKind, KeepAliveWorkload, TunnelWorkload } from "./workload.ts";

// Longer than any contender needs on a loaded machine; what takes longer is counted as failed.
const requestDeadlineMs = 15_000;
// After a failed connect: a proxy that refuses must not turn the client into a busy loop.
const reconnectDelayMs = 20;

/** Opens connections and warms up. Rejects with the first failure when not one request succeeded. */
export async function prepareLoad(workload: TunnelWorkload): Promise<PreparedLoad> {
  const context = createSecureContext({ ca: workload.target.caPem });
  return workload.kind === "cold"
    ? prepareCold(workload, context)
    : prepareKeepAlive(workload, context);
}

interface Loop {
  readonly serverName: string;
  readonly request: Buffer;
  exchange: Exchange | undefined;
}

interface Exchange {
  /** Whether the connection can still be used: a proxy may close an idle one */
  isOpen(): boolean;
  /** Sends the request; resolves with whether the connection can be used again. */
  send(request: Buffer, tally: Tally, startedMs: number): Promise<boolean>;
  close(): void;
}

async function prepareKeepAlive(
  workload: KeepAliveWorkload,
  context: SecureContext,
): Promise<PreparedLoad> {
  const loops = Array.from({ length: workload.connections }, (_, index): Loop => {
    const serverName = workload.serverNames[index % workload.serverNames.length] ?? "";
    const request = encodeRequest(workload.request, serverName);
    return { serverName, request, exchange: undefined };
  });
  const runAll = async (tally: Tally, claim: () => boolean) => {
    const runLoop = async (loop: Loop) => {
      while (claim()) {
        try {
          if (loop.exchange?.isOpen() !== true) {
            loop.exchange = await openExchange(workload, loop.serverName, context);
          }
          const reusable = await loop.exchange.send(loop.request, tally, performance.now());
          if (!reusable) loop.exchange = undefined;
        } catch (error) {
          countFailure(tally, error);
          await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs));
        }
      }
    };
    await Promise.all(loops.map(runLoop));
  };
  const warmUp = createTally();
  const warmUntil = performance.now() + workload.warmUpMs;
  // At least one round trip on every connection, however short the warm-up.
  await runAll(warmUp, () => {
    const seen = warmUp.requests + warmUp.failed;
    return performance.now() < warmUntil || seen < workload.connections;
  });
  assertWarm(warmUp);
  const durationMs = workload.durationMs ?? Number.POSITIVE_INFINITY;
  const requests = workload.requests ?? Number.POSITIVE_INFINITY;
  return {
    run: () =>
      measureLoad((tally, startedMs) => {
        let claimed = 0;
        return runAll(tally, () => {
          claimed += 1;
          return claimed <= requests && performance.now() - startedMs < durationMs;
        });
      }),
    close() {
      for (const loop of loops) loop.exchange?.close();
    },
  };
}

async function prepareCold(workload: ColdWorkload, context: SecureContext): Promise<PreparedLoad> {
  let next = 0;
  const runNames = async (tally: Tally, count: number) => {
    const end = next + count;
    const loop = async () => {
      while (next < end) {
        const serverName = coldServerName(workload, next);
        next += 1;
        const startedMs = performance.now();
        try {
          const exchange = await openExchange(workload, serverName, context);
          await exchange.send(encodeRequest(workload.request, serverName), tally, startedMs);
          exchange.close();
        } catch (error) {
          countFailure(tally, error);
        }
      }
    };
    await Promise.all(Array.from({ length: workload.connections }, loop));
  };
  const warmUp = createTally();
  await runNames(warmUp, workload.warmUpNames);
  if (workload.warmUpNames > 0) assertWarm(warmUp);
  return { run: () => measureLoad((tally) => runNames(tally, workload.names)), close() {} };
}

async function openExchange(
  workload: TunnelWorkload,
  serverName: string,
  secureContext: SecureContext,
): Promise<Exchange> {
  const { target } = workload;
  const deadlineMs = requestDeadlineMs;
  return createExchange(await openTunnel({ target, serverName, secureContext, deadlineMs }));
}

function createExchange(socket: TLSSocket): Exchange {
  let tally: Tally | undefined;
  let startedMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let resolveSend: ((reusable: boolean) => void) | undefined;
  const settle = (reusable: boolean) => {
    tally = undefined;
    const resolve = resolveSend;
    resolveSend = undefined;
    resolve?.(reusable);
  };
  const fail = (kind: FailureKind, detail: string) => {
    if (tally !== undefined)
      countFailure(tally, new TunnelError(kind, `Request failed: ${kind}: ${detail}`));
    socket.destroy();
    clearTimeout(timer);
    settle(false);
  };
  const reader = createMessageReader(({ head }) => {
    if (tally === undefined) return fail("protocol", "answer without a request");
    const status = statusOf(head);
    const reusable = !/\r\nconnection: *close/i.test(head);
    if (status !== 200) {
      countFailure(tally, new TunnelError("status", `Request was answered ${status}`));
    } else {
      tally.requests += 1;
      tally.latency.record((performance.now() - startedMs) * 1_000);
    }
    if (!reusable) socket.destroy();
    settle(reusable);
  });
  socket.on("data", (chunk) => {
    try {
      if (typeof chunk !== "string") reader.push(chunk);
    } catch (error) {
      fail("protocol", error instanceof MessageError ? error.message : String(error));
    }
  });
  socket.on("error", (error) => fail("closed", error.message));
  socket.on("close", () => fail("closed", "connection closed before the answer"));
  return {
    isOpen: () => !socket.destroyed,
    send(request, into, started) {
      tally = into;
      startedMs = started;
      // One timer a connection, pushed on: a new timer a request would show in the client's CPU.
      if (timer === undefined) {
        timer = setTimeout(() => fail("timeout", "no answer in time"), requestDeadlineMs);
        timer.unref();
      } else {
        timer.refresh();
      }
      return new Promise((resolve) => {
        resolveSend = resolve;
        socket.write(request);
      });
    },
    close() {
      clearTimeout(timer);
      socket.end();
    },
  };
}
