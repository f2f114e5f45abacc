/**
 * The two ways of an agent's bytes into a gateway, the CONNECT tunnel of a run and a captured connection, under one
 * interface, so that an attack is written once and tried on both. A refused CONNECT is an error here.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { openThroughProxy } from "./connect-proxy-client.ts";
import { httpOver, http2Over, tlsOver } from "./http-over-socket.ts";
import type { HttpRequest, HttpResponse } from "./http-over-socket.ts";
import { openWithProxyHeader } from "./proxy-protocol-client.ts";
import type { CallerIdentity, Endpoint } from "./proxy-protocol-header.ts";

const defaultDeadlineMs = 3_000;

/** What the agent dialled. */
export interface Dialled {
  readonly host: string;
  readonly port: number;
}

/** One way in. */
export interface Entrance {
  readonly name: string;
  /** A connection as the agent holds it; the caller owns the socket. */
  open(dialled: Dialled): Promise<Socket>;
}

/** A request with everything that can disagree about its destination. */
export interface Journey {
  readonly dialled: Dialled;
  /** Server name of TLS; plain text when absent */
  readonly servername?: string;
  /** PEM that the agent trusts; needed with `servername` */
  readonly ca?: string;
  /** HTTP/1.1 when absent */
  readonly protocol?: "h1" | "h2";
  readonly request: HttpRequest;
}

/** The way of `HTTPS_PROXY`: a CONNECT with the run's credential. */
export function explicitEntrance(run: {
  readonly proxy: Endpoint;
  readonly authorization: string;
}): Entrance {
  const { proxy, authorization } = run;
  return {
    name: "explicit",
    open: async ({ host, port }) => {
      const answer = await openThroughProxy(proxy, { target: `${host}:${port}`, authorization });
      if (answer.kind === "tunnel") return answer.socket;
      throw new Error(`Cannot open tunnel to "${host}:${port}": proxy answered ${answer.status}`);
    },
  };
}

/** Identity that captured connections have unless a test says otherwise. */
export const capturedCaller: CallerIdentity = {
  agentKind: "TaskAgent",
  agentNamespace: "team",
  agentName: "captured",
  agentUid: "uid-1",
  agentRevision: "rev-1",
  invocationId: "inv-1",
};

/** The way of a captured sandbox: names are dialled at a documentation address, with the name in its TLV. */
export function transparentEntrance(
  listener: Endpoint,
  identity: CallerIdentity = capturedCaller,
): Entrance {
  return {
    name: "transparent",
    open: ({ host, port }) =>
      openWithProxyHeader(listener, {
        source: { address: "198.51.100.7", port: 40_000 },
        destination: { address: "203.0.113.9", port },
        identity: { ...identity, destinationName: host },
      }),
  };
}

/** Makes one request on a connection of its own. Rejects when the connection or the handshake is refused. */
export async function travel(entrance: Entrance, journey: Journey): Promise<HttpResponse> {
  const { dialled, servername, ca = "", protocol = "h1", request } = journey;
  const raw = await entrance.open(dialled);
  const alpn = protocol === "h2" ? ["h2"] : ["http/1.1"];
  try {
    const socket = servername === undefined ? raw : await tlsOver(raw, { servername, ca, alpn });
    return await (protocol === "h2" ? http2Over(socket, request) : httpOver(socket, request));
  } finally {
    raw.destroy();
  }
}

/**
 * Writes bytes as they are and resolves with what came back (as Latin-1) once the peer closes, `until` fits, or the
 * deadline passes; `closed` is true in the first case only. Ends the connection unless it is to be kept open.
 */
export function exchange(
  socket: Duplex,
  bytes: string | Uint8Array,
  options: {
    readonly until?: RegExp;
    readonly deadlineMs?: number;
    readonly keepOpen?: true;
  } = {},
): Promise<{ readonly text: string; readonly closed: boolean }> {
  return new Promise((resolve) => {
    let text = "";
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.off("data", onData).off("close", onClose);
      if (options.keepOpen !== true) socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => finish(false), options.deadlineMs ?? defaultDeadlineMs);
    const onClose = (): void => finish(true);
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      if (options.until?.test(text)) finish(false);
    };
    socket.on("error", () => {}); // followed by "close"
    socket.once("close", onClose).on("data", onData);
    socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  });
}
