/**
 * One HTTP transaction as either access log tells it, and the record that it becomes: whichever way it came, the
 * record is the same.
 */

import type { EgressRecord, RecordRequest, RecordUpstream } from "../record.ts";
import { redactAuthority, redactTarget } from "../redact.ts";
import { createDecisionReader } from "./decision.ts";
import type { EntryContext } from "./entry-context.ts";
import type { RecordIds } from "./record-ids.ts";
import { processRecordIds } from "./record-ids.ts";

/** What Envoy said; texts are empty and points in time null where there is nothing. */
export interface HttpTransaction {
  readonly listener: EgressRecord["listener"];
  /** Start in Unix `ns`, decimal digits */
  readonly startUnixNs: string;
  /** Start in whole Unix `ms` */
  readonly startUnixMs: number;
  readonly durationMs: number;
  /** Last byte of the request, since the start */
  readonly requestMs: number | null;
  /** First byte of the upstream's response, since the start */
  readonly firstByteMs: number | null;
  readonly clientAddress: string;
  /** `http` or `https` */
  readonly scheme: string;
  readonly protocol: string;
  readonly method: string;
  /** As it was sent upstream: a backend's own where the route rewrote it */
  readonly authority: string;
  /** Path and query, before any rewrite */
  readonly target: string;
  readonly userAgent: string;
  readonly traceparent: string;
  /** Host that connection and request agreed on */
  readonly agreedHost: string;
  /** Port that was dialled; 0 when unknown */
  readonly dialledPort: number;
  readonly requestBytes: number;
  readonly status: number;
  readonly responseBytes: number;
  readonly flags: readonly string[];
  readonly details: string;
  /** `address:port` that Envoy dialled */
  readonly upstreamAddress: string;
  /** Cluster that was chosen */
  readonly cluster: string;
  /** Name of the route, which is the key of a decision */
  readonly route: string;
  readonly caller: string;
}

/** Makes the record of a transaction. */
export type RecordMaker = (
  transaction: HttpTransaction,
  context: Omit<EntryContext, "listener">,
) => EgressRecord;

/** A maker of records for one gateway; what it remembers is only there for speed. */
export function createRecordMaker(ids: RecordIds = processRecordIds): RecordMaker {
  const decide = createDecisionReader();
  const isoTime = createIsoTime();
  return (transaction, context) => {
    const logged = splitAuthority(redactAuthority(transaction.authority));
    const request = requestOf(transaction, logged);
    const { details } = transaction;
    const { decision, facts } = decide(
      {
        key: transaction.route,
        details,
        host: request.authority,
        // Only refusals by this check say it.
        dialled: details.startsWith(mismatch) ? `${request.host}:${request.port}` : "",
      },
      context.ruleFacts,
    );
    return {
      id: ids.next(),
      kind: "http",
      time: isoTime(transaction.startUnixMs),
      startUnixMs: transaction.startUnixMs,
      startUnixNs: transaction.startUnixNs,
      durationMs: transaction.durationMs,
      agent: context.findAgent(transaction.caller),
      gateway: context.gateway,
      listener: transaction.listener,
      clientAddress: transaction.clientAddress,
      request,
      response: {
        status: transaction.status,
        bytes: transaction.responseBytes,
        flags: transaction.flags,
        details,
      },
      timings: {
        requestMs: transaction.requestMs,
        upstreamConnectMs: null,
        timeToFirstByteMs: transaction.firstByteMs,
      },
      upstream: upstreamOf(transaction, logged.host),
      decision,
      provider: facts.provider,
      credential: decision.verdict === "allow" ? facts.credential : null,
      tier: "native",
      revision: context.revision,
      trace: ids.trace(transaction.traceparent),
      usage: null,
    };
  };
}

/** Response code details of a request whose authority is not what its connection dialled. */
const mismatch = "rbac_access_denied";

interface Authority {
  readonly text: string;
  readonly host: string;
  readonly port: number | undefined;
}

function requestOf(transaction: HttpTransaction, logged: Authority): RecordRequest {
  const { text, host, port } = askedAuthority(transaction, logged);
  const { path, query } = redactTarget(transaction.target);
  return {
    method: transaction.method,
    scheme: transaction.scheme,
    authority: text,
    host,
    port: port ?? transaction.dialledPort,
    path,
    query,
    protocol: transaction.protocol,
    userAgent: transaction.userAgent,
    bytes: transaction.requestBytes,
  };
}

/** A backend's host stands in the logged authority: what was asked for is then what the connection agreed with. */
function askedAuthority({ details, agreedHost }: HttpTransaction, logged: Authority): Authority {
  if (agreedHost === logged.host || details.startsWith(mismatch)) return logged;
  const lower = agreedHost.toLowerCase();
  const agreed = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  return agreed === "" || agreed === logged.host ? logged : splitAuthority(agreed);
}

function upstreamOf(
  { upstreamAddress: address, cluster }: HttpTransaction,
  serverName: string,
): RecordUpstream | null {
  if (address === "") return null;
  return { address, tls: cluster.includes("tls") ? { version: "", serverName } : null };
}

/** Host and port; what follows the last colon is a port only if it is all digits. */
function splitAuthority(text: string): Authority {
  const colon = text.lastIndexOf(":");
  if (colon < 0 || !isDecimal(text, colon + 1)) {
    return { text, host: text.toLowerCase(), port: undefined };
  }
  return { text, host: text.slice(0, colon).toLowerCase(), port: Number(text.slice(colon + 1)) };
}

function isDecimal(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return from < text.length;
}

/** Writes times as `Date.toISOString()` does, which alone costs as much as a tenth of a record. */
function createIsoTime(): (unixMs: number) => string {
  let second = Number.NaN;
  let head = "";
  return (unixMs) => {
    const now = Math.floor(unixMs / 1_000);
    if (now !== second) {
      second = now;
      // Without its `000Z`
      head = new Date(now * 1_000).toISOString().slice(0, -4);
    }
    return `${head}${String(unixMs - now * 1_000).padStart(3, "0")}Z`;
  };
}
