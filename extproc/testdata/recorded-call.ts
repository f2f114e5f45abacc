/** The record of a model call that the engine read. */
import type { EgressRecord } from "../../gateway/record.ts";

/** An allowed call of an agent, of which the provider told the tokens. */
export function modelRecord(changes: Partial<EgressRecord> = {}): EgressRecord {
  return {
    ...{ id: "rec-1", kind: "http", time: "2026-01-02T03:04:05.678Z", durationMs: 41.4 },
    ...{ startUnixMs: 1767323045678, startUnixNs: "1767323045678901234" },
    agent: {
      ...{ kind: "DaemonAgent", namespace: "default", name: "researcher" },
      ...{ uid: "uid-1", revision: "r-1", invocationId: "" },
    },
    gateway: { namespace: "default", name: "egress" },
    ...{ listener: "explicit", clientAddress: "10.0.0.7" },
    request: {
      ...{ method: "POST", scheme: "https", authority: "api.openai.com", host: "api.openai.com" },
      ...{ port: 443, path: "/v1/chat/completions", query: "", protocol: "HTTP/1.1" },
      ...{ userAgent: "", bytes: 512 },
    },
    response: { status: 200, bytes: 2048, chunks: 1, flags: [], details: "via_upstream" },
    timings: { requestMs: 1.25, upstreamConnectMs: null, timeToFirstByteMs: 39.6 },
    upstream: { address: "203.0.113.9:443", tls: { version: "", serverName: "api.openai.com" } },
    decision: {
      ...{ verdict: "allow", reason: null, message: null },
      route: { kind: "AIProviderRoute", namespace: "default", name: "models", rule: 0 },
    },
    ...{ provider: "openai", credential: null, tier: "engine", revision: 7, trace: null },
    model: {
      ...{ operation: "chat", requestModel: "gpt-4o", responseModel: "gpt-4o", responseId: "r" },
      ...{ finishReasons: ["stop"], stream: false, timeToFirstTokenMs: null },
    },
    usage: {
      ...{ inputTokens: 7, outputTokens: 2, reasoningTokens: null },
      ...{ cachedInputTokens: null, cacheWriteTokens: null },
    },
    ...{ routing: null, capture: null },
    ...changes,
  };
}
