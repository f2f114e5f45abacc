/**
 * A small HTTP proxy that decides nothing: CONNECT tunnels and absolute-form requests to addresses from a
 * fixed table. It stands in for the gateway where a client itself is under test.
 */
import { createServer, request as requestHttp } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Endpoint } from "./proxy-protocol-header.ts";

/** What one client asked of the proxy. */
export interface ProxyAsk {
  readonly method: string;
  /** `host:port` of CONNECT, or the absolute URL */
  readonly target: string;
  readonly httpVersion: string;
  /** `Proxy-Authorization` as sent */
  readonly authorization: string | undefined;
}

/** A listening proxy. */
export interface PlainConnectProxy {
  readonly address: string;
  readonly port: number;
  /** Proxy URL without credentials */
  readonly url: string;
  /** Everything asked so far, oldest first; at most 1,000 are kept */
  readonly asked: readonly ProxyAsk[];
  /** Ends the listener and all tunnels. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the proxy allows. */
export interface PlainConnectProxyOptions {
  /** Where `host:port` really is; any other target is answered 403 */
  readonly targets: ReadonlyMap<string, Endpoint>;
  /** The only `Proxy-Authorization` accepted; anything else is answered 407. Absent: none is asked for */
  readonly authorization?: string;
}

const askLimit = 1_000;

/** Listens on 127.0.0.1 with a free port. */
export async function createPlainConnectProxy(
  options: PlainConnectProxyOptions,
): Promise<PlainConnectProxy> {
  const asked: ProxyAsk[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    note(asked, request);
    forward(options, request, response);
  });
  server.on("connection", (socket) => track(sockets, socket));
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    note(asked, request);
    const upstream = tunnel(options, { request, socket, head });
    if (upstream !== undefined) track(sockets, upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    address: "127.0.0.1",
    port,
    url: `http://127.0.0.1:${port}`,
    asked,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function note(asked: ProxyAsk[], request: IncomingMessage): void {
  if (asked.length >= askLimit) return;
  asked.push({
    method: request.method ?? "",
    target: request.url ?? "",
    httpVersion: request.httpVersion,
    authorization: request.headers["proxy-authorization"],
  });
}

function track(sockets: Set<Duplex>, socket: Duplex): void {
  sockets.add(socket);
  socket.on("error", () => {}); // the other side of the tunnel sees the close
  socket.once("close", () => sockets.delete(socket));
}

function tunnel(
  options: PlainConnectProxyOptions,
  ask: { request: IncomingMessage; socket: Duplex; head: Buffer },
): Socket | undefined {
  const { request, socket, head } = ask;
  if (
    options.authorization !== undefined &&
    request.headers["proxy-authorization"] !== options.authorization
  ) {
    socket.end(
      'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="harness"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
    );
    return undefined;
  }
  const target = options.targets.get(request.url ?? "");
  if (target === undefined) {
    const body = `No target "${request.url ?? ""}"`;
    socket.end(
      `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
    return undefined;
  }
  const upstream = connect({ host: target.address, port: target.port });
  upstream.once("connect", () => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });
  upstream.once("close", () => socket.destroy());
  socket.once("close", () => upstream.destroy());
  return upstream;
}

function forward(
  options: PlainConnectProxyOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = URL.canParse(request.url ?? "") ? new URL(request.url ?? "") : undefined;
  const target = url && options.targets.get(`${url.hostname}:${url.port === "" ? "80" : url.port}`);
  if (url === undefined || target === undefined) {
    response.writeHead(url === undefined ? 400 : 403, { "content-type": "text/plain" });
    response.end(`No target "${request.url ?? ""}"`);
    return;
  }
  const { "proxy-authorization": _credential, ...headers } = request.headers;
  const upstream = requestHttp({
    host: target.address,
    port: target.port,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host },
  });
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  upstream.once("error", () => response.destroy());
  request.pipe(upstream);
}
