/**
 * A gRPC server on Unix sockets, and on TCP with mutual TLS, for a few peers with very many short calls. It has no
 * state outside of its object and may run in any thread.
 */

import { chmod, lstat, unlink } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { monotonicMs } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { OpenCall, ReadBatch } from "./call.ts";
import { createCounters } from "./counters.ts";
import type { ServerCounters } from "./counters.ts";
import { createRequestOpener } from "./grpc-requests.ts";
import { createLimits } from "./limits.ts";
import type { Http2Limits } from "./limits.ts";
import { SocketLink } from "./socket-link.ts";

/** What a server serves. */
export interface GrpcServerOptions {
  /** Handlers by `:path`, such as `/package.Service/Method` */
  readonly methods: ReadonlyMap<string, OpenCall>;
  readonly clock: Clock;
  /** Those that differ from what `createLimits()` gives */
  readonly limits?: Partial<Http2Limits>;
  /** Told of every new connection before anything is read from it; absent: nobody is */
  readonly onConnection?: () => void;
  /** Told of every read of a connection; absent: nobody is */
  readonly batch?: ReadBatch;
  /** Takes what handlers threw, and why connections had to end; must not throw */
  readonly onError?: (error: unknown) => void;
}

/** Where to listen with mutual TLS. */
export interface TlsAddress {
  readonly host: string;
  /** 0 for any free one */
  readonly port: number;
  /** PEM */
  readonly key: string;
  /** PEM, the chain after the leaf included */
  readonly cert: string;
  /** PEM of the authorities whose client certificates are accepted */
  readonly ca: string;
}

/** How often connections look at the time, in `ms`: the grain of all their time limits. */
const checkEveryMs = 1_000;

/** All that RFC 9113 §9.2.2 leaves of TLS 1.2, and TLS 1.3. */
const ciphers =
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:" +
  "ECDHE+AESGCM:ECDHE+CHACHA20";

/** Serves calls on any number of addresses. */
export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #limits: Http2Limits;
  readonly #counters = createCounters();
  readonly #listeners = new Set<Server>();
  readonly #links = new Set<SocketLink>();
  /** Also those that are not links yet, because their TLS is under way */
  readonly #sockets = new Set<Socket>();
  #timer: TimerHandle | undefined;
  #isDraining = false;
  #onEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Listens nowhere yet. RangeError for limits that cannot be. */
  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#limits = createLimits(options.limits);
  }

  /** Counts since the start; the object is the server's own and goes on counting. */
  get stats(): Readonly<ServerCounters> {
    return this.#counters;
  }

  /**
   * Listens on a Unix socket that only its user may open. The folder must be private too; a socket that an ended process
   * left there is replaced. Rejects with CLRK_UNAVAILABLE.
   */
  async listenUnix(path: string, mode = 0o600): Promise<void> {
    const listener = createServer((socket) => {
      this.#track(socket);
      this.#accept(socket);
    });
    await this.#listen(listener, path, async () => {
      await removeSocket(path);
      await listening(listener, { path });
      await chmod(path, mode);
    });
  }

  /** Listens on TCP for peers with a certificate of the authorities; resolves with the port. Rejects with CLRK_UNAVAILABLE. */
  async listenTls({ host, port, ...credentials }: TlsAddress): Promise<number> {
    const listener = createTlsServer({
      ...credentials,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      ciphers,
      ALPNProtocols: ["h2"],
      handshakeTimeout: this.#limits.handshakeMs,
    });
    listener.on("connection", (socket: Socket) => this.#track(socket));
    listener.on("secureConnection", (socket) => this.#acceptTls(socket));
    listener.on("tlsClientError", () => this.#counters.refusedConnections++);
    await this.#listen(listener, `${host}:${port}`, () => listening(listener, { host, port }));
    return portOf(listener.address());
  }

  /**
   * Accepts no further connection or call, and lets open calls end, at most for `deadlineMs`; then closes. Resolves when
   * that is done.
   */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    this.#isDraining = true;
    for (const listener of this.#listeners) listener.close();
    for (const { connection } of this.#links) connection.drain();
    await this.#waitUntilEmpty(deadlineMs);
    return this.close();
  }

  /** Ends all calls and connections now; resolves when nothing is left. Safe to call again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#isDraining = true;
    this.#options.clock.clearTimeout(this.#timer);
    const ended = [...this.#listeners].map(
      (listener) => new Promise<void>((resolve) => listener.close(() => resolve())),
    );
    for (const { connection } of this.#links) connection.abort();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(ended);
    this.#listeners.clear();
    this.#onEmpty?.();
  }

  async #listen(listener: Server, where: string, open: () => Promise<void>): Promise<void> {
    try {
      await open();
      if (this.#isDraining) throw new Error("The server is closing");
    } catch (error) {
      listener.close();
      const message = `Cannot listen on "${where}": ${describeError(error)}`;
      throw new ClrkError("CLRK_UNAVAILABLE", message, { cause: error });
    }
    listener.on("error", (error) => this.#report(error));
    this.#listeners.add(listener);
    if (this.#timer === undefined) this.#checkLater();
  }

  #acceptTls(socket: TLSSocket): void {
    if (socket.alpnProtocol === "h2") this.#accept(socket);
    else {
      this.#counters.refusedConnections++;
      socket.destroy();
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
  }

  #accept(socket: Socket): void {
    const counters = this.#counters;
    if (this.#isDraining || this.#links.size >= this.#limits.maxConnections) {
      counters.refusedConnections++;
      socket.destroy();
      return;
    }
    const { batch, clock, methods, onConnection } = this.#options;
    onConnection?.();
    const onError = (error: unknown) => this.#report(error);
    counters.connections++;
    counters.totalConnections++;
    const link = new SocketLink(socket, {
      openStream: createRequestOpener({ methods, limits: this.#limits, onError }),
      limits: this.#limits,
      counters,
      clock,
      batch,
      onError,
      onClosed: (closed) => {
        counters.connections--;
        this.#links.delete(closed);
      },
    });
    this.#links.add(link);
  }

  #report(error: unknown): void {
    this.#options.onError?.(error);
  }

  #checkLater(): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(() => {
      const nowMs = monotonicMs(clock);
      for (const { connection } of this.#links) connection.check(nowMs);
      this.#checkLater();
    }, checkEveryMs);
    this.#timer.unref();
  }

  #waitUntilEmpty(deadlineMs: number): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => this.#onEmpty?.(), deadlineMs);
      this.#onEmpty = () => {
        this.#onEmpty = undefined;
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function removeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() === true) await unlink(path);
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

function listening(
  listener: Server,
  address: { path: string } | { host: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(address, () => {
      listener.off("error", reject);
      resolve();
    });
  });
}
