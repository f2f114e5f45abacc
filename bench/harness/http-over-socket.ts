/**
 * TLS, HTTP/1.1 and HTTP/2 over a socket that is already open (through a PROXY header or a CONNECT tunnel).
 * A response that breaks off is a value with `complete: false`, because broken responses are what tests look at.
 */
import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { connect as connectTls, createSecureContext } from "node:tls";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";

const defaultDeadlineMs = 10_000;

// The roots that an agent is given take 5 ms to read, and stories open thousands of connections.
const contexts = new Map<string, SecureContext>();
const maxContexts = 16;

/** How to run TLS over an open socket. */
export interface TlsOptions {
  /** SNI, and the name that the certificate must carry; no SNI is sent when absent */
  readonly servername?: string;
  /** PEM of the only authorities to trust */
  readonly ca: string | readonly string[];
  /** ALPN protocols in order of preference; none offered when absent */
  readonly alpn?: readonly string[];
  /** Longest handshake in `ms`; 10 s when absent */
  readonly deadlineMs?: number;
}

/** One request. */
export interface HttpRequest {
  /** GET when absent */
  readonly method?: string;
  /** Request target as it goes on the wire: origin form, or absolute form for a proxy */
  readonly path: string;
  /** `Host` or `:authority` */
  readonly authority: string;
  /** More headers; an array sends the header several times */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Longest time to the end of the response in `ms`; 10 s when absent */
  readonly deadlineMs?: number;
}

/** One response, as far as it came. */
export interface HttpResponse {
  readonly status: number;
  /** By lower-case name, repeated ones joined by ", "; no prototype */
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body as UTF-8 */
  readonly text: string;
  /** False when the connection or stream ended before the response did */
  readonly complete: boolean;
}

/** Several requests over one HTTP/2 connection. */
export interface Http2Connection {
  readonly session: ClientHttp2Session;
  /** Sends one request on a stream of its own; rejects when the stream fails before the response headers. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Ends the connection and its socket. Idempotent. */
  close(): void;
}

/** Runs a TLS handshake over `socket`. Rejects with the handshake's error (an alert has `code` `ERR_SSL_…`) or at the deadline. */
export function tlsOver(socket: Duplex, options: TlsOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const settings: ConnectionOptions = {
      socket,
      secureContext: contextFor(options.ca),
      ...(options.servername === undefined ? {} : { servername: options.servername }),
      ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
    };
    const secure = connectTls(settings);
    const stop = (error: Error): void => {
      clearTimeout(timer);
      secure.destroy();
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => {
      stop(
        new Error(`Cannot finish TLS handshake for "${options.servername ?? ""}": deadline passed`),
      );
    }, options.deadlineMs ?? defaultDeadlineMs);
    const onEarlyClose = (): void => {
      stop(new Error(`Cannot finish TLS handshake for "${options.servername ?? ""}": peer closed`));
    };
    secure.once("error", stop);
    secure.once("close", onEarlyClose);
    secure.once("secureConnect", () => {
      clearTimeout(timer);
      secure.off("error", stop);
      secure.off("close", onEarlyClose);
      secure.on("error", () => {}); // later faults show as an incomplete response
      resolve(secure);
    });
  });
}

/** Nothing but the roots is in a context: sessions and names belong to connections. */
function contextFor(ca: TlsOptions["ca"]): SecureContext {
  const pem = typeof ca === "string" ? ca : ca.join("\n");
  const known = contexts.get(pem);
  if (known !== undefined) return known;
  const context = createSecureContext({ ca: pem });
  if (contexts.size >= maxContexts) contexts.clear();
  contexts.set(pem, context);
  return context;
}

/**
 * Sends one HTTP/1.1 request over `socket` and reads the response. The socket stays open for a further
 * request unless either side says `connection: close`. Rejects when no response head arrives.
 */
