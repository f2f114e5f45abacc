/**
 * Asks a Kubernetes-style API server over HTTPS: ours, or a cluster's.
 * Invariant: it talks only to who holds a certificate of the kubeconfig's authority, follows no redirect, and whatever
 * fails is an `ApiError` with a sentence for the user.
 */
import type { IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import { LineSplitter } from "../../gateway/line-splitter.ts";
import { refusalOf, unreachableOf, unreadableOf } from "./api-error.ts";
import { CliError } from "./cli-error.ts";
import { readBounded } from "./read-bounded.ts";
import type { ApiTarget } from "./kubeconfig-file.ts";

/** Answers come from memory or one file; a server that is loaded gets this long. */
const defaultTimeoutMs = 30_000;

/** Our server sends at most 128 MiB; a cluster's pages are smaller. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** A line may be an object of several MiB, or a page of telemetry. */
const maxLineCharacters = 256 * 1024 * 1024;

/** Requests at once. Watches have a connection each. */
const maxConnections = 16;

/** One request. */
export interface ApiCall {
  /** `GET` when absent */
  readonly method?: "DELETE" | "GET" | "PATCH" | "POST" | "PUT";
  /** Path below the server's URL, encoded, without a query; see `encodePath` */
  readonly path: string;
  /** Undefined values are left out, lists are repeated */
  readonly query?: Readonly<
    Record<string, string | number | boolean | readonly string[] | undefined>
  >;
  /** Sent as JSON */
  readonly json?: unknown;
  /** Sent as it is, with its media type; bytes that come later are sent as they come */
  readonly content?: {
    readonly type: string;
    readonly bytes: string | Uint8Array | AsyncIterable<Uint8Array>;
  };
  /** Media types that are understood, `application/json` when absent */
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Until the answer has begun, and for `request` until it has ended: 30 s when absent, 0 for no limit */
  readonly timeoutMs?: number;
  /** Ends the request; what was waited for then rejects as unreachable */
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** What its JSON says; undefined where there is no body */
  readonly body: unknown;
}

/** An answer that is still coming. */
export interface ApiStream {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** The bytes as they come: whoever does not read holds the server up. Ends, or throws an `ApiError` when cut off */
  bytes(): AsyncIterable<Buffer>;
  /** The same as lines of at most 256 Mi characters, without their ends; empty ones are left out. Read one or the other */
  lines(): AsyncIterable<string>;
  /** Ends it; reading then ends too. Idempotent */
  close(): void;
}

/** Talks to one server. */
export interface ApiClient {
  readonly target: ApiTarget;
  /** Reads the whole answer as JSON. Throws an `ApiError` when there is none, or its status is 400 or more */
  request(call: ApiCall): Promise<ApiAnswer>;
  /**
   * Resolves when the answer has begun: a watch, NDJSON of `follow`, or any bytes. Throws as `request` does for one that
   * is refused before it begins.
   */
  stream(call: ApiCall): Promise<ApiStream>;
  /** Closes idle connections. Not needed before the process ends */
  close(): void;
}

/** The client for a target; connects at the first request. */
export function createApiClient(target: ApiTarget): ApiClient {
  // An import would run every getter of node:http, which loads all of undici: 40 ms of a start.
  const { Agent } = process.getBuiltinModule("node:https");
  const agent = new Agent({
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: maxConnections,
  });
  return {
    target,
    request: (call) => requestWhole({ target, agent }, call),
    stream: (call) => openStream({ target, agent }, call),
    close: () => agent.destroy(),
  };
}

/**
 * Joins parts into a path, each part encoded; empty parts are left out. Throws a `CliError` for `.` and `..`, which
 * would lead elsewhere however they are encoded.
 */
export function encodePath(...parts: readonly string[]): string {
  const step = parts.find((part) => part === "." || part === "..");
  if (step !== undefined) throw new CliError(`Cannot ask for "${step}": it is no name`);
  return `/${parts
    .filter((part) => part !== "")
    .map((part) => encodeURIComponent(part))
    .join("/")}`;
}

interface Connection {
  readonly target: ApiTarget;
  readonly agent: Agent;
}

async function requestWhole(connection: Connection, call: ApiCall): Promise<ApiAnswer> {
  const { target } = connection;
  const deadline = startDeadline(call);
  try {
    const response = await send(connection, call, deadline.signal);
    const { statusCode: status = 0, headers } = response;
    const text = await readAll(response, target);
    const body = parseBody(text);
    if (status >= 400) throw refusalOf(status, body, target);
    if (status >= 300) throw unreadableOf(`it answered with status ${status}`, target);
    if (typeof body === "string" && body !== "") throw unreadableOf("it is not JSON", target);
    return { status, headers, body: body === "" ? undefined : body };
  } catch (error) {
    throw unreachableOf(deadline.reason() ?? error, target);
  } finally {
    deadline.end();
  }
}

async function openStream(connection: Connection, call: ApiCall): Promise<ApiStream> {
  const { target } = connection;
  const deadline = startDeadline(call);
  try {
    const response = await send(connection, call, deadline.signal);
    const { statusCode: status = 0, headers } = response;
    if (status >= 300) {
      const body = parseBody(await readAll(response, target));
      throw status >= 400
        ? refusalOf(status, body, target)
        : unreadableOf(`it answered with status ${status}`, target);
    }
    deadline.begun();
    return streamOf(response, { status, headers, deadline, target });
  } catch (error) {
    deadline.end();
    throw unreachableOf(deadline.reason() ?? error, target);
  }
}

interface StreamParts extends Pick<ApiStream, "status" | "headers"> {
  readonly deadline: Deadline;
  readonly target: ApiTarget;
}

function streamOf(
  response: IncomingMessage,
  { status, headers, deadline, target }: StreamParts,
): ApiStream {
  let isClosed = false;
  const close = () => {
    isClosed = true;
    deadline.end();
    response.destroy();
  };
  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of response) yield chunk as Buffer;
    } catch (error) {
      if (!isClosed) throw unreachableOf(deadline.reason() ?? error, target);
    } finally {
      close();
    }
  }
  async function* lines(): AsyncGenerator<string> {
    const splitter = new LineSplitter({ maxCharacters: maxLineCharacters });
    for await (const chunk of bytes()) {
      for (const line of splitter.push(chunk)) if (line !== "") yield line;
      if (splitter.dropped > 0) {
        throw unreadableOf(`a line is longer than ${maxLineCharacters} characters`, target);
      }
    }
    for (const line of splitter.end()) if (line !== "") yield line;
  }
  // Errors of a stream that nobody reads are nobody's.
  response.on("error", () => {});
  return { status, headers, bytes, lines, close };
}

