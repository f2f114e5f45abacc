/**
 * One HTTP transaction as either access log tells it, and the record that it becomes: whichever way it came, the
 * record is the same. What repeats from transaction to transaction is worked out apart from what is new in each.
 */

import type { PriceEntry } from "../../providers/prices.ts";
import type { CallCharge, CallFacts, ModelCall } from "../call-facts.ts";
import type {
  EgressRecord,
  RecordAgent,
  RecordCharge,
  RecordDecision,
  RecordModel,
  RecordRequest,
  RecordRoute,
  RecordRouting,
  RecordTier,
} from "../record.ts";
import type { RedactedTarget } from "../redact.ts";
import { redactAuthority, redactTarget } from "../redact.ts";
import { placeholderPlace } from "../rule-facts.ts";
import { costOfCall, costText } from "../record-cost.ts";
import { redactedText } from "../secret-value.ts";
import type { DecidedEntry } from "./decision.ts";
import { readDecision } from "./decision.ts";
import type { EntryContext } from "./entry-context.ts";
import { flatOrNull, flatText } from "./flat-text.ts";
import type { RecordStamps } from "./record-stamps.ts";
import type { InvocationTracing } from "./record-trace.ts";
import { recordTrace, tracingOf } from "./record-trace.ts";

/** What Envoy said that is often the same for many transactions; texts are empty where there is nothing. */
export interface HttpFacts {
  readonly listener: EgressRecord["listener"];
  /** `http` or `https` */
  readonly scheme: string;
  readonly clientAddress: string;
  readonly protocol: string;
  readonly method: string;
  /** As it was sent upstream: a backend's own where the route rewrote it */
  readonly authority: string;
  readonly userAgent: string;
  /** Host that connection and request agreed on */
  readonly agreedHost: string;
  /** Port that was dialled; 0 when unknown */
  readonly dialledPort: number;
  readonly flags: readonly string[];
  readonly details: string;
  /** `address:port` that Envoy dialled */
  readonly upstreamAddress: string;
  /** Cluster that was chosen */
  readonly cluster: string;
  /** Name of the route, which is the key of a decision */
  readonly route: string;
  readonly caller: string;
  /** Names the policy that is tried on the agent; absent: the one that all others have */
  readonly side?: string;
}

/** What is new in each transaction; points in time are null when they were not reached. */
export interface HttpMeasures {
  /** Start in Unix `ns`, decimal digits */
  readonly startUnixNs: string;
  /** Start in whole Unix `ms` */
  readonly startUnixMs: number;
  readonly durationMs: number;
  /** Last byte of the request, since the start */
  readonly requestMs: number | null;
  /** Last byte of the request to the upstream, of several attempts the last one's, since the start */
  readonly sentMs: number | null;
  /** First byte of the upstream's response, since the start */
  readonly firstByteMs: number | null;
  readonly requestBytes: number;
  readonly status: number;
  readonly responseBytes: number;
  /** Header as it is in the end: the agent's, its invocation's, or the engine's; empty when there is none */
  readonly traceparent: string;
  /** What was asked for, before any rewrite of the route; of an engine's transaction its query may hold a credential */
  readonly target: FlatTarget;
  /** Id that the engine gave the transaction; empty when it saw none of it */
  readonly engineId: string;
}

/** Path and query, redacted, as flat texts. */
export type FlatTarget = RedactedTarget;

/** Redacts a request target for a record. */
export function flatTarget(target: string): FlatTarget {
  const { path, query } = redactTarget(target);
  return { path: flatText(path), query: flatText(query) };
}

/** What repeats in a request. */
export type OutlinedRequest = Omit<RecordRequest, "path" | "query" | "bytes">;

/** Parts of records that share their facts; its texts are flat, so that it may be kept. */
export interface HttpOutline
  extends Pick<
    EgressRecord,
    | "agent"
    | "gateway"
    | "listener"
    | "clientAddress"
    | "upstream"
    | "provider"
    | "credential"
    | "side"
  > {
  readonly request: OutlinedRequest;
  readonly flags: readonly string[];
  readonly details: string;
  readonly decision: RecordDecision;
  /** Of the rule */
  readonly tier: RecordTier;
  readonly tracing: InvocationTracing;
}

