/**
 * The port for collectors and probes: GET of `/metrics`, `/healthz` and `/readyz`, and nothing else. It tells counts and
 * names and can change nothing; a page in a browser that only poses as this address is refused.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { Socket } from "node:net";
import { describeError, ClrkError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { MetricFamily } from "./metric-family.ts";
import { answerMetrics } from "./metrics-text.ts";
import { createServer } from "./node-http.ts";
import type { Readiness } from "./readiness.ts";
import type { SocketEndpoint } from "./snapshot.ts";

/** A collector keeps one connection, a probe makes one each time. One more, and another gives way (`boundConnections`). */
const maxConnections = 32;

/** A request is a line and a few headers. */
const maxHeaderBytes = 8 * 1024;

/** Time for a whole request, and for a connection without any. */
const requestTimeoutMs = 5_000;

/** Time that a connection may be silent after a request: collectors ask every minute or more often. */
const idleTimeoutMs = 2 * 60_000;

/** What is asked when somebody asks. */
export interface MetricsHandlers {
  families(): readonly MetricFamily[];
  readiness(): Readiness;
}

/** A listening server. */
export interface MetricsServer {
  /** Where it listens, with the port that was chosen for 0 */
  readonly endpoint: SocketEndpoint;
  /** Ends its connections. Idempotent */
  close(): Promise<void>;
}

/** Listens; throws CLRK_INVALID_ARGUMENT where that is not possible. */
export async function openMetricsServer(
  wanted: SocketEndpoint,
  handlers: MetricsHandlers,
  log: Logger,
): Promise<MetricsServer> {
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      try {
        answer(request, response, handlers);
      } catch (error) {
        log.error("Cannot tell metrics", { error: describeError(error) });
        send(response, 500, "Cannot tell metrics: see the log of the process\n");
      }
    },
  );
  server.keepAliveTimeout = idleTimeoutMs;
  boundConnections(server);
  const endpoint = await listen(server, wanted);
  server.on("error", (error) => log.error("Metrics server failed", { error: error.message }));
  return {
    endpoint,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Whoever comes is served: to refuse the newest connection would let whoever opens some and says nothing take health away. The
 * oldest that never asked anything gives way first, so that collectors keep theirs, then the one that has been idle for longest.
 */
function boundConnections(server: Server): void {
  const silent = new Set<Socket>();
  const asked = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    const [oldest] = silent.size > 0 ? silent : asked;
    if (silent.size + asked.size >= maxConnections) oldest?.destroy();
    if (oldest?.destroyed === true) forget(oldest);
    silent.add(socket);
    socket.once("close", () => forget(socket));
  });
  server.on("request", ({ socket }: IncomingMessage) => {
    forget(socket);
    if (!socket.destroyed) asked.add(socket);
  });

  function forget(socket: Socket): void {
    silent.delete(socket);
    asked.delete(socket);
  }
}

async function listen(server: Server, { address, port }: SocketEndpoint): Promise<SocketEndpoint> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, address, resolve);
    });
  } catch (cause) {
    const message = `Cannot listen for metrics on ${address} port ${port}: ${describeError(cause)}`;
    throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { cause, expose: message });
  }
  const bound = server.address();
  if (bound === null || typeof bound === "string") {
    throw new TypeError(`Cannot listen for metrics on "${address}": no address was bound`);
  }
  return { address, port: bound.port };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { families, readiness }: MetricsHandlers,
): void {
  const { host } = request.headers;
  if (!isOwnHost(host)) {
    send(response, 403, "Refused: the Host must be an address or localhost, not a name\n");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    send(response, 405, "Refused: only GET and HEAD are answered here\n");
    return;
  }
  const [path] = (request.url ?? "").split("?");
  if (path === "/healthz") {
    send(response, 200, "ok\n");
    return;
  }
  if (path === "/readyz") {
    const { ready, missing } = readiness();
    send(response, ready ? 200 : 503, ready ? "ready\n" : `${missing.join("\n")}\n`);
    return;
  }
  if (path !== "/metrics") {
    send(response, 404, "Not found: wanted /metrics, /healthz or /readyz\n");
    return;
  }
  const { contentType, body } = answerMetrics(families(), request.headers.accept);
  response.setHeader("content-type", contentType);
  send(response, 200, body);
}

/** A name may lead here that is another's, by DNS rebinding: an address is nobody else's. */
function isOwnHost(host: string | undefined): boolean {
  const [, name = ""] = /^(\[[0-9a-fA-F:.]+\]|[^:]+)(?::\d{1,5})?$/.exec(host ?? "") ?? [];
  return name.toLowerCase() === "localhost" || isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

function send(response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader("content-type")) {
    response.setHeader("content-type", "text/plain; charset=utf-8");
  }
  response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  // What a body holds is not read: the connection cannot go on behind one.
  if (hasBody(response.req)) response.setHeader("connection", "close");
  response.statusCode = status;
  response.end(text);
}
