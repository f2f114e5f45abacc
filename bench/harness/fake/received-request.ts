/**
 * What a fake upstream saw of one request. Recorded when the headers arrive and completed in place, so that a
 * test also sees requests that never ended.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { TLSSocket } from "node:tls";
import type { Socket } from "node:net";

/** Kept of each body for assertions; the digest covers all of it. */
const keptBodyBytes = 33_554_432;

/** A request of either HTTP version. */
export type IncomingRequest = IncomingMessage | Http2ServerRequest;

/** One request as received. */
export interface ReceivedRequest {
  /** "1.0", "1.1" or "2.0" */
  readonly httpVersion: string;
  readonly method: string;
  /** `:authority` or `Host` as sent */
  readonly authority: string;
  /** Authority in lower case without port and brackets */
  readonly host: string;
  /** Request target with the query */
  readonly path: string;
  /** Path without the query */
  readonly pathname: string;
  /** By lower-case name; repeats joined by ", " even where HTTP forbids them, so that a doubled credential shows */
  readonly headers: Readonly<Record<string, string>>;
  /** SNI of the connection; undefined without TLS or SNI */
  readonly servername: string | undefined;
  /** Port of the peer: equal for requests on one connection */
  readonly remotePort: number;
  /** Bytes of body so far */
  bodyBytes: number;
  /** Lower-case hex; "" until the whole body arrived */
  bodySha256: string;
  /** The first 32 MiB of the body; empty until it arrived */
  body: Buffer;
  /** "receiving" until the body ended; "aborted" when the peer gave up before that */
  state: "receiving" | "received" | "aborted";
  /** Status sent; 0 before */
  status: number;
  /** "sent" whole, "cut" on purpose, or "abandoned" because the peer went away */
  replyState: "pending" | "sent" | "cut" | "abandoned";
}

/** Starts the record of a request from its headers. */
export function describeRequest(incoming: IncomingRequest): ReceivedRequest {
  const socket: Socket | undefined =
    "stream" in incoming ? incoming.stream.session?.socket : incoming.socket;
  const headers = joinRawHeaders(incoming.rawHeaders);
  const { host = "" } = headers;
  const authority = pseudoHeader(incoming.rawHeaders, ":authority") ?? host;
  const path = incoming.url ?? "";
  return {
    httpVersion: incoming.httpVersion,
    method: incoming.method ?? "",
    authority,
    host: hostOf(authority),
    path,
    pathname: path.split("?", 1)[0] ?? "",
    headers,
    servername: sniOf(incoming),
    remotePort: socket?.remotePort ?? 0,
    bodyBytes: 0,
    bodySha256: "",
    body: Buffer.alloc(0),
    state: "receiving",
    status: 0,
    replyState: "pending",
  };
}

/** Reads the body to its end into the record; resolves false when the peer aborted. */
export function receiveBody(incoming: IncomingRequest, record: ReceivedRequest): Promise<boolean> {
  const hash = createHash("sha256");
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    incoming.on("data", (chunk: Buffer) => {
      if (record.bodyBytes < keptBodyBytes) chunks.push(chunk);
      record.bodyBytes += chunk.length;
      hash.update(chunk);
    });
    incoming.once("end", () => {
      record.body = Buffer.concat(chunks);
      record.bodySha256 = hash.digest("hex");
      record.state = "received";
      resolve(true);
    });
    incoming.on("error", () => {}); // followed by "close"
    incoming.once("close", () => {
      if (record.state === "receiving") record.state = "aborted";
      resolve(record.state === "received");
    });
  });
}

function joinRawHeaders(raw: readonly string[]): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    if (name.startsWith(":")) continue;
    const before = result[name];
    const value = raw[at + 1] ?? "";
    result[name] =
      before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
  return result;
}

function pseudoHeader(raw: readonly string[], name: string): string | undefined {
  const at = raw.indexOf(name);
  return at >= 0 && at % 2 === 0 ? raw[at + 1] : undefined;
}

function hostOf(authority: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(authority)?.[1];
  return (bracketed ?? authority.replace(/:\d*$/, "")).toLowerCase();
}

function sniOf(incoming: IncomingRequest): string | undefined {
  const socket: unknown = "stream" in incoming ? incoming.stream.session?.socket : incoming.socket;
  // node:http2 hands out a proxy around the socket, which still answers instanceof.
  if (!(socket instanceof TLSSocket)) return undefined;
  const name: unknown = Reflect.get(socket, "servername");
  return typeof name === "string" && name !== "" ? name : undefined;
}
