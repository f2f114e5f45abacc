/**
 * What an agent proves itself by when it sends telemetry of its own: a statement of who it is, sealed by a key of the
 * home directory. Whoever has the key can check it without asking anybody, also after a restart.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import type { RecordAgent } from "./record.ts";

/** Such a token is accepted for so long, in `ms`: many times as long as a run usually lives. */
export const telemetryTokenLifeMs = 30 * 24 * 3_600_000;

/** Names have at most 63 characters each, so that no true token comes near it. */
const longestToken = 2_048;

/** Names the form, so that another one can be told apart. */
const formName = "clrk1";

/** Who sends telemetry. */
export interface TelemetryIdentity {
  readonly agent: RecordAgent;
  /** `namespace/name` of its EgressGateway */
  readonly gateway: string;
  /** End of its validity, Unix `ms` */
  readonly expiresMs: number;
}

/** The key for tokens that belongs to another secret of 32 bytes; what is made by it tells nothing of that one. */
export function telemetryTokenKey(secret: Uint8Array): Uint8Array {
  return createHmac("sha256", secret).update("clrk telemetry token 1").digest();
}

/** A token of letters, digits, "-", "_" and "."; a secret of the agent. */
export function mintTelemetryToken(key: Uint8Array, identity: TelemetryIdentity): string {
  const { agent, gateway, expiresMs } = identity;
  const { kind, namespace, name, uid, revision, invocationId } = agent;
  const parts = [kind, namespace, name, uid, revision, invocationId, gateway, expiresMs];
  const statement = `${formName}.${Buffer.from(JSON.stringify(parts)).toString("base64url")}`;
  return `${statement}.${seal(key, statement)}`;
}

/** Who the token proves; undefined for one that the key did not seal, that is malformed, or that has expired. */
export function tryReadTelemetryToken(
  key: Uint8Array,
  token: string,
  nowMs: number,
): TelemetryIdentity | undefined {
  if (token.length > longestToken) return undefined;
  const end = token.lastIndexOf(".");
  const statement = token.slice(0, Math.max(end, 0));
  // Compared as text: other texts of the same bytes are other tokens.
  const wanted = Buffer.from(seal(key, statement));
  const found = Buffer.from(token.slice(end + 1));
  if (wanted.length !== found.length || !timingSafeEqual(wanted, found)) return undefined;
  const identity = readStatement(statement);
  return identity !== undefined && nowMs < identity.expiresMs ? identity : undefined;
}

function seal(key: Uint8Array, statement: string): string {
  return createHmac("sha256", key).update(statement).digest("base64url");
}

/** Of a statement whose seal is right: written by this file, perhaps by another version of it. */
function readStatement(statement: string): TelemetryIdentity | undefined {
  const [form, encoded = "", ...more] = statement.split(".");
  if (form !== formName || more.length > 0) return undefined;
  const parts: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
  if (!Array.isArray(parts) || parts.length !== 8) return undefined;
  const expiresMs: unknown = parts[7];
  const texts = parts.slice(0, 7).filter((part) => typeof part === "string");
  if (texts.length !== 7 || typeof expiresMs !== "number") return undefined;
  const [kind = "", namespace = "", name = "", uid = "", revision = ""] = texts;
  const [invocationId = "", gateway = ""] = texts.slice(5);
  return { agent: { kind, namespace, name, uid, revision, invocationId }, gateway, expiresMs };
}
