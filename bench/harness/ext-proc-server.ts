/**
 * A gRPC server for Envoy's ext_proc filters on a Unix socket that keeps what it is sent. Of Node's own HTTP/2, so that
 * what is tried with it does not rest on the server of ours.
 */
import { createServer } from "node:http2";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";

/** One message as it came, and what was answered. */
export interface KeptMessage {
  readonly message: Buffer;
  readonly reply: Buffer;
}

/** A listening server. */
export interface ExtProcServer {
  /** Everything so far, oldest first */
  readonly kept: readonly KeptMessage[];
  /** Ends the listener and all its connections. */
  close(): Promise<void>;
}

const prefixBytes = 5;

/** Listens on the path. `reply` makes the answer to each message; when it throws, the stream is reset. */
export async function startExtProcServer(
  path: string,
  reply: (message: Buffer) => Buffer,
): Promise<ExtProcServer> {
  const kept: KeptMessage[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    readMessages(stream, (message) => {
      const answer = reply(message);
      kept.push({ message, reply: answer });
      stream.write(frame(answer));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    kept,
    close: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readMessages(stream: ServerHttp2Stream, onMessage: (message: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  stream.on("error", () => stream.destroy());
  stream.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= prefixBytes) {
      const end = prefixBytes + pending.readUInt32BE(1);
      if (pending.length < end) return;
      const message = Buffer.from(pending.subarray(prefixBytes, end));
      pending = pending.subarray(end);
      try {
        onMessage(message);
      } catch (error) {
        stream.destroy(error instanceof Error ? error : new Error("Cannot reply"));
        return;
      }
    }
  });
}

/** gRPC's prefix: not compressed, length. */
function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
