/**
 * Ties one connection to its socket: bytes in both directions, back-pressure and the end. Reading stops while the peer
 * does not take what we write, so that nothing piles up here.
 */

import type { Socket } from "node:net";
import { Http2Connection } from "./connection.ts";
import type { ConnectionOptions, ConnectionSink } from "./connection.ts";

/** What a link needs beside its socket. */
export interface SocketLinkOptions extends Omit<ConnectionOptions, "sink"> {
  /** The socket is closed and everything about it settled */
  readonly onClosed: (link: SocketLink) => void;
}

/** Writes below this are copied where the socket keeps them, so that the writer's large buffer can be used again. */
const copyBelowBytes = 16_384;

const keepAliveMs = 30_000;

/** One socket with its connection. */
export class SocketLink {
  readonly connection: Http2Connection;
  readonly #socket: Socket;

  /** Begins at once. The socket may be TLS, with its handshake done. */
  constructor(socket: Socket, options: SocketLinkOptions) {
    this.#socket = socket;
    const sink = new SocketSink(socket);
    const connection = new Http2Connection({ ...options, sink });
    this.connection = connection;
    socket.setNoDelay(true);
    // On TCP a peer may vanish without a word.
    socket.setKeepAlive(true, keepAliveMs);
    socket.on("data", (chunk: Buffer) => {
      connection.receive(chunk);
      if (sink.isCongested) socket.pause();
    });
    socket.on("drain", () => {
      sink.isCongested = false;
      connection.drained();
      if (!sink.isCongested) socket.resume();
    });
    // What went wrong is told by "close"; a peer that goes away is nothing to log.
    socket.on("error", () => {});
    socket.on("close", () => {
      connection.lost();
      options.onClosed(this);
    });
    connection.start();
  }

  /** Ends the socket now, whatever is left. */
  destroy(): void {
    this.#socket.destroy();
  }
}

class SocketSink implements ConnectionSink {
  readonly #socket: Socket;
  isCongested = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** A socket that takes all at once has no use for the buffer any more, and says so by an empty queue. */
  write(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    const isKept = socket.writableLength > 0 || isEncrypted(socket);
    const isCopied = isKept && bytes.length < copyBelowBytes;
    if (!socket.write(isCopied ? Buffer.from(bytes) : bytes)) this.isCongested = true;
    return isCopied || socket.writableLength === 0;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function isEncrypted(socket: Socket): boolean {
  return "encrypted" in socket && socket.encrypted === true;
}
