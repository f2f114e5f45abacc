/**
 * One server that behaves as the model providers of `fake/sites.ts` and, for any other host, as an echo service
 * with WebSocket and gRPC, over HTTP/1.1 and HTTP/2. It records all it receives and misbehaves when told to.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { createSecureServer } from "node:http2";
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import { createEchoSite } from "./fake/echo.ts";
import { answerGrpc, grpcEchoPrefix } from "./fake/grpc-echo.ts";
import { createMisbehaviourList } from "./fake/misbehaviour.ts";
import type { Misbehaviour } from "./fake/misbehaviour.ts";
import { describeRequest, receiveBody } from "./fake/received-request.ts";
import type { IncomingRequest, ReceivedRequest } from "./fake/received-request.ts";
import { jsonReply, withRetryAfter } from "./fake/reply.ts";
import type { Reply } from "./fake/reply.ts";
import { sendReply } from "./fake/send-reply.ts";
import type { OutgoingResponse } from "./fake/send-reply.ts";
import type { Site, SiteEnvironment } from "./fake/site.ts";
import { createSites } from "./fake/sites.ts";
import type { SiteCredentials } from "./fake/sites.ts";
import { acceptKey, echoWebSocket } from "./fake/websocket-echo.ts";
import { waitUntil } from "./processes.ts";
import type { UpstreamCertificate } from "./upstream-authority.ts";

const recordLimit = 10_000;
// Envoy resets many streams on purpose; Node's defaults answer that by closing the connection.
const streamResetAllowance = { streamResetBurst: 1_000_000, streamResetRate: 1_000_000 };

/** How the provider is set up. */
export interface FakeProviderOptions extends SiteCredentials {
  /** Certificate to serve; plain HTTP/1.1 without one */
  readonly certificate?: UpstreamCertificate;
  /** Loopback address; 127.0.0.1 when absent */
  readonly address?: string;
  /** Port; a free one when absent */
  readonly port?: number;
}

/** A running provider. */
export interface FakeProvider {
  readonly address: string;
  readonly port: number;
  /** Every request so far, oldest first, also unfinished ones; at most 10,000 are kept */
  readonly requests: readonly ReceivedRequest[];
  /** Requests no longer recorded because the list was full */
  readonly droppedRequests: number;
  /** Connections that were accepted since the start, whatever came of them */
  readonly connections: number;
  /** Adds a fault; returns a function that takes it out again. */
  misbehave(misbehaviour: Misbehaviour): () => void;
  /** The first recorded request that matches and whose body arrived; rejects at `deadlineMs` (5 s when absent). */
  waitForRequest(
    matches: (request: ReceivedRequest) => boolean,
    deadlineMs?: number,
  ): Promise<ReceivedRequest>;
  /** Forgets recorded requests and faults. */
  reset(): void;
  /** Ends the listener and all connections. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface State {
  readonly findSite: (host: string) => Site | undefined;
  readonly fallback: Site;
  requests: ReceivedRequest[];
  droppedRequests: number;
  faults: ReturnType<typeof createMisbehaviourList>;
}

/** Starts the provider on loopback; resolves when it listens. */
export async function createFakeProvider(options: FakeProviderOptions): Promise<FakeProvider> {
  const state = createState(options);
  const sockets = new Set<Duplex>();
  let connections = 0;
  const server = createServerFor(options, state);
  server.on("connection", (socket: Duplex) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const address = options.address ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, address, resolve);
  });
  const bound = server.address();
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    address,
    port: bound !== null && typeof bound === "object" ? bound.port : 0,
    get requests() {
      return state.requests;
    },
    get droppedRequests() {
      return state.droppedRequests;
    },
    get connections() {
      return connections;
    },
    misbehave: (misbehaviour) => state.faults.add(misbehaviour),
    waitForRequest: (matches, deadlineMs = 5_000) =>
      waitUntil(() => state.requests.find((seen) => seen.state === "received" && matches(seen)), {
        deadlineMs,
        what: "request at the fake provider",
      }),
    reset: () => {
      state.requests = [];
      state.droppedRequests = 0;
      state.faults = createMisbehaviourList();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createState(options: FakeProviderOptions): State {
  const environment: SiteEnvironment = {
    now: () => Date.now(),
    randomHex: (digits) =>
      randomBytes(Math.ceil(digits / 2))
        .toString("hex")
        .slice(0, digits),
  };
  return {
    findSite: createSites(options, environment),
    fallback: createEchoSite(),
    requests: [],
    droppedRequests: 0,
    faults: createMisbehaviourList(),
  };
}

function createServerFor(options: FakeProviderOptions, state: State): Server | Http2SecureServer {
  const onRequest = (incoming: IncomingRequest, response: OutgoingResponse): void => {
    void serve(state, incoming, response); // never rejects
  };
  const onUpgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer): void => {
    upgrade(state, incoming, { socket, head });
  };
  if (options.certificate === undefined) return createServer(onRequest).on("upgrade", onUpgrade);
  const server = createSecureServer(
    {
      key: options.certificate.privateKeyPem,
      cert: options.certificate.certificatePem,
      allowHTTP1: true,
      settings: { enableConnectProtocol: true },
      ...streamResetAllowance,
    },
    onRequest,
  );
  server.on("upgrade", onUpgrade);
  server.on("connect", (incoming: Http2ServerRequest, response: Http2ServerResponse) => {
    extendedConnect(state, incoming, response);
  });
  server.on("sessionError", () => {}); // a peer that breaks off; its streams are recorded as aborted
  return server;
}

