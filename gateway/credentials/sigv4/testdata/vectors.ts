/** The published test suite of AWS Signature Version 4, as far as it lies beside the repository. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { HeaderEntry } from "../canonical-request.ts";

/** One vector: what is signed, and what must come of it in both forms. */
export interface Vector {
  readonly name: string;
  readonly method: string;
  /** Target as it stands in the request line */
  readonly path: string;
  readonly headers: readonly HeaderEntry[];
  readonly body: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly omitsToken: boolean;
  readonly signsBody: boolean;
  readonly isNormalized: boolean;
  readonly expiresSeconds: number;
  readonly region: string;
  readonly service: string;
  readonly nowMs: number;
  readonly header: Expected;
  readonly query: Expected;
}

/** What one form of a signature is made of. */
export interface Expected {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  readonly signature: string;
}

interface Context {
  credentials: { access_key_id: string; secret_access_key: string; token?: string };
  expiration_in_seconds: number;
  normalize: boolean;
  region: string;
  service: string;
  sign_body: boolean;
  timestamp: string;
  omit_session_token?: boolean;
}

const folder = path.join(import.meta.dirname, "../../../../../shared/data/sigv4");

/** Why there are no vectors here; false when there are. */
export const vectorsMissing: string | false = existsSync(folder)
  ? false
  : "the vectors are not beside the repository";

/** All vectors by name; empty where `vectorsMissing` says why. */
export function readVectors(): Vector[] {
  if (vectorsMissing !== false) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => readVector(entry.name));
}

function readVector(name: string): Vector {
  const read = (file: string) => readFileSync(path.join(folder, name, file), "utf8");
  const context: Context = JSON.parse(read("context.json"));
  const form = (prefix: string) => ({
    canonicalRequest: read(`${prefix}-canonical-request.txt`),
    stringToSign: read(`${prefix}-string-to-sign.txt`),
    signature: read(`${prefix}-signature.txt`),
  });
  return {
    name,
    ...readRequest(read("request.txt")),
    accessKeyId: context.credentials.access_key_id,
    secretAccessKey: context.credentials.secret_access_key,
    sessionToken: context.credentials.token,
    omitsToken: context.omit_session_token === true,
    signsBody: context.sign_body,
    isNormalized: context.normalize,
    expiresSeconds: context.expiration_in_seconds,
    region: context.region,
    service: context.service,
    nowMs: Date.parse(context.timestamp),
    header: form("header"),
    query: form("query"),
  };
}

function readRequest(text: string) {
  const end = text.indexOf("\n\n");
  const head = end < 0 ? text.trimEnd() : text.slice(0, end);
  const [first = "", ...lines] = head.split("\n");
  const method = first.slice(0, first.indexOf(" "));
  const headers: [name: string, value: string][] = [];
  for (const line of lines) {
    const last = headers.at(-1);
    const colon = line.indexOf(":");
    // A line that begins with a blank continues the one before.
    if (last !== undefined && line.startsWith(" ")) last[1] += `\n${line}`;
    else headers.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1)]);
  }
  return {
    method,
    path: first.slice(method.length + 1, first.lastIndexOf(" HTTP/")),
    headers,
    body: end < 0 ? "" : text.slice(end + 2),
  };
}
