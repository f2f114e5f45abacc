/** Parent's side of the fake upstream: starts the process, knows its port, asks for its counts. */
import { fileURLToPath } from "node:url";
import { startProgram } from "./child-process.ts";
import type { ModelUpstreamOptions } from "./llm-upstream.ts";
import type { UpstreamCounts, UpstreamOptions } from "./upstream.ts";

/** A listening fake upstream. */
export interface UpstreamProcess {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  /** What it has seen since it started */
  counts(): Promise<UpstreamCounts>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Starts the fake TLS upstream on a free loopback port. Rejects with its output when it does not come up. */
export function startUpstream(options: UpstreamOptions): Promise<UpstreamProcess> {
  return start("./upstream.ts", [JSON.stringify(options)]);
}

/** Starts the fake model API without TLS, likewise; its handshakes are TCP connections. */
export function startPlainUpstream(): Promise<UpstreamProcess> {
  return start("./plain-upstream.ts", []);
}

/** Starts the fake model APIs of `llm`, likewise. */
export function startModelUpstream(options: ModelUpstreamOptions): Promise<UpstreamProcess> {
  return start("./llm-upstream.ts", [JSON.stringify(options)]);
}

async function start(script: string, args: readonly string[]): Promise<UpstreamProcess> {
  const program = await startProgram({
    name: "fake upstream",
    command: [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args],
    ipc: "json",
  });
  let port: number | undefined;
  const waiting: ((counts: UpstreamCounts) => void)[] = [];
  program.child.on("message", (message) => {
    if (!isUpstreamMessage(message)) return;
    if (message.kind === "listening") port = message.port;
    else waiting.shift()?.(message.counts);
  });
  const listening = await program.waitFor(() => port, 10_000);
  return {
    pid: program.pid,
    host: "127.0.0.1",
    port: listening,
    counts() {
      const answer = new Promise<UpstreamCounts>((resolve) => waiting.push(resolve));
      program.child.send("counts");
      return answer;
    },
    stop: () => program.stop(),
  };
}

type UpstreamMessage =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "counts"; readonly counts: UpstreamCounts };

// Both ends are this program: the kind tells the rest.
function isUpstreamMessage(message: unknown): message is UpstreamMessage {
  return (
    typeof message === "object" &&
    message !== null &&
    "kind" in message &&
    (message.kind === "listening" || message.kind === "counts")
  );
}