async function serve(
  state: State,
  incoming: IncomingRequest,
  response: OutgoingResponse,
): Promise<void> {
  const record = remember(state, describeRequest(incoming));
  const fault = state.faults.take(record.host, record.pathname);
  if (fault?.close && fault.delayHeadersMs === undefined) {
    await sendReply(response, record, { reply: jsonReply(500, {}), fault });
    return;
  }
  if (!(await receiveBody(incoming, record))) {
    record.replyState = "abandoned";
    return;
  }
  await sendReply(response, record, { reply: chooseReply(state, record, fault), fault });
}

function chooseReply(
  state: State,
  record: ReceivedRequest,
  fault: Misbehaviour | undefined,
): Reply {
  const site = state.findSite(record.host) ?? state.fallback;
  if (fault?.status !== undefined) {
    return withRetryAfter(site.failure(fault.status), fault.retryAfterSeconds);
  }
  if (fault?.hugeBodyBytes !== undefined) return hugeReply(fault.hugeBodyBytes);
  if (site === state.fallback) {
    return record.pathname.startsWith(grpcEchoPrefix) ? answerGrpc(record) : site.handle(record);
  }
  if (record.servername !== undefined && record.servername.toLowerCase() !== record.host) {
    // As a provider's edge does: the name in the handshake and the name asked for must agree.
    return jsonReply(421, { error: `"${record.host}" is not served on this connection` });
  }
  return site.handle(record);
}

function hugeReply(bytes: number): Reply {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    chunks: (function* () {
      yield '{"padding":"';
      const block = "x".repeat(65_536);
      for (let left = bytes; left > 0; left -= block.length) yield block.slice(0, left);
      yield '"}';
    })(),
  };
}

function upgrade(
  state: State,
  incoming: IncomingMessage,
  connection: { socket: Duplex; head: Buffer },
): void {
  const { socket, head } = connection;
  const record = remember(state, describeRequest(incoming));
  record.state = "received";
  socket.on("error", () => {}); // reset by the peer
  const {
    "sec-websocket-key": key,
    "sec-websocket-protocol": protocols,
    upgrade: to,
  } = record.headers;
  if (record.pathname !== "/ws" || to?.toLowerCase() !== "websocket" || key === undefined) {
    record.status = 404;
    socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    return;
  }
  record.status = 101;
  record.replyState = "sent";
  const protocol = protocols?.split(",")[0]?.trim();
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${acceptKey(key)}\r\n${protocol === undefined ? "" : `sec-websocket-protocol: ${protocol}\r\n`}\r\n`,
  );
  echoWebSocket(socket, head);
}

/** WebSocket over HTTP/2: https://www.rfc-editor.org/rfc/rfc8441 */
function extendedConnect(
  state: State,
  incoming: Http2ServerRequest,
  response: Http2ServerResponse,
): void {
  const record = remember(state, describeRequest(incoming));
  record.state = "received";
  const protocol: unknown = incoming.headers[":protocol"];
  const accepted = protocol === "websocket" && record.pathname === "/ws";
  record.status = accepted ? 200 : 405;
  record.replyState = "sent";
  if (accepted) {
    response.stream.respond({ ":status": 200 });
    echoWebSocket(response.stream);
    return;
  }
  response.writeHead(405);
  response.end();
}

function remember(state: State, record: ReceivedRequest): ReceivedRequest {
  if (state.requests.length < recordLimit) state.requests.push(record);
  else state.droppedRequests += 1;
  return record;
}
