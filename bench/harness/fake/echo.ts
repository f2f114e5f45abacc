/**
 * Any other host: answers what it received, streams bytes and events of a wanted size, and swallows uploads.
 * Paths: POST /echo, GET /bytes/N, GET /sse?events=N&intervalMs=M, POST /sink, ANY /status/N.
 */
import type { ReceivedRequest } from "./received-request.ts";
import { eventReply, jsonReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Site } from "./site.ts";

const chunkBytes = 65_536;
const byteLimit = 1_073_741_824;
const eventLimit = 100_000;

/** The site; it keeps nothing between requests. */
export function createEchoSite(): Site {
  return { handle: answer, failure: (status) => jsonReply(status, { error: `status ${status}` }) };
}

/** The bytes that `/bytes/N` sends: position modulo 251, so that lost, doubled or swapped chunks show. */
export function patternBytes(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (offset + index) % 251);
}

function answer(request: ReceivedRequest): Reply {
  const { method, pathname } = request;
  const [, first = "", second = ""] = pathname.split("/");
  switch (first) {
    case "echo":
      return method === "POST" ? jsonReply(200, describe(request)) : notAllowed("POST");
    case "sink":
      return method === "POST" || method === "PUT"
        ? jsonReply(200, sizes(request))
        : notAllowed("POST, PUT");
    case "bytes":
      return method === "GET" || method === "HEAD" ? answerBytes(second) : notAllowed("GET, HEAD");
    case "sse":
      return method === "GET" ? answerEvents(request.path) : notAllowed("GET");
    case "status":
      return answerStatus(second);
    default:
      return jsonReply(404, { error: `no path "${pathname}"` });
  }
}

function describe(request: ReceivedRequest): object {
  const { httpVersion, method, authority, path, headers, servername } = request;
  return {
    httpVersion,
    method,
    authority,
    path,
    headers,
    servername: servername ?? null,
    ...sizes(request),
  };
}

function sizes(request: ReceivedRequest): object {
  return { bodyBytes: request.bodyBytes, bodySha256: request.bodySha256 };
}

function answerBytes(text: string): Reply {
  const total = parseCount(text, byteLimit);
  if (total === undefined)
    return jsonReply(400, { error: `"${text}" is not a count up to ${byteLimit}` });
  const headers = { "content-type": "application/octet-stream" };
  return total === 0
    ? { status: 200, headers, body: "" }
    : { status: 200, headers, chunks: chunksOf(total) };
}

function* chunksOf(total: number): Generator<Uint8Array> {
  for (let offset = 0; offset < total; offset += chunkBytes) {
    yield patternBytes(offset, Math.min(chunkBytes, total - offset));
  }
}

function answerEvents(path: string): Reply {
  const query = new URLSearchParams(path.split("?", 2)[1] ?? "");
  const count = parseCount(query.get("events") ?? "3", eventLimit);
  const intervalMs = parseCount(query.get("intervalMs") ?? "0", 60_000);
  if (count === undefined || intervalMs === undefined) {
    return jsonReply(400, { error: "events and intervalMs must be counts" });
  }
  const events = Array.from({ length: count }, (_, index) => ({ event: "tick", data: { index } }));
  return { ...eventReply(events), chunkDelayMs: intervalMs };
}

function answerStatus(text: string): Reply {
  const status = parseCount(text, 599);
  if (status === undefined || status < 200)
    return jsonReply(400, { error: `"${text}" is not a status` });
  return jsonReply(status, { status });
}

function notAllowed(allow: string): Reply {
  return jsonReply(405, { error: "method not allowed" }, { allow });
}

function parseCount(text: string, limit: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= limit ? value : undefined;
}