interface Deadline {
  /** Aborts when time is up or the caller gives up */
  readonly signal: AbortSignal;
  /** Why it did, undefined while it has not */
  reason(): Error | undefined;
  /** From now on only the caller ends it */
  begun(): void;
  end(): void;
}

function startDeadline({ timeoutMs = defaultTimeoutMs, signal }: ApiCall): Deadline {
  const controller = new AbortController();
  let reason: Error | undefined;
  const abort = (why: string) => {
    reason ??= new Error(why);
    controller.abort();
  };
  const timer =
    timeoutMs > 0
      ? setTimeout(() => abort(`no answer within ${timeoutMs / 1000} s`), timeoutMs)
      : undefined;
  const onAbort = () => abort("the request was given up");
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    reason: () => reason,
    begun: () => clearTimeout(timer),
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

function send(
  { target, agent }: Connection,
  call: ApiCall,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { request } = process.getBuiltinModule("node:https");
  const { token, authorityPem, clientCertificate, tlsServerName } = target;
  const { content, json, accept = "application/json" } = call;
  const type = content?.type ?? (json === undefined ? undefined : "application/json");
  const bytes = content?.bytes ?? (json === undefined ? undefined : JSON.stringify(json));
  const isWhole = typeof bytes === "string" || bytes instanceof Uint8Array;
  const outgoing = request(urlOf(target, call), {
    method: call.method ?? "GET",
    agent,
    signal,
    headers: {
      accept,
      "user-agent": "clrk",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(type !== undefined && { "content-type": type }),
      ...(isWhole && { "content-length": Buffer.byteLength(bytes) }),
      ...call.headers,
    },
    ...(authorityPem !== undefined && { ca: authorityPem }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
    ...(clientCertificate && { cert: clientCertificate.chainPem, key: clientCertificate.keyPem }),
  });
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    if (bytes === undefined || isWhole) outgoing.end(bytes);
    else void pump(bytes, outgoing).catch((error: Error) => outgoing.destroy(error));
  });
}

async function pump(
  bytes: AsyncIterable<Uint8Array>,
  outgoing: NodeJS.WritableStream,
): Promise<void> {
  const { pipeline } = process.getBuiltinModule("node:stream/promises");
  await pipeline(bytes, outgoing);
}

function urlOf({ server }: ApiTarget, { path, query = {} }: ApiCall): URL {
  const url = new URL(`${server}${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) url.searchParams.append(name, String(one));
  }
  return url;
}

async function readAll(response: IncomingMessage, target: ApiTarget): Promise<string> {
  const bytes = await readBounded(response, maxAnswerBytes);
  if (bytes === undefined)
    throw unreadableOf(`its answer is longer than ${maxAnswerBytes} bytes`, target);
  return bytes.toString("utf8");
}

/** JSON, or the text where it is none. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
