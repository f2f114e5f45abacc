/**
 * One OTLP/HTTP request: where it goes, what it carries, and what its answer means for the batch. No retries here.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock } from "./clock.ts";
import { ClrkError, describeError, errorCodeOf } from "./errors.ts";
import type { PartialSuccess } from "./otlp-encode.ts";
import { redactUrl } from "./redact.ts";
import { SecretValue } from "./secret-value.ts";

/** The two signals that records become. */
export type OtlpSignal = "traces" | "logs";

/** Header values by name; secrets stay wrapped until they are sent. */
export type OtlpHeaders = Readonly<Record<string, string | SecretValue>>;

/** What became of one attempt. */
export type OtlpOutcome =
  /** The receiver took the batch, perhaps not all of it */
  | { readonly kind: "sent"; readonly partial: PartialSuccess }
  /** The receiver took the batch, but its answer cannot be read */
  | { readonly kind: "sent-unclear"; readonly text: string }
  /**
   * Worth another attempt, not before `afterMs` where the receiver said so. `isBroken`: the receiver, or what stands
   * before it, was reached, and broke off in place of an answer
   */
  | {
      readonly kind: "retry";
      readonly text: string;
      readonly afterMs?: number;
      readonly isBroken?: true;
    }
  /** Another attempt would fail the same way */
  | { readonly kind: "rejected"; readonly text: string };

/** How to send; one value serves all requests of a signal. */
export interface OtlpTransport {
  readonly url: string;
  readonly headers: Headers;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Bound of one attempt, answer included */
  readonly timeoutMs: number;
  /** Bodies from this size on are compressed */
  readonly gzipFromBytes: number;
  /** Reads the answer; throws on malformed bytes */
  readonly decodeResponse: (bytes: Uint8Array) => PartialSuccess;
}

/** A body ready to be sent any number of times. */
export interface OtlpBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isCompressed: boolean;
}

const retryableStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** A proxy says so of a receiver that broke off, or did not answer. */
const brokenStatuses: ReadonlySet<number> = new Set([502, 504]);
/** Of a connection that was made. */
const brokenCodes: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "UND_ERR_SOCKET",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);
const maxResponseBytes = 64 * 1024;
const reservedHeaders: ReadonlySet<string> = new Set([
  "content-type",
  "content-encoding",
  "content-length",
  "host",
  "connection",
  "transfer-encoding",
]);
const gzipAsync = promisify(gzip);

/**
 * Address for a signal under a configured endpoint: `/v1/<signal>` is appended to a base URL, as the OpenTelemetry
 * specification has it; an endpoint that names one signal's path serves the other beside it. Throws CLRK_INVALID_ARGUMENT.
 */
export function signalUrl(endpoint: string, signal: OtlpSignal): string {
  const url = URL.parse(endpoint);
  if (url === null) throw invalid("is no URL", endpoint);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw invalid(`has scheme "${url.protocol.slice(0, -1)}", want http or https`, endpoint);
  }
  // fetch() refuses such URLs, and would do so at every attempt.
  if (url.username !== "" || url.password !== "") {
    throw invalid("has user information, want a header", endpoint);
  }
  url.hash = "";
  const base = url.pathname.replace(/\/+$/, "").replace(/\/v1\/(?:traces|logs)$/, "");
  url.pathname = `${base}/v1/${signal}`;
  return url.href;
}

/**
 * The headers of every request, secrets revealed: keep the value away from logs. Names that the exporter sets itself are
 * ignored. Throws CLRK_INVALID_ARGUMENT, naming the header but never its value.
 */
export function requestHeaders(configured: OtlpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(configured)) {
    if (reservedHeaders.has(name.toLowerCase())) continue;
    const text = value instanceof SecretValue ? value.reveal() : value;
    if (!isHeaderName(name)) {
      throw invalidHeader(name, "is no header name");
    }
    // Headers.set() would throw an error that shows the value.
    if (!isHeaderValue(text))
      throw invalidHeader(name, "has a value with control or non-Latin-1 characters");
    headers.set(name, text);
  }
  headers.set("content-type", "application/x-protobuf");
  return headers;
}

