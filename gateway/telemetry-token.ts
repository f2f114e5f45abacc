/**
 * What an agent proves itself by when it sends telemetry of its own: a statement of who it is, sealed by a key of the
 * home directory. Whoever has the key can check it without asking anybody. A command cannot be given another token while it
 * runs: instead, a token names the process that made it, which ends runs when their commands end, and holds as long as that
 * process lives.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import type { RecordAgent } from "./record.ts";

/** Such a token is accepted for so long, in `ms`, whoever lives: also when its gateway was killed and nobody tells its end. */
export const unwatchedTokenLifeMs = 3_600_000;

/** And for so long at most, in `ms`, while the process that made it lives. */
export const telemetryTokenLifeMs = 30 * 24 * 3_600_000;

/** Names have at most 63 characters each, so that no true token comes near it. */
const longestToken = 2_048;

/** Names the form, so that another one can be told apart. */
const formName = "clrk3";

/** Texts of a statement; behind them stands when it was made. */
const textCount = 9;

/** Who sends telemetry. */
export interface TelemetryIdentity {
  readonly agent: RecordAgent;
  /** `namespace/name` of its EgressGateway */
  readonly gateway: string;
  /** Of that object, where an API server gave it one; else empty */
  readonly gatewayUid: string;
  /** When it was made, Unix `ms` */
  readonly issuedMs: number;
  /** The gateway process that made it, as `processIdentity()` gives it */
  readonly issuer: string;
}

/** What validity depends on. */
export interface TelemetryTokenFacts {
  /** Unix `ms` */
  readonly nowMs: number;
  /** Whether the process that made the token lives */
  isLiving(issuer: string): boolean;
}

/** The key for tokens that belongs to another secret of 32 bytes; what is made by it tells nothing of that one. */
export function telemetryTokenKey(secret: Uint8Array): Uint8Array {
  return createHmac("sha256", secret).update("clrk telemetry token 1").digest();
}

/** A token of letters, digits, "-", "_" and "."; a secret of the agent. */
export function mintTelemetryToken(key: Uint8Array, identity: TelemetryIdentity): string {
  const { agent, gateway, gatewayUid, issuedMs, issuer } = identity;
  const { kind, namespace, name, uid, revision, invocationId } = agent;
  const ofAgent = [kind, namespace, name, uid, revision, invocationId];
  const parts = [...ofAgent, gateway, gatewayUid, issuer, issuedMs];
  const statement = `${formName}.${Buffer.from(JSON.stringify(parts)).toString("base64url")}`;
  return `${statement}.${seal(key, statement)}`;
}

/**
 * Who the token proves; undefined for one that the key did not seal, that is malformed, or that holds no more: after an hour
 * where its issuer does not live, after 30 days in any case.
 */
export function tryReadTelemetryToken(
  key: Uint8Array,
  token: string,
  facts: TelemetryTokenFacts,
): TelemetryIdentity | undefined {
  if (token.length > longestToken) return undefined;
  const end = token.lastIndexOf(".");
  const statement = token.slice(0, Math.max(end, 0));
  // Compared as text: other texts of the same bytes are other tokens.
  const wanted = Buffer.from(seal(key, statement));
  const found = Buffer.from(token.slice(end + 1));
  if (wanted.length !== found.length || !timingSafeEqual(wanted, found)) return undefined;
  const identity = readStatement(statement);
  return identity !== undefined && isValid(identity, facts) ? identity : undefined;
}

function isValid(
  { issuedMs, issuer }: TelemetryIdentity,
  { nowMs, isLiving }: TelemetryTokenFacts,
): boolean {
  const ageMs = nowMs - issuedMs;
  if (ageMs < unwatchedTokenLifeMs) return true;
  return ageMs < telemetryTokenLifeMs && isLiving(issuer);
}

function seal(key: Uint8Array, statement: string): string {
  return createHmac("sha256", key).update(statement).digest("base64url");
}

/** Of a statement whose seal is right: written by this file, perhaps by another version of it. */
function readStatement(statement: string): TelemetryIdentity | undefined {
  const [form, encoded = "", ...more] = statement.split(".");
  if (form !== formName || more.length > 0) return undefined;
  const parts: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
  if (!Array.isArray(parts) || parts.length !== textCount + 1) return undefined;
  const issuedMs: unknown = parts[textCount];
  const texts = parts.slice(0, textCount).filter((part) => typeof part === "string");
  if (texts.length !== textCount || typeof issuedMs !== "number") return undefined;
  const [kind = "", namespace = "", name = "", uid = "", revision = ""] = texts;
  const [invocationId = "", gateway = "", gatewayUid = "", issuer = ""] = texts.slice(5);
  const agent = { kind, namespace, name, uid, revision, invocationId };
  return { agent, gateway, gatewayUid, issuedMs, issuer };
}
