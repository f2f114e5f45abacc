/** One HTTP transaction of Envoy's access log as a record. */

import { randomUUID } from "node:crypto";
import { envoy } from "../proto/gen/accesslog.js";
import type { EgressRecord, RecordRequest, RecordUpstream } from "../record.ts";
import { redactAuthority, redactTarget } from "../redact.ts";
import { FILTER_STATE } from "../xds.ts";
import { readDecision } from "./decision.ts";
import {
  addressText,
  durationMs,
  filterStateText,
  responseFlags,
  socketText,
} from "./entry-values.ts";
import type { EntryContext } from "./entry-context.ts";
import { emptyCommon, startOf } from "./entry-context.ts";

type Entry = envoy.data.accesslog.v3.HTTPAccessLogEntry;

const methodNames = enumNames(envoy.config.core.v3.RequestMethod);

const protocols: Readonly<Record<number, string>> = {
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP10]: "HTTP/1.0",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP11]: "HTTP/1.1",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP2]: "HTTP/2",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP3]: "HTTP/3",
};

/** The record of an entry. */
export function httpRecord(entry: Entry, context: EntryContext): EgressRecord {
  const common = entry.commonProperties ?? emptyCommon();
  const { response } = entry;
  const request = requestOf(entry, common);
  const details = response?.responseCodeDetails ?? "";
  const dialled = `${request.host}:${request.port}`;
  const { decision, facts } = readDecision(
    { key: common.routeName, details, host: request.authority, dialled },
    context.ruleFacts,
  );
  return {
    id: randomUUID(),
    kind: "http",
    ...startOf(common),
    durationMs: durationMs(common.duration) ?? durationMs(common.timeToLastDownstreamTxByte) ?? 0,
    agent: context.findAgent(filterStateText(common, FILTER_STATE.caller)),
    gateway: context.gateway,
    listener: context.listener,
    clientAddress: addressText(common.downstreamRemoteAddress),
    request,
    response: {
      status: response?.responseCode?.value ?? 0,
      bytes: response?.responseBodyBytes ?? 0,
      flags: responseFlags(common.responseFlags),
      details,
    },
    timings: {
      requestMs: durationMs(common.timeToLastRxByte),
      upstreamConnectMs: null,
      timeToFirstByteMs: durationMs(common.timeToFirstUpstreamRxByte),
    },
    upstream: upstreamOf(common, request),
    decision,
    provider: facts.provider,
    credential: decision.verdict === "allow" ? facts.credential : null,
    tier: "native",
    revision: context.revision,
    trace: null,
    usage: null,
  };
}

function requestOf(
  { request, protocolVersion }: Entry,
  common: envoy.data.accesslog.v3.AccessLogCommon,
): RecordRequest {
  const authority = redactAuthority(request?.authority ?? "");
  const { path, query } = redactTarget(request?.originalPath || request?.path || "");
  const { host, port } = splitAuthority(authority);
  const dialledPort = Number(filterStateText(common, FILTER_STATE.port)) || 0;
  return {
    method: methodNames.get(request?.requestMethod ?? 0) ?? "",
    scheme: common.tlsProperties === null ? "http" : "https",
    authority,
    host,
    port: port ?? dialledPort,
    path,
    query,
    protocol: protocols[protocolVersion] ?? "",
    userAgent: request?.userAgent ?? "",
    bytes: request?.requestBodyBytes ?? 0,
  };
}

function upstreamOf(
  common: envoy.data.accesslog.v3.AccessLogCommon,
  request: RecordRequest,
): RecordUpstream | null {
  const address = socketText(common.upstreamRemoteAddress);
  if (address === "") return null;
  const isTls = common.upstreamCluster.includes("tls");
  return { address, tls: isTls ? { version: "", serverName: request.host } : null };
}

function splitAuthority(authority: string): { host: string; port: number | undefined } {
  const fits = /^(.*?)(?::(\d+))?$/.exec(authority);
  const host = (fits?.[1] ?? authority).toLowerCase();
  const port = fits?.[2];
  return { host, port: port === undefined ? undefined : Number(port) };
}

/** Numbers of a protobuf enum to their names; the unspecified one has none. */
function enumNames(numbers: Readonly<Record<string, string | number>>): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, number] of Object.entries(numbers)) {
    if (typeof number === "number" && number !== 0) names.set(number, name);
  }
  return names;
}
