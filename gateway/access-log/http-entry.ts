/** One HTTP transaction of Envoy's access log as a record. */

import { envoy } from "../proto/gen/accesslog.js";
import type { EgressRecord } from "../record.ts";
import { FILTER_STATE } from "../xds.ts";
import type { EntryContext } from "./entry-context.ts";
import { emptyCommon, startOf } from "./entry-context.ts";
import {
  addressText,
  durationMs,
  filterStateText,
  responseFlags,
  socketText,
} from "./entry-values.ts";
import type { HttpTransaction, RecordMaker } from "./http-transaction.ts";
import { createRecordMaker } from "./http-transaction.ts";

type Entry = envoy.data.accesslog.v3.HTTPAccessLogEntry;

const methodNames = enumNames(envoy.config.core.v3.RequestMethod);

const protocols: Readonly<Record<number, string>> = {
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP10]: "HTTP/1.0",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP11]: "HTTP/1.1",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP2]: "HTTP/2",
  [envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP3]: "HTTP/3",
};

/** The record of an entry; `make` remembers between entries of one gateway. */
export function httpRecord(
  entry: Entry,
  context: EntryContext,
  make: RecordMaker = createRecordMaker(),
): EgressRecord {
  return make(transactionOf(entry, context.listener), context);
}

function transactionOf(entry: Entry, listener: EgressRecord["listener"]): HttpTransaction {
  const { request, response, protocolVersion } = entry;
  const common = entry.commonProperties ?? emptyCommon();
  const { startUnixMs, startUnixNs } = startOf(common);
  const headers = request?.requestHeaders ?? {};
  return {
    listener,
    startUnixNs,
    startUnixMs,
    durationMs: durationMs(common.timeToLastDownstreamTxByte) ?? durationMs(common.duration) ?? 0,
    requestMs: durationMs(common.timeToLastRxByte),
    firstByteMs: durationMs(common.timeToFirstUpstreamRxByte),
    clientAddress: addressText(common.downstreamRemoteAddress),
    scheme: common.tlsProperties === null ? "http" : "https",
    protocol: protocols[protocolVersion] ?? "",
    method: methodNames.get(request?.requestMethod ?? 0) ?? headers[":method"] ?? "",
    authority: request?.authority ?? "",
    target: request?.originalPath || request?.path || "",
    userAgent: request?.userAgent ?? "",
    traceparent: headers["traceparent"] ?? "",
    agreedHost: filterStateText(common, FILTER_STATE.host),
    dialledPort: Number(filterStateText(common, FILTER_STATE.port)) || 0,
    requestBytes: request?.requestBodyBytes ?? 0,
    status: response?.responseCode?.value ?? 0,
    responseBytes: response?.responseBodyBytes ?? 0,
    flags: responseFlags(common.responseFlags),
    details: response?.responseCodeDetails ?? "",
    upstreamAddress: socketText(common.upstreamRemoteAddress),
    cluster: common.upstreamCluster,
    route: common.routeName,
    caller: filterStateText(common, FILTER_STATE.caller),
  };
}

/** Numbers of a protobuf enum to their names; the unspecified one has none. */
function enumNames(numbers: Readonly<Record<string, string | number>>): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, number] of Object.entries(numbers)) {
    if (typeof number === "number" && number !== 0) names.set(number, name);
  }
  return names;
}
