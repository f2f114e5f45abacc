/** Builds access log entries as Envoy sends them, with any part replaced. */
import { google } from "../proto/gen/xds.js";
import { envoy } from "../proto/gen/accesslog.js";
import type { EntryContext } from "../access-log/entry-context.ts";

type Common = envoy.data.accesslog.v3.IAccessLogCommon;
type HttpEntry = envoy.data.accesslog.v3.IHTTPAccessLogEntry;
type TcpEntry = envoy.data.accesslog.v3.ITCPAccessLogEntry;

const { HTTPAccessLogEntry, TCPAccessLogEntry, AccessLogCommon } = envoy.data.accesslog.v3;

/** Filter state objects, each a StringValue in an Any. */
export function filterState(values: Readonly<Record<string, string>>) {
  const { StringValue } = google.protobuf;
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      { typeUrl: StringValue.getTypeUrl(), value: StringValue.encode({ value }).finish() },
    ]),
  );
}

/** What all entries have: an allowed transaction of a run to a.example.com. */
export function commonFields(changes: Common = {}): Common {
  return {
    startTime: { seconds: 1_795_000_000, nanos: 5_000_000 },
    duration: { seconds: 0, nanos: 41_500_000 },
    timeToLastRxByte: { seconds: 0, nanos: 1_250_000 },
    timeToFirstUpstreamRxByte: { seconds: 0, nanos: 39_000_000 },
    downstreamRemoteAddress: { socketAddress: { address: "10.0.0.7", portValue: 4711 } },
    upstreamRemoteAddress: { socketAddress: { address: "203.0.113.9", portValue: 443 } },
    upstreamCluster: "forward-tls",
    routeName: "allow/EgressHTTPRoute/default/route/0",
    tlsProperties: { tlsSniHostname: "a.example.com" },
    filterStateObjects: filterState({
      "clrk.caller": "run:run-1",
      "clrk.port": "443",
      "clrk.host": "a.example.com",
      "clrk.dialled": "a.example.com",
    }),
    ...changes,
  };
}

/** A POST answered 200. */
export function httpEntry(changes: HttpEntry = {}): envoy.data.accesslog.v3.HTTPAccessLogEntry {
  const fields: HttpEntry = {
    commonProperties: commonFields(),
    protocolVersion: HTTPAccessLogEntry.HTTPVersion.HTTP2,
    request: {
      requestMethod: envoy.config.core.v3.RequestMethod.POST,
      authority: "a.example.com",
      path: "/v1/chat?key=secret-value&lang=ts",
      userAgent: "OpenAI/JS",
      requestBodyBytes: 512,
    },
    response: {
      responseCode: { value: 200 },
      responseBodyBytes: 2_048,
      responseCodeDetails: "via_upstream",
    },
    ...changes,
  };
  // Through bytes: what absent fields are, the decoder decides.
  return HTTPAccessLogEntry.decode(HTTPAccessLogEntry.encode(fields).finish());
}

/** A raw connection that a rule allowed. */
export function tcpEntry(changes: TcpEntry = {}): envoy.data.accesslog.v3.TCPAccessLogEntry {
  const fields: TcpEntry = {
    commonProperties: commonFields({
      tlsProperties: null,
      routeName: "",
      upstreamCluster: "forward-raw",
      filterStateObjects: filterState({
        "clrk.caller": "run:run-1",
        "clrk.port": "5432",
        "clrk.dialled": "db.example.com",
        "clrk.decision": "allow/EgressL4Route/default/raw/2",
      }),
    }),
    connectionProperties: { receivedBytes: 100, sentBytes: 900 },
    ...changes,
  };
  return TCPAccessLogEntry.decode(TCPAccessLogEntry.encode(fields).finish());
}

/** The common part of an entry with fields that the decoder filled in. */
export function decodedCommon(fields: Common): envoy.data.accesslog.v3.AccessLogCommon {
  return AccessLogCommon.decode(AccessLogCommon.encode(fields).finish());
}

/** Context of gateway default/egress at revision 7; agents are named by their caller. */
export function entryContext(changes: Partial<EntryContext> = {}): EntryContext {
  return {
    gateway: { namespace: "default", name: "egress" },
    listener: "explicit",
    revision: 7,
    ruleFacts: new Map(),
    findAgent: (caller) =>
      caller === ""
        ? null
        : { kind: "Process", namespace: "default", name: caller, uid: "", revision: "", invocationId: "" },
    ...changes,
  };
}
