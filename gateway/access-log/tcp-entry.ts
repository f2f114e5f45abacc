/** One raw connection of Envoy's access log as a record. */

import type { envoy } from "../proto/gen/accesslog.js";
import type { EgressRecord } from "../record.ts";
import { FILTER_STATE } from "../xds.ts";
import { readDecision, refuseUnanswered, refuseUndialled } from "./decision.ts";
import {
  addressText,
  connectionRefusal,
  durationMs,
  filterStateText,
  responseFlags,
  sideOf,
  socketText,
} from "./entry-values.ts";
import type { EntryContext } from "./entry-context.ts";
import { emptyCommon, startOf } from "./entry-context.ts";
import { processStamps } from "./record-stamps.ts";
import { recordTrace, tracingOf } from "./record-trace.ts";

type Entry = envoy.data.accesslog.v3.TCPAccessLogEntry;

/** The record of an entry. */
export function tcpRecord(entry: Entry, context: EntryContext): EgressRecord {
  const common = entry.commonProperties ?? emptyCommon();
  const bytes = entry.connectionProperties;
  const serverName = common.tlsProperties?.tlsSniHostname ?? "";
  const dialled = filterStateText(common, FILTER_STATE.dialled);
  const host = serverName || dialled || addressText(common.downstreamLocalAddress);
  const port = Number(filterStateText(common, FILTER_STATE.port)) || 0;
  const { side } = sideOf(common);
  const address = socketText(common.upstreamRemoteAddress);
  const { decision: planned, facts } = readDecision(
    {
      key: filterStateText(common, FILTER_STATE.decision),
      details: connectionRefusal(common) || common.connectionTerminationDetails,
      host,
      dialled: `${dialled}:${port}`,
      isForwarded: address !== "",
      ...(side !== undefined && { side }),
    },
    context.ruleFacts,
  );
  const flags = responseFlags(common.responseFlags);
  const isCounted = facts.countsConnections === true;
  const isUnanswered = isCounted && address === "" && flags.length === 0;
  const isUndialled = address === "" && flags.some((flag) => flag === "UH" || flag === "DF");
  const decision = isUndialled
    ? refuseUndialled(planned, host)
    : isUnanswered
      ? refuseUnanswered(planned)
      : planned;
  const agent = context.findAgent(filterStateText(common, FILTER_STATE.caller));
  return {
    id: processStamps.nextId(),
    kind: serverName === "" ? "tcp" : "tls",
    ...startOf(common),
    durationMs: durationMs(common.duration) ?? 0,
    agent,
    gateway: context.gateway,
    listener: context.listener,
    clientAddress: addressText(common.downstreamRemoteAddress),
    request: {
      ...emptyRequest,
      host,
      port,
      authority: host,
      bytes: bytes?.receivedBytes ?? 0,
    },
    response: {
      status: 0,
      bytes: bytes?.sentBytes ?? 0,
      chunks: null,
      flags,
      details: common.connectionTerminationDetails,
    },
    timings: { requestMs: null, upstreamConnectMs: null, timeToFirstByteMs: null },
    upstream: address === "" ? null : { address, tls: null },
    decision,
    provider: facts.provider,
    credential: null,
    ...(side !== undefined && side === context.side && { side: "canary" }),
    tier: isCounted ? "engine" : "native",
    revision: context.revision,
    trace: recordTrace(
      tracingOf(context.traces, agent),
      { traceparent: "", isEngine: false, isForwarded: address !== "", facts: undefined },
      processStamps,
    ),
    model: null,
    usage: null,
    routing: null,
    capture: null,
  };
}

const emptyRequest = {
  method: "",
  scheme: "",
  path: "",
  query: "",
  protocol: "",
  userAgent: "",
} as const;
