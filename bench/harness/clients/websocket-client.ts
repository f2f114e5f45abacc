/** Runs the `ws` npm package, through CONNECT where the environment names a proxy. */
import { Agent } from "node:https";
import type { ClientRequestArgs } from "node:http";
import { createRequire } from "node:module";
import { reportClient, runNodeClient } from "./child-client.ts";
import type { ClientResult, ClientRun } from "./child-client.ts";

/** One conversation: each message is sent after the answer to the one before. */
export interface WebSocketClientOptions {
  readonly url: string;
  readonly messages: readonly string[];
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back. */
export interface WebSocketClientReport {
  readonly received: readonly string[];
  readonly protocol: string;
  /** Close code of the peer */
  readonly closeCode: number;
}

/** Part of the untyped `ws` package that is used here. */
interface Socket {
  readonly protocol: string;
  on(event: "open", listener: () => void): this;
  on(event: "message", listener: (data: Buffer) => void): this;
  on(event: "close", listener: (code: number) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  send(text: string): void;
  close(code: number): void;
}

interface SocketConstructor {
  new (url: string, protocols: readonly string[], options: ClientRequestArgs): Socket;
}

/** Runs one conversation in a child process; a refused handshake is raised as `ws` raises it. */
export function runWebSocketClient(
  options: WebSocketClientOptions,
  run: ClientRun = {},
): Promise<ClientResult<WebSocketClientReport>> {
  return runNodeClient(import.meta.url, options, run);
}

function act(options: WebSocketClientOptions): Promise<WebSocketClientReport> {
  const WebSocket: SocketConstructor = createRequire(import.meta.url)("ws");
  const agent = new Agent({ proxyEnv: process.env });
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(options.url, options.protocols ?? [], {
      agent,
      headers: { ...options.headers },
    });
    const received: string[] = [];
    const next = (): void => {
      const message = options.messages[received.length];
      if (message === undefined) socket.close(1000);
      else socket.send(message);
    };
    socket.on("open", next);
    socket.on("message", (data) => {
      received.push(data.toString("utf8"));
      next();
    });
    socket.on("close", (closeCode) => resolve({ received, protocol: socket.protocol, closeCode }));
    socket.on("error", reject);
  });
}

if (import.meta.main) await reportClient(act);
