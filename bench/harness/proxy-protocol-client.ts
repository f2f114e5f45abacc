/**
 * Opens TCP connections to a transparent listener the way a worker does: the PROXY v2 header goes first, what
 * the agent sent follows. TLS and HTTP over the socket are in `http-over-socket.ts`.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { encodeProxyHeader } from "./proxy-protocol-header.ts";
import type { Endpoint, ProxyHeader } from "./proxy-protocol-header.ts";

const defaultDeadlineMs = 5_000;

/** Opens a plain TCP connection. Rejects with the socket's error, or at the deadline (5 s when absent). */
export function openTcp(
  listener: Endpoint,
  deadlineMs: number = defaultDeadlineMs,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: listener.address, port: listener.port, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy(
        new Error(`Cannot connect to ${listener.address}:${listener.port}: deadline passed`),
      );
    }, deadlineMs);
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.on("error", () => {}); // a later reset shows as "close" to whoever reads
      resolve(socket);
    });
  });
}

/** Opens a connection to a transparent listener and sends the header; the caller owns the socket. */
export async function openWithProxyHeader(
  listener: Endpoint,
  header: ProxyHeader,
): Promise<Socket> {
  const bytes = encodeProxyHeader(header); // before dialling: misuse must not leave a socket open
  const socket = await openTcp(listener);
  socket.write(bytes);
  return socket;
}

/**
 * Sends `bytes` as they are on a new connection and resolves with everything the peer sends until it closes.
 * `reset` is true when the peer ended with RST; `closed` is false when nothing happened until the deadline.
 */
export async function sendRaw(
  listener: Endpoint,
  bytes: Uint8Array,
  deadlineMs: number = defaultDeadlineMs,
): Promise<{ received: Buffer; closed: boolean; reset: boolean }> {
  const socket = await openTcp(listener, deadlineMs);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let reset = false;
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ received: Buffer.concat(chunks), closed, reset });
    };
    const timer = setTimeout(() => finish(false), deadlineMs);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("error", (error) => {
      reset = "code" in error && error.code === "ECONNRESET";
    });
    socket.once("close", () => finish(true));
    socket.write(bytes);
  });
}
