/**
 * Opens one verified TLS connection to a server name the way an agent's connection reaches a
 * gateway: by CONNECT, captured (PROXY v2), or straight to the upstream.
 */
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { SecureContext, TLSSocket } from "node:tls";
import { encodeProxyHeader } from "../harness/proxy-protocol-header.ts";
import { statusOf } from "./message-reader.ts";
import type { FailureKind, Target } from "./workload.ts";

// A CONNECT answer longer than this is no CONNECT answer.
const maxConnectHeadBytes = 8 * 1024;

// The agent identity that a capturing worker would send.
const identity = {
  agentKind: "0",
  agentNamespace: "default",
  agentName: "bench",
  agentUid: "00000000-0000-4000-8000-000000000001",
};

/** Why a connection could not be had. */
export class TunnelError extends Error {
  readonly kind: FailureKind;

  static {
    TunnelError.prototype.name = "TunnelError";
  }

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Where and how to connect. */
export interface TunnelOptions {
  readonly target: Target;
  /** Holds the authority to verify against; shared, because parsing it per connection costs more than the handshake */
  readonly secureContext: SecureContext;
  readonly serverName: string;
  /** Time for the whole of TCP, CONNECT and TLS, in `ms` */
  readonly deadlineMs: number;
}

/** What a capturing worker sends in front of a connection from `sourcePort` of this machine to `port` of some address. */
export function captureHeader(sourcePort: number, port: number): Buffer {
  return encodeProxyHeader({
    source: { address: "127.0.0.1", port: sourcePort },
    destination: { address: "192.0.2.10", port },
    identity,
  });
}

/** A connected, verified TLS socket that speaks HTTP/1.1; the caller owns it. Rejects with TunnelError. */
export function openTunnel(options: TunnelOptions): Promise<TLSSocket> {
  const { target, serverName } = options;
  return new Promise((resolve, reject) => {
    let stage: FailureKind = "connect";
    const socket = connectTcp({ host: target.host, port: target.port, noDelay: true });
    let timer: NodeJS.Timeout | undefined;
    const fail = (kind: FailureKind, cause: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      const detail = cause instanceof Error ? cause.message : String(cause);
      reject(new TunnelError(kind, `Cannot reach "${serverName}": ${kind}: ${detail}`, { cause }));
    };
    timer = setTimeout(
      () => fail("timeout", `no ${stage} after ${options.deadlineMs} ms`),
      options.deadlineMs,
    );
    const onEarlyError = (error: Error) => fail(stage, error);
    const onEarlyClose = () => fail(stage, "connection closed");
    socket.once("error", onEarlyError);
    socket.once("close", onEarlyClose);
    const startTls = () => {
      stage = "tls";
      const tls = connectTls({
        socket,
        servername: serverName,
        secureContext: options.secureContext,
        ALPNProtocols: ["http/1.1"],
      });
      tls.once("error", onEarlyError);
      tls.once("secureConnect", () => {
        clearTimeout(timer);
        socket.off("error", onEarlyError);
        socket.off("close", onEarlyClose);
        tls.off("error", onEarlyError);
        // The wrapped socket reports what the TLS socket reports too.
        socket.on("error", () => tls.destroy());
        resolve(tls);
      });
    };
    socket.once("connect", () => {
      if (target.mode === "connect") {
        stage = "proxy-status";
        sendConnect(socket, { ...options, onOpen: startTls, onRefusal: fail });
      } else {
        if (target.mode === "transparent") socket.write(captureHeader(socket.localPort ?? 0, 443));
        startTls();
      }
    });
  });
}

interface ConnectOptions extends TunnelOptions {
  readonly onOpen: () => void;
  readonly onRefusal: (kind: FailureKind, cause: unknown) => void;
}

function sendConnect(socket: Socket, options: ConnectOptions) {
  const { target, serverName } = options;
  const authorization =
    target.authorization === undefined ? "" : `proxy-authorization: ${target.authorization}\r\n`;
  socket.write(
    `CONNECT ${serverName}:443 HTTP/1.1\r\nhost: ${serverName}:443\r\n${authorization}\r\n`,
  );
  let head = "";
  const onData = (chunk: Buffer) => {
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end < 0 && head.length < maxConnectHeadBytes) return;
    socket.off("data", onData);
    socket.pause();
    try {
      const status = statusOf(head);
      if (status !== 200) throw new Error(`CONNECT was answered ${status}`);
      // The agent speaks first inside a tunnel: bytes here belong to nobody.
      if (end + 4 !== head.length) throw new Error("Bytes follow the answer to CONNECT");
      options.onOpen();
    } catch (error) {
      options.onRefusal("proxy-status", error);
    }
  };
  socket.on("data", onData);
}