export function httpOver(socket: Duplex, options: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = requestHttp({
      createConnection: () => socket,
      method: options.method ?? "GET",
      path: options.path,
      setHost: false,
      headers: { host: options.authority, connection: "keep-alive", ...mutable(options.headers) },
    });
    let late = false;
    let answered = false;
    const timer = setTimeout(() => {
      late = true;
      socket.destroy();
    }, options.deadlineMs ?? defaultDeadlineMs);
    request.on("error", (error) => {
      if (answered) return; // told by `complete`
      clearTimeout(timer);
      reject(
        late
          ? new Error("Cannot read response: deadline passed before its head", { cause: error })
          : error,
      );
    });
    request.once("response", (response) => {
      answered = true;
      void readHttp1(response).then((value) => {
        clearTimeout(timer);
        resolve(value);
      });
    });
    request.end(options.body);
  });
}

/** Sends one HTTP/2 request over `socket`, reads the response and ends the connection. */
export async function http2Over(socket: Duplex, request: HttpRequest): Promise<HttpResponse> {
  const connection = openHttp2(socket);
  try {
    return await connection.request(request);
  } finally {
    connection.close();
  }
}

/** Starts an HTTP/2 connection over `socket`, which must already speak TLS with ALPN `h2` or be cleartext with prior knowledge. */
export function openHttp2(socket: Duplex): Http2Connection {
  const scheme = "encrypted" in socket ? "https" : "http";
  const session = connectHttp2(`${scheme}://harness.invalid`, { createConnection: () => socket });
  session.on("error", () => {}); // each stream reports it to its own request
  return {
    session,
    request: (request) => requestOnSession(session, request),
    close: () => {
      session.destroy();
      socket.destroy();
    },
  };
}

function requestOnSession(
  session: ClientHttp2Session,
  options: HttpRequest,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": options.method ?? "GET",
      ":path": options.path,
      ":authority": options.authority,
      ...mutable(options.headers),
    });
    const timer = setTimeout(
      () => stream.close(constants.NGHTTP2_CANCEL),
      options.deadlineMs ?? defaultDeadlineMs,
    );
    readHttp2(stream)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
    stream.end(options.body);
  });
}

function readHttp1(response: IncomingMessage): Promise<HttpResponse> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", () => {}); // "aborted": told by `complete`
    response.once("close", () => {
      resolve(
        toResponse({
          status: response.statusCode ?? 0,
          headers: joined(response.headersDistinct),
          trailers: joined(response.trailersDistinct),
          chunks,
          complete: response.complete,
        }),
      );
    });
  });
}

function readHttp2(stream: ClientHttp2Stream): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status: number | undefined;
    let headers: Record<string, string> = {};
    let trailers: Record<string, string> = {};
    let ended = false;
    let failure: Error | undefined;
    stream.on("response", (received) => {
      status = received[":status"] ?? 0;
      headers = joined(received);
    });
    stream.on("trailers", (received) => {
      trailers = joined(received);
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("end", () => {
      ended = true;
    });
    stream.once("error", (error: Error) => {
      failure = error;
    });
    stream.once("close", () => {
      if (status === undefined) {
        reject(
          failure ?? new Error(`Cannot read response: stream closed with code ${stream.rstCode}`),
        );
        return;
      }
      const complete =
        ended && failure === undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR;
      resolve(toResponse({ status, headers, trailers, chunks, complete }));
    });
  });
}

function toResponse(
  parts: Omit<HttpResponse, "body" | "text"> & { chunks: Buffer[] },
): HttpResponse {
  const { chunks, ...rest } = parts;
  const body = Buffer.concat(chunks);
  return { ...rest, body, text: body.toString("utf8") };
}

function joined(headers: object): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    result[name] = Array.isArray(value) ? value.join(", ") : String(value);
  }
  return result;
}

function mutable(headers: HttpRequest["headers"]): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    result[name] = typeof value === "string" ? value : [...value];
  }
  return result;
}
