/** The facts of a recorded request by which routes and rules decide, and which of them its record does not hold. */

import type { EgressRecord } from "../record.ts";
import { redactedText } from "../secret-value.ts";
import type { Missing, TextFact, Truth } from "./fact.ts";
import type { PathFact } from "./path-fact.ts";
import { recordedPath } from "./path-fact.ts";

/** A request as far as it is known. */
export interface RecordedRequest {
  /** Lower case, without port */
  readonly host: string;
  readonly path: PathFact;
  readonly header: (name: string) => TextFact;
  readonly hasBody: Truth;
  /** In `bytes`: of all of it, or, where it was refused, of what came */
  readonly body: { readonly bytes: number; readonly isWhole: boolean };
  /** Model that it names; null: none. Missing where nobody read it */
  readonly model: string | null | Missing;
}

/** Records keep so many headers, and so much of a value. */
const mostHeaders = 128;
const longestValue = 4_096;

const upgradeHeader: Missing = { missing: "header upgrade" };
const bodyMissing: Missing = { missing: "body of the request" };
const modelMissing: Missing = { missing: "model of the request" };
const inTls: Missing = { missing: "request inside TLS" };
const inBytes: Missing = { missing: "request in the bytes" };

/** The request of a record of kind `http`. */
export function recordedRequest(record: EgressRecord): RecordedRequest {
  const { request, decision, model, upstream } = record;
  const isWhole = decision.verdict === "allow" && upstream !== null;
  return {
    host: request.host,
    path: recordedPath(request.path),
    header: (name) => headerOf(record, name),
    hasBody: request.bytes > 0 || model !== null || record.mcp !== undefined || bodyOf(isWhole),
    body: { bytes: request.bytes, isWhole },
    model: model === null ? modelMissing : model.requestModel,
  };
}

function bodyOf(isWhole: boolean): Truth {
  return isWhole ? false : bodyMissing;
}

/** A request of which only the host is known: nobody read it. */
export function unreadRequest(host: string, kind: EgressRecord["kind"]): RecordedRequest {
  const missing = kind === "tls" ? inTls : inBytes;
  return {
    host: host.toLowerCase(),
    path: { known: "/", missing },
    header: () => missing,
    hasBody: missing,
    body: { bytes: 0, isWhole: false },
    model: missing,
  };
}

function headerOf(record: EgressRecord, name: string): TextFact {
  const { request } = record;
  if (name === ":method") return request.method;
  if (name === ":authority") return request.authority;
  if (name === ":path") return targetOf(request);
  if (name === "upgrade") return upgradeOf(record);
  const kept = record.capture?.requestHeaders ?? [];
  const values = kept.flatMap(([key, value]) => (key === name ? [value] : []));
  const isCut = values.some(
    (value) => value.includes(redactedText) || value.length >= longestValue,
  );
  if (values.length > 0) return isCut ? missingHeader(name) : values.join(",");
  if (name === "user-agent") return request.userAgent === "" ? undefined : request.userAgent;
  return kept.length === 0 || kept.length >= mostHeaders ? missingHeader(name) : undefined;
}

/** Path and query; what was taken out of a query hides no part of a path. */
function targetOf({ path, query }: EgressRecord["request"]): TextFact {
  if (path.includes(redactedText)) return missingHeader(":path");
  return query === "" ? path : `${path}?${query}`;
}

/**
 * Whether a WebSocket is asked for, which is done by GET and HTTP/1.1 (RFC 6455 section 4.1). A server that answers
 * something else than 101 to a GET was asked for something else.
 */
function upgradeOf({ request, response, upstream }: EgressRecord): TextFact {
  if (response.status === 101) return "websocket";
  const mayBe = request.protocol === "HTTP/1.1" && request.method === "GET" && upstream === null;
  return mayBe ? upgradeHeader : undefined;
}

const knownMissing = new Map<string, Missing>();

/** Rules name few headers. */
function missingHeader(name: string): Missing {
  const known = knownMissing.get(name);
  if (known !== undefined) return known;
  const missing = { missing: `header ${name}` };
  if (knownMissing.size < mostHeaders) knownMissing.set(name, missing);
  return missing;
}