/** Works out what the facts say; redacts all that an agent wrote. */
export function outlineOf(facts: HttpFacts, context: Omit<EntryContext, "listener">): HttpOutline {
  const logged = splitAuthority(redactAuthority(facts.authority));
  const request = requestOf(facts, logged);
  const decided = readDecision(
    {
      key: facts.route,
      details: facts.details,
      host: request.authority,
      dialled: `${request.host}:${request.port}`,
      isForwarded: facts.upstreamAddress !== "",
      ...(facts.side !== undefined && { side: facts.side }),
    },
    context.ruleFacts,
  );
  const { namespace, name } = context.gateway;
  const agent = flatAgent(context.findAgent(facts.caller));
  return {
    agent,
    tracing: tracingOf(context.traces, agent),
    gateway: { namespace: flatText(namespace), name: flatText(name) },
    listener: facts.listener,
    clientAddress: flatText(facts.clientAddress),
    request,
    flags: facts.flags,
    details: flatText(facts.details),
    upstream: upstreamOf(facts, logged.host),
    ...(facts.side !== undefined && facts.side === context.side && { side: "canary" }),
    ...flatDecided(decided),
  };
}

/** What a record is completed with. */
export interface RecordCompletion {
  readonly revision: number;
  readonly stamps: RecordStamps;
  /** What the engine found out; undefined when it saw nothing, or its facts are lost */
  readonly facts: CallFacts | undefined;
  /** By which the call's cost is worked out; absent: it has none but its charge */
  readonly prices?: readonly PriceEntry[];
}

/** One list, because prices are found by its identity. */
const noPrices: readonly PriceEntry[] = [];

/** Whether the transaction passed the engine, or should have. */
export function isEngineTransaction(outline: HttpOutline, measures: HttpMeasures): boolean {
  return measures.engineId !== "" || outline.tier === "engine";
}

/** The record of one transaction. */
export function completeRecord(
  outline: HttpOutline,
  measures: HttpMeasures,
  { revision, stamps, facts: found, prices = noPrices }: RecordCompletion,
): EgressRecord {
  const facts = found?.isLost === true ? undefined : found;
  const { request } = outline;
  const isEngine = isEngineTransaction(outline, measures);
  const target = isEngine ? shownTarget(measures.target, facts, outline) : measures.target;
  const model = facts?.model ?? null;
  const denial = facts?.denial ?? null;
  const cost = found && costOfCall(found, outline.provider, prices);
  return {
    id: stamps.nextId(),
    kind: "http",
    time: stamps.isoTime(measures.startUnixMs),
    startUnixMs: measures.startUnixMs,
    startUnixNs: measures.startUnixNs,
    durationMs: measures.durationMs,
    agent: outline.agent,
    gateway: outline.gateway,
    listener: outline.listener,
    clientAddress: outline.clientAddress,
    request: {
      method: request.method,
      scheme: request.scheme,
      authority: request.authority,
      host: request.host,
      port: request.port,
      path: target.path,
      query: target.query,
      protocol: request.protocol,
      userAgent: request.userAgent,
      bytes: measures.requestBytes,
    },
    response: {
      status: measures.status,
      bytes: measures.responseBytes,
      chunks: facts === undefined ? null : facts.responseChunks,
      flags: outline.flags,
      details: outline.details,
    },
    timings: {
      requestMs: measures.requestMs,
      upstreamConnectMs: null,
      timeToFirstByteMs: measures.firstByteMs,
    },
    upstream: outline.upstream,
    decision: decisionOf(outline.decision, facts),
    provider: outline.provider,
    credential: denial !== null && outline.upstream === null ? null : outline.credential,
    ...(outline.side !== undefined && { side: outline.side }),
    tier: isEngine ? "engine" : "native",
    revision,
    trace: recordTrace(
      outline.tracing,
      {
        traceparent: measures.traceparent,
        isEngine: measures.engineId !== "",
        isForwarded: outline.upstream !== null,
        facts,
      },
      stamps,
    ),
    model: model === null ? null : recordModel(model),
    usage: model === null ? null : model.usage,
    ...(found?.charge !== undefined && { charge: recordCharge(found.charge) }),
    ...(cost !== undefined && { cost }),
    routing: recordRouting(facts),
    capture: facts?.capture ?? null,
    ...(facts?.mcp !== undefined && { mcp: facts.mcp }),
  };
}

function recordCharge({ tokens, microDollars, isEstimated }: CallCharge): RecordCharge {
  const cost = microDollars === null ? null : costText(microDollars);
  return { tokens, cost, estimated: isEstimated };
}