/** The message as a body, compressed when it is large enough for that to pay. */
export async function createBody(message: Uint8Array, gzipFromBytes: number): Promise<OtlpBody> {
  if (message.length < gzipFromBytes) {
    return { bytes: new Uint8Array(message), isCompressed: false };
  }
  // Level 1: repeated keys shrink to a tenth already, and better levels cost three times the CPU.
  return { bytes: new Uint8Array(await gzipAsync(message, { level: 1 })), isCompressed: true };
}

/** Makes one attempt. Never rejects; `abort` ends it early, which counts as a network error. */
export async function sendOnce(
  transport: OtlpTransport,
  body: OtlpBody,
  abort: AbortSignal,
): Promise<OtlpOutcome> {
  const timeout = new AbortController();
  const timer = transport.clock.setTimeout(() => {
    timeout.abort(new Error(`No answer within ${transport.timeoutMs} ms`));
  }, transport.timeoutMs);
  try {
    const headers = new Headers(transport.headers);
    if (body.isCompressed) headers.set("content-encoding", "gzip");
    const response = await transport.fetch(transport.url, {
      method: "POST",
      headers,
      body: body.bytes,
      // A redirect would carry the configured headers to a host that nobody named.
      redirect: "manual",
      signal: AbortSignal.any([timeout.signal, abort]),
    });
    return await readOutcome(transport, response);
  } catch (error) {
    const reason = timeout.signal.aborted ? timeout.signal.reason : error;
    const isBroken = !abort.aborted && (timeout.signal.aborted || isBreak(error));
    return { kind: "retry", text: describeError(reason), ...(isBroken && { isBroken }) };
  } finally {
    transport.clock.clearTimeout(timer);
  }
}

/** fetch() tells the reason as its error's cause. */
function isBreak(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = errorCodeOf(cause) ?? "";
  return brokenCodes.has(code) || code.startsWith("HPE_");
}

/** Pause that a `Retry-After` header asks for in `ms`, as seconds or as a date; undefined when it is absent or malformed. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // Date.parse() takes almost anything, even "-5" and "2.5"; an HTTP date begins with a day's name (RFC 9110, section 5.6.7).
  const atMs = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

async function readOutcome(transport: OtlpTransport, response: Response): Promise<OtlpOutcome> {
  if (response.status >= 200 && response.status < 300) return readPartial(transport, response);
  await response.body?.cancel();
  const text = `HTTP ${response.status}`;
  if (!retryableStatuses.has(response.status)) return { kind: "rejected", text };
  const header = response.headers.get("retry-after");
  const afterMs = parseRetryAfter(header, transport.clock.now());
  const isBroken = brokenStatuses.has(response.status);
  return {
    ...{ kind: "retry", text },
    ...(isBroken && { isBroken }),
    ...(afterMs !== undefined && { afterMs }),
  };
}

// The batch has arrived: an answer that cannot be read must not send it again.
async function readPartial(transport: OtlpTransport, response: Response): Promise<OtlpOutcome> {
  try {
    const bytes = await readBounded(response);
    if (bytes.length === 0) return { kind: "sent", partial: { rejected: 0, message: "" } };
    return { kind: "sent", partial: transport.decodeResponse(bytes) };
  } catch (error) {
    return { kind: "sent-unclear", text: describeError(error) };
  }
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Leaving the loop cancels the body.
    if (size > maxResponseBytes)
      throw new Error(`Response is larger than ${maxResponseBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}

function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function invalid(problem: string, endpoint: string): ClrkError {
  const shown = redactUrl(endpoint);
  return new ClrkError(
    "CLRK_INVALID_ARGUMENT",
    `Cannot use OTLP endpoint "${shown}": it ${problem}`,
  );
}

function invalidHeader(name: string, problem: string): ClrkError {
  const shown = JSON.stringify(name.slice(0, 64));
  return new ClrkError("CLRK_INVALID_ARGUMENT", `Cannot use OTLP header ${shown}: it ${problem}`);
}
