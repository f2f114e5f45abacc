/**
 * Builds records for tests: an allowed LLM call, natively and with the engine, a denied request and a tunnel, with any
 * part replaced.
 */
import type { TokenUsage } from "../call-facts.ts";
import type { EgressRecord, RecordModel } from "../record.ts";

/** An allowed POST to a provider with a credential, answered 200 in 41.4 ms. */
export function httpRecord(changes: Partial<EgressRecord> = {}): EgressRecord {
  return {
    id: "rec-1",
    kind: "http",
    time: "2026-01-02T03:04:05.678Z",
    startUnixMs: 1767323045678,
    startUnixNs: "1767323045678901234",
    durationMs: 41.4,
    agent: {
      kind: "DaemonAgent",
      namespace: "default",
      name: "researcher",
      uid: "uid-1",
      revision: "r-1",
      invocationId: "",
    },
    gateway: { namespace: "default", name: "egress" },
    listener: "explicit",
    clientAddress: "10.0.0.7",
    request: {
      method: "POST",
      scheme: "https",
      authority: "api.openai.com:443",
      host: "api.openai.com",
      port: 443,
      path: "/v1/chat/completions",
      query: "",
      protocol: "HTTP/1.1",
      userAgent: "OpenAI/JS 7.57.0",
      bytes: 512,
    },
    response: { status: 200, bytes: 2048, chunks: null, flags: [], details: "via_upstream" },
    timings: { requestMs: 1.25, upstreamConnectMs: 8.5, timeToFirstByteMs: 39.6 },
    upstream: {
      address: "203.0.113.9:443",
      tls: { version: "TLSv1.3", serverName: "api.openai.com" },
    },
    decision: {
      verdict: "allow",
      reason: null,
      message: null,
      route: { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 0 },
    },
    provider: "openai",
    credential: { name: "Secret default/openai", header: "authorization" },
    tier: "native",
    revision: 7,
    trace: {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      parentSpanId: "00f067aa0ba902b7",
    },
    model: null,
    usage: null,
    routing: null,
    capture: null,
    ...changes,
  };
}

/** The same call as the engine saw it: a stream of 14 pieces that took 9 tokens, with nothing captured. */
export function engineRecord(changes: Partial<EgressRecord> = {}): EgressRecord {
  const record = httpRecord();
  return {
    ...record,
    response: { ...record.response, chunks: 14 },
    tier: "engine",
    model: recordModel(),
    usage: tokenUsage(),
    ...changes,
  };
}

/** A streamed chat. */
export function recordModel(changes: Partial<RecordModel> = {}): RecordModel {
  return {
    operation: "chat",
    requestModel: "gpt-4.1",
    responseModel: "gpt-4.1-2025-04-14",
    responseId: "chatcmpl-1",
    finishReasons: ["stop"],
    stream: true,
    timeToFirstTokenMs: 35.25,
    ...changes,
  };
}

/** 12 tokens in, 9 out. */
export function tokenUsage(changes: Partial<TokenUsage> = {}): TokenUsage {
  return {
    inputTokens: 12,
    outputTokens: 9,
    cachedInputTokens: 4,
    cacheWriteTokens: 2,
    reasoningTokens: 3,
    ...changes,
  };
}

/** A GET that the default policy denied with 403. */
export function deniedRecord(changes: Partial<EgressRecord> = {}): EgressRecord {
  const record = httpRecord();
  return {
    ...record,
    id: "rec-2",
    request: {
      ...record.request,
      method: "GET",
      authority: "paste.example",
      host: "paste.example",
      path: "/new",
      query: "lang=ts",
      protocol: "HTTP/2",
      userAgent: "",
      bytes: 0,
    },
    response: { status: 403, bytes: 96, chunks: null, flags: [], details: "direct_response" },
    timings: { requestMs: null, upstreamConnectMs: null, timeToFirstByteMs: null },
    upstream: null,
    decision: {
      verdict: "deny",
      reason: "default-policy",
      message: "No route allows host paste.example",
      route: null,
    },
    provider: null,
    credential: null,
    trace: null,
    ...changes,
  };
}

/** A tunnel to a database that an EgressL4Route allowed. */
export function tcpRecord(changes: Partial<EgressRecord> = {}): EgressRecord {
  const record = httpRecord();
  return {
    ...record,
    id: "rec-3",
    kind: "tcp",
    listener: "transparent",
    request: {
      method: "",
      scheme: "",
      authority: "",
      host: "db.internal",
      port: 5432,
      path: "",
      query: "",
      protocol: "",
      userAgent: "",
      bytes: 100,
    },
    response: { status: 0, bytes: 900, chunks: null, flags: [], details: "" },
    timings: { requestMs: null, upstreamConnectMs: 2, timeToFirstByteMs: null },
    upstream: { address: "10.1.2.3:5432", tls: null },
    decision: {
      verdict: "allow",
      reason: null,
      message: null,
      route: { kind: "EgressL4Route", namespace: "default", name: "db", rule: 2 },
    },
    provider: null,
    credential: null,
    trace: null,
    ...changes,
  };
}