function recordRouting(facts: CallFacts | undefined): RecordRouting | null {
  if (facts === undefined || facts.routing === null) return null;
  return { ...facts.routing, attempts: facts.attempts ?? [] };
}

/**
 * A query into which the engine may have put a credential is not shown on anybody else's word, nor is a path where
 * placeholders are swapped.
 */
function shownTarget(
  logged: FlatTarget,
  facts: CallFacts | undefined,
  { credential }: Pick<HttpOutline, "credential">,
): FlatTarget {
  if (facts !== undefined) return facts.target ?? logged;
  return {
    path: credential?.header === placeholderPlace ? redactedText : logged.path,
    query: logged.query === "" ? "" : redactedText,
  };
}

/** What the engine decided comes before what Envoy's route says, which it may have chosen. */
function decisionOf(outlined: RecordDecision, facts: CallFacts | undefined): RecordDecision {
  const denial = facts?.denial ?? null;
  if (denial !== null) return { verdict: "deny", ...denial, route: outlined.route };
  const wouldDeny = facts?.wouldDeny;
  if (wouldDeny === undefined || outlined.verdict === "deny") return outlined;
  return { ...outlined, wouldDeny };
}

function recordModel(call: ModelCall): RecordModel {
  return {
    operation: call.operation,
    requestModel: call.requestModel,
    responseModel: call.responseModel,
    responseId: call.responseId,
    finishReasons: call.finishReasons,
    stream: call.isStream,
    timeToFirstTokenMs: call.timeToFirstTokenMs,
  };
}

interface Authority {
  readonly text: string;
  readonly host: string;
  readonly port: number | undefined;
}

function requestOf(facts: HttpFacts, logged: Authority): OutlinedRequest {
  const { text, host, port } = askedAuthority(facts, logged);
  return {
    method: flatText(facts.method),
    scheme: facts.scheme,
    authority: flatText(text),
    host: flatText(host),
    port: port ?? facts.dialledPort,
    protocol: facts.protocol,
    userAgent: flatText(facts.userAgent),
  };
}

/** A backend's host stands in the logged authority: what was asked for is then what the connection agreed with. */
function askedAuthority({ details, agreedHost }: HttpFacts, logged: Authority): Authority {
  if (details.startsWith("rbac_access_denied")) return logged;
  const agreed = agreedHost.toLowerCase().replace(/\.$/, "");
  return agreed === "" || agreed === logged.host ? logged : splitAuthority(agreed);
}

function upstreamOf({ upstreamAddress, cluster }: HttpFacts, host: string) {
  if (upstreamAddress === "") return null;
  const address = flatText(upstreamAddress);
  const tls = cluster.includes("tls") ? { version: "", serverName: flatText(host) } : null;
  return { address, tls };
}

/** Host and port; what follows the last colon is a port only if it is all digits. */
function splitAuthority(text: string): Authority {
  const colon = text.lastIndexOf(":");
  if (colon < 0 || !/^\d+$/.test(text.slice(colon + 1))) {
    return { text, host: text.toLowerCase(), port: undefined };
  }
  return { text, host: text.slice(0, colon).toLowerCase(), port: Number(text.slice(colon + 1)) };
}

function flatAgent(agent: RecordAgent | null): RecordAgent | null {
  return (
    agent && {
      kind: flatText(agent.kind),
      namespace: flatText(agent.namespace),
      name: flatText(agent.name),
      uid: flatText(agent.uid),
      revision: flatText(agent.revision),
      invocationId: flatText(agent.invocationId),
    }
  );
}

function flatDecided({ decision, facts }: DecidedEntry) {
  const { verdict, reason, message, route, wouldDeny } = decision;
  const { credential } = facts;
  return {
    tier: facts.tier,
    decision: {
      verdict,
      reason: flatOrNull(reason),
      message: flatOrNull(message),
      route: flatRoute(route),
      ...(wouldDeny !== undefined && {
        wouldDeny: {
          reason: flatText(wouldDeny.reason),
          message: flatText(wouldDeny.message),
          route: flatRoute(wouldDeny.route),
        },
      }),
    },
    provider: flatOrNull(facts.provider),
    credential: credential && {
      name: flatText(credential.name),
      header: flatText(credential.header),
    },
  };
}

function flatRoute(route: RecordRoute | null): RecordRoute | null {
  return (
    route && {
      kind: flatText(route.kind),
      namespace: flatText(route.namespace),
      name: flatText(route.name),
      rule: route.rule,
    }
  );
}
