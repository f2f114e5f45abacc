/**
 * Answers of OAuth 2.0 token endpoints (RFC 6749 section 5): the token with its life, or the refusal. Only words of the
 * standard are ever repeated.
 */

import { SecretValue } from "../secret-value.ts";
import type { MintFailure } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";
import type { TokenAnswer } from "./token-endpoint.ts";
import { describe } from "./token-endpoint.ts";

type Answered = Extract<TokenAnswer, { readonly kind: "answered" }>;

/** A token as it was given. */
export interface GivenToken {
  readonly kind: "given";
  readonly accessToken: SecretValue;
  readonly lifeMs: number;
  /** In place of the one that it was asked with, from now on */
  readonly refreshToken?: SecretValue;
}

/** Codes of RFC 6749 section 5.2, and of RFC 8707 section 2. */
const errorCodes: ReadonlySet<string> = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "invalid_target",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
]);

/** A token whose life is not told is replaced soon. */
const untoldLifeMs = 300_000;

/** No token is used for longer without a new one, whatever the endpoint promises. */
const longestLifeMs = 24 * 3_600_000;

/** Longer tokens fit no header: servers take 8 to 16 KiB. */
const maxTokenLength = 16 * 1024;

/** Reads the answer to a request for a token. */
export function readTokenAnswer(url: URL, answer: Answered): GivenToken | MintFailure {
  const fields = tryParseFields(answer.text);
  if (answer.status >= 300) return answerFailure(url, answer, knownCode(fields?.get("error")));
  const accessToken = readToken(fields?.get("access_token"));
  if (fields === undefined || accessToken === undefined) {
    return mintFailure("malformed", `${describe(url)} gave no access_token that can be used`);
  }
  const type = fields.get("token_type") ?? "Bearer";
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") {
    return mintFailure("malformed", `${describe(url)} gave a token of another type than Bearer`);
  }
  const seconds = fields.get("expires_in");
  const lifeMs = seconds === undefined || seconds === null ? untoldLifeMs : readSeconds(seconds);
  if (lifeMs === undefined) {
    return mintFailure("malformed", `${describe(url)} gave an expires_in that is no time`);
  }
  // Some servers write an empty one where there is none.
  const rotated = fields.get("refresh_token") || undefined;
  const refreshToken = readToken(rotated);
  if (rotated !== undefined && refreshToken === undefined) {
    return mintFailure("malformed", `${describe(url)} gave a refresh_token that cannot be used`);
  }
  return { kind: "given", accessToken, lifeMs, ...(refreshToken && { refreshToken }) };
}

/** The failure that a status stands for; `code` is a known word, absent: none was told. */
export function answerFailure(
  url: URL,
  { status, retryAfterMs }: Pick<Answered, "status" | "retryAfterMs">,
  code?: string,
): MintFailure {
  const detail = code === undefined ? String(status) : `${status} ${code}`;
  const later = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status >= 500 || status === 429) {
    const message = `${describe(url)} is not able to answer now (${detail})`;
    return { ...mintFailure("unavailable", message), ...later };
  }
  return { ...mintFailure("refused", `${describe(url)} refused (${detail})`), ...later };
}

/** Fields of a JSON object; undefined for anything else. */
export function tryParseFields(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return new Map(Object.entries(value));
  } catch {
    // The parser's message repeats what it read, which may be a token.
    return undefined;
  }
}

/** A token that a header can carry; undefined for anything else. */
export function readToken(value: unknown): SecretValue | undefined {
  if (typeof value !== "string" || value.length > maxTokenLength) return undefined;
  return /^[\x21-\x7e]+$/.test(value) ? new SecretValue(value) : undefined;
}

/** Life in `ms` of what expires at that time by the endpoint's own clock; undefined when that is no time, or past. */
export function lifeUntil(expires: unknown, endpointNowMs: number): number | undefined {
  const untilMs = typeof expires === "string" ? Date.parse(expires) : Number.NaN;
  const lifeMs = untilMs - endpointNowMs;
  return lifeMs > 0 ? Math.min(lifeMs, longestLifeMs) : undefined;
}

function knownCode(code: unknown): string | undefined {
  return typeof code === "string" && errorCodes.has(code) ? code : undefined;
}

/** Some servers write the number as text. */
function readSeconds(value: unknown): number | undefined {
  const seconds = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || !(seconds >= 1)) return undefined;
  return Math.min(seconds * 1000, longestLifeMs);
}
