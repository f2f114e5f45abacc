/**
 * Raw TCP upstream for protocols that the gateway does not understand: echoes, or speaks first like SMTP
 * and MySQL servers do and then echoes. Counts what it saw.
 */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** What one connection did; grows while the connection lives. */
export interface TcpConnection {
  readonly remotePort: number;
  bytesReceived: number;
  /** First 4 KiB received */
  head: Buffer;
  /** "open", "ended" after a FIN from the peer, "reset" after an RST */
  state: "open" | "ended" | "reset";
}

/** A listening upstream. */
export interface TcpUpstream {
  readonly address: string;
  readonly port: number;
  /** Every connection so far, oldest first; at most 1,000 are kept */
  readonly connections: readonly TcpConnection[];
  /** Ends the listener and all its connections. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const headLimitBytes = 4_096;
const connectionLimit = 1_000;

/** Listens on 127.0.0.1, or `address`, with a free port. With `banner` the server sends it before it reads anything. */
export async function createTcpUpstream(
  options: { readonly banner?: string; readonly address?: string } = {},
): Promise<TcpUpstream> {
  const connections: TcpConnection[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const connection = observe(socket);
    if (connections.length < connectionLimit) connections.push(connection);
    if (options.banner !== undefined) socket.write(options.banner);
    socket.pipe(socket); // with half-open: a FIN is answered after everything was echoed
  });
  const address = options.address ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    address,
    port: portOf(server.address()),
    connections,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function observe(socket: Socket): TcpConnection {
  const connection: TcpConnection = {
    remotePort: socket.remotePort ?? 0,
    bytesReceived: 0,
    head: Buffer.alloc(0),
    state: "open",
  };
  socket.on("data", (chunk: Buffer) => {
    connection.bytesReceived += chunk.length;
    const room = headLimitBytes - connection.head.length;
    if (room > 0) connection.head = Buffer.concat([connection.head, chunk.subarray(0, room)]);
  });
  socket.once("end", () => {
    connection.state = "ended";
  });
  socket.once("error", () => {
    connection.state = "reset";
  });
  return connection;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") {
    throw new TypeError("Cannot tell port: server does not listen on TCP");
  }
  return address.port;
}
