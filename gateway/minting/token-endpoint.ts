/**
 * Asks a token endpoint: one POST, verified TLS, no redirect, no proxy of the environment, and a bound for all of it.
 * What it answered never goes into a message.
 */

import type { IncomingMessage, RequestOptions } from "node:http";
import { Agent, request as requestSecure } from "node:https";
import type { Clock } from "../clock.ts";
import { Agent as PlainAgent, request as requestPlain } from "../node-http.ts";
import type { MintFailure } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";

/** An endpoint that has not answered in full by then is late; waiting requests have their own, shorter bound. */
const timeoutMs = 10_000;

/** Answers are a few KiB; more is somebody else's. */
const maxAnswerBytes = 1024 * 1024;

/** However long an endpoint wants to be left alone, it is asked again after so long. */
const longestRetryAfterMs = 300_000;

/** How endpoints are dialled. */
export interface TokenEndpointOptions {
  readonly clock: Clock;
  /** PEM of all roots that are trusted */
  readonly trustPem: string;
  /** Lets tests ask an endpoint on loopback by plain http; absent: https only */
  readonly allowsPlainLoopback?: true;
}

/** What an endpoint is asked. */
export interface TokenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Media types that an answer with a token may have, without parameters */
  readonly mediaTypes: readonly string[];
}

/** What it said, or why it said nothing that can be used. */
export type TokenAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** UTF-8; empty when the answer is of another media type, which only refusals may be */
      readonly text: string;
      /** The endpoint's own clock in Unix `ms`, where its answer has a Date */
      readonly serverMs: number | undefined;
      /** `Clock.monotonicNs()` before it was asked */
      readonly askedNs: bigint;
      readonly retryAfterMs?: number;
    }
  | MintFailure;

/** Asks, and resolves with what came of it; never rejects. */
export function askTokenEndpoint(
  request: TokenRequest,
  options: TokenEndpointOptions,
  signal?: AbortSignal,
): Promise<TokenAnswer> {
  const url = new URL(request.url);
  const dial = dialOf(url, options);
  if (dial === undefined) {
    const message = `token endpoint "${url.host}" is not asked by plain http, only by https`;
    return Promise.resolve(mintFailure("untrusted", message));
  }
  const { clock } = options;
  const askedNs = clock.monotonicNs();
  return new Promise((resolve) => {
    const outgoing = dial({
      method: "POST",
      headers: {
        ...request.headers,
        "accept-encoding": "identity",
        "content-length": String(Buffer.byteLength(request.body)),
        "user-agent": "clrk",
      },
    });
    const timer = clock.setTimeout(() => {
      const message = `${describe(url)} has not answered within ${timeoutMs / 1000} s`;
      settle(mintFailure("timeout", message));
    }, timeoutMs);
    const settle = (answer: TokenAnswer) => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      resolve(answer);
      outgoing.destroy();
    };
    const abort = () => settle(mintFailure("unreachable", `${describe(url)} is asked no longer`));
    signal?.addEventListener("abort", abort, { once: true });
    outgoing.on("error", (error) => settle(dialFailure(url, error)));
    outgoing.on("response", (response) => {
      readAnswer(response, { url, request, askedNs, nowMs: clock.now() }, settle);
    });
    outgoing.end(request.body);
    if (signal?.aborted) abort();
  });
}

/** The host as it is said in messages: a path or query may say more than it should. */
export function describe({ host }: URL): string {
  return `token endpoint "${host}"`;
}

function dialOf(url: URL, { trustPem, allowsPlainLoopback }: TokenEndpointOptions) {
  if (url.protocol === "https:") {
    // An agent of its own: the global one may be told by the environment to use a proxy.
    const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
    // Node takes an empty text for its own roots, and an empty list for none.
    const ca = trustPem === "" ? [] : trustPem;
    // Spelled out, because NODE_TLS_REJECT_UNAUTHORIZED would turn it off for the whole process.
    const trust = { ca, rejectUnauthorized: true, minVersion: "TLSv1.2" as const };
    return (more: RequestOptions) => requestSecure(url, { ...more, ...trust, agent });
  }
  const isLoopback = url.hostname === "127.0.0.1" || url.hostname === "[::1]";
  if (url.protocol !== "http:" || !isLoopback || allowsPlainLoopback !== true) return undefined;
  const agent = new PlainAgent({ keepAlive: false });
  return (more: RequestOptions) => requestPlain(url, { ...more, agent });
}

interface Asked {
  readonly url: URL;
  readonly request: TokenRequest;
  readonly askedNs: bigint;
  readonly nowMs: number;
}

function readAnswer(
  response: IncomingMessage,
  asked: Asked,
  settle: (answer: TokenAnswer) => void,
): void {
  const { url, request, askedNs, nowMs } = asked;
  const status = response.statusCode ?? 0;
  const isFitting = request.mediaTypes.includes(mediaTypeOf(response));
  const malformed = (what: string) =>
    settle(mintFailure("malformed", `${describe(url)} answered ${status} ${what}`));
  if (status >= 300 && status < 400) {
    malformed("with a redirect, which is not followed");
    return;
  }
  if (status < 300 && !isFitting) {
    malformed(`with a media type other than ${request.mediaTypes.join(" or ")}`);
    return;
  }
  const coding = response.headers["content-encoding"] ?? "identity";
  if (coding !== "identity") {
    malformed("with a compressed body, which was not asked for");
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) malformed("with more than 1 MiB");
    else chunks.push(chunk);
  });
  response.on("error", (error) => settle(dialFailure(url, error)));
  response.on("aborted", () => malformed("and broke off"));
  response.on("end", () => {
    const serverMs = Date.parse(response.headers.date ?? "");
    const retryAfterMs = retryAfterOf(response.headers["retry-after"], nowMs);
    settle({
      kind: "answered",
      status,
      text: isFitting ? Buffer.concat(chunks).toString("utf8") : "",
      serverMs: Number.isNaN(serverMs) ? undefined : serverMs,
      askedNs,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  });
}

function mediaTypeOf({ headers }: IncomingMessage): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfterOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), longestRetryAfterMs);
}

function dialFailure(url: URL, error: Error): MintFailure {
  const code = "code" in error && typeof error.code === "string" ? error.code : "unknown";
  if (isCertificateError(code)) {
    return mintFailure("untrusted", `the certificate of ${describe(url)} is not trusted (${code})`);
  }
  return mintFailure("unreachable", `${describe(url)} cannot be reached (${code})`);
}

/** Codes of OpenSSL's verification and of Node's TLS. */
function isCertificateError(code: string): boolean {
  return /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|EPROTO$)/.test(
    code,
  );
}
