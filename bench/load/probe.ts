/** Asks one host one question after another over a kept connection: what does the policy say now? */
import { createSecureContext } from "node:tls";
import { createMessageReader, statusOf } from "./message-reader.ts";
import { openTunnel } from "./tunnel.ts";
import { encodeRequest } from "./workload.ts";
import type { Target } from "./workload.ts";

/** An open connection to one host. */
export interface Probe {
  /** Status of a GET for `path`. Rejects when the connection fails; one request at a time. */
  ask(path: string): Promise<number>;
  /** Idempotent. */
  close(): void;
}

/** Connects to `serverName` through `target`. Rejects with TunnelError. */
export async function openProbe(target: Target, serverName: string): Promise<Probe> {
  const secureContext = createSecureContext({ ca: target.caPem });
  const socket = await openTunnel({ target, serverName, secureContext, deadlineMs: 10_000 });
  let answer: { resolve(status: number): void; reject(error: Error): void } | undefined;
  const fail = (error: Error) => {
    answer?.reject(error);
    answer = undefined;
  };
  const reader = createMessageReader(({ head }) => {
    const waiting = answer;
    answer = undefined;
    waiting?.resolve(statusOf(head));
  });
  socket.on("data", (chunk) => {
    try {
      if (typeof chunk !== "string") reader.push(chunk);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error(`Cannot ask "${serverName}": connection closed`)));
  return {
    ask(path) {
      const shape = { method: "GET", path, headers: [], bodyBytes: 0 };
      return new Promise((resolve, reject) => {
        answer = { resolve, reject };
        if (socket.destroyed) fail(new Error(`Cannot ask "${serverName}": connection closed`));
        else socket.write(encodeRequest(shape, serverName));
      });
    },
    close: () => socket.destroy(),
  };
}

/**
 * Asks until `path` is answered with `status` and resolves with the time of that answer
 * (`performance.now()`). Rejects when `deadlineMs` pass first, with the last status.
 */
export async function untilStatus(
  probe: Probe,
  path: string,
  { status, deadlineMs }: { readonly status: number; readonly deadlineMs: number },
): Promise<number> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const received = await probe.ask(path);
    const now = performance.now();
    if (received === status) return now;
    if (now > end) {
      throw new Error(
        `Cannot see "${path}" answered ${status}: still ${received} after ${deadlineMs} ms`,
      );
    }
    // Asking without a pause would take the CPU that the change needs.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
