/** One HTTP transaction of Envoy's access log as a record. */

import { envoy } from "../proto/gen/accesslog.js";
import type { EgressRecord } from "../record.ts";
import { ENGINE_METADATA, FILTER_STATE } from "../xds.ts";
import { EngineLine } from "./engine-line.ts";
import type { EntryContext } from "./entry-context.ts";
import { emptyCommon, startOf } from "./entry-context.ts";
import {
  addressText,
  durationMs,
  filterStateText,
  responseFlags,
  sideOf,
  socketText,
} from "./entry-values.ts";
import type { HttpFacts, HttpMeasures } from "./http-transaction.ts";
import { completeRecord, flatTarget, outlineOf } from "./http-transaction.ts";
import { processStamps } from "./record-stamps.ts";

type Entry = envoy.data.accesslog.v3.HTTPAccessLogEntry;

const methodNames = enumNames(envoy.config.core.v3.RequestMethod);

const protocols: Readonly<Record<number, string>> = {
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP10]: "HTTP/1.0",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP11]: "HTTP/1.1",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP2]: "HTTP/2",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP3]: "HTTP/3",
};

/** The record of an entry, or what becomes one when the engine's facts are there. */
export function readHttpEntry(entry: Entry, context: EntryContext): EgressRecord | EngineLine {
  const { revision } = context;
  const outline = outlineOf(factsOf(entry, context.listener), context);
  const measures = measuresOf(entry);
  const stamps = processStamps;
  if (measures.engineId === "") {
    return completeRecord(outline, measures, { revision, stamps, facts: undefined });
  }
  return new EngineLine({ outline, measures, revision, stamps, json: undefined });
}

function factsOf(entry: Entry, listener: EgressRecord["listener"]): HttpFacts {
  const { request, response, protocolVersion } = entry;
  const common = entry.commonProperties ?? emptyCommon();
  return {
    listener,
    scheme: common.tlsProperties === null ? "http" : "https",
    clientAddress: addressText(common.downstreamRemoteAddress),
    protocol: protocols[protocolVersion] ?? "",
    method:
      request?.requestHeaders[":method"] ?? methodNames.get(request?.requestMethod ?? 0) ?? "",
    authority: request?.authority ?? "",
    userAgent: request?.userAgent ?? "",
    agreedHost: filterStateText(common, FILTER_STATE.host),
    dialledPort: Number(filterStateText(common, FILTER_STATE.port)) || 0,
    flags: responseFlags(common.responseFlags),
    details: response?.responseCodeDetails ?? "",
    upstreamAddress: socketText(common.upstreamRemoteAddress),
    cluster: common.upstreamCluster,
    route: common.routeName,
    caller: filterStateText(common, FILTER_STATE.caller),
    ...sideOf(common),
  };
}

function measuresOf({ commonProperties, request, response }: Entry): HttpMeasures {
  const common = commonProperties ?? emptyCommon();
  const { startUnixMs, startUnixNs } = startOf(common);
  return {
    startUnixNs,
    startUnixMs,
    durationMs: durationMs(common.timeToLastDownstreamTxByte) ?? durationMs(common.duration) ?? 0,
    requestMs: durationMs(common.timeToLastRxByte),
    sentMs: durationMs(common.timeToLastUpstreamTxByte),
    firstByteMs: durationMs(common.timeToFirstUpstreamRxByte),
    requestBytes: request?.requestBodyBytes ?? 0,
    status: response?.responseCode?.value ?? 0,
    responseBytes: response?.responseBodyBytes ?? 0,
    traceparent: request?.requestHeaders["traceparent"] ?? "",
    target: flatTarget(request?.originalPath || request?.path || ""),
    engineId: engineIdOf(common),
  };
}

function engineIdOf({ metadata }: envoy.data.accesslog.v3.AccessLogCommon): string {
  const ours = metadata?.filterMetadata[ENGINE_METADATA.namespace];
  return ours?.fields[ENGINE_METADATA.id]?.stringValue ?? "";
}

/** Numbers of a protobuf enum to their names; the unspecified one has none. */
function enumNames(numbers: Readonly<Record<string, string | number>>): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, number] of Object.entries(numbers)) {
    if (typeof number === "number" && number !== 0) names.set(number, name);
  }
  return names;
}
