/** Upstreams for tests that answer with what they got: over TLS with the test leaf, in plain, and raw bytes. */
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer } from "node:net";
import type { Server } from "node:net";
import type { Test } from "tap";
import { testCertificatePem, testPrivateKeyPem } from "./leaf.ts";

/** What an upstream saw. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An upstream that listens on 127.0.0.1. */
export interface Upstream {
  readonly port: number;
  readonly seen: Echo[];
}

/** HTTPS with the test leaf; answers JSON of what it saw, with 503 to `/status/503`, and nothing at all to `/silent`. */
export async function tlsUpstream(t: Test): Promise<Upstream> {
  const seen: Echo[] = [];
  const options = { cert: testCertificatePem, key: testPrivateKeyPem };
  const server = createHttpsServer(options, (request, response) => echo(request, response, seen));
  return { port: await listen(t, server), seen };
}

/** HTTP; answers JSON of what it saw. */
export async function plainUpstream(t: Test): Promise<Upstream> {
  const seen: Echo[] = [];
  const server = createHttpServer((request, response) => echo(request, response, seen));
  return { port: await listen(t, server), seen };
}

/** Speaks first, then sends back what it gets. */
export async function rawUpstream(t: Test): Promise<{ readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write("hello\n");
    socket.pipe(socket);
  });
  return { port: await listen(t, server) };
}

function echo(request: IncomingMessage, response: ServerResponse, seen: Echo[]): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.once("end", () => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const { method = "", url = "" } = request;
    const entry = { method, url, headers, body: Buffer.concat(chunks).toString() };
    seen.push(entry);
    if (url === "/silent") return;
    if (url === "/status/503") response.statusCode = 503;
    response.setHeader("x-upstream", "1");
    response.end(JSON.stringify(entry));
  });
}

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    if ("closeAllConnections" in server && typeof server.closeAllConnections === "function") {
      server.closeAllConnections();
    }
    server.close();
  });
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}
