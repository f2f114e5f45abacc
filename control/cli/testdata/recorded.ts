/** Records as a gateway writes them: a model call with the gateway's key, as Envoy alone or the engine too saw it. */
import type { EgressRecord } from "../../../gateway/record.ts";

/** An allowed call that nobody but Envoy saw. */
export function httpRecord(changes: Partial<EgressRecord> = {}): EgressRecord {
  return {
    id: "rec-1",
    kind: "http",
    time: "2026-01-02T03:04:05.678Z",
    startUnixMs: 1767323045678,
    startUnixNs: "1767323045678901234",
    durationMs: 41.4,
    agent: {
      ...{ kind: "DaemonAgent", namespace: "default", name: "researcher" },
      ...{ uid: "uid-1", revision: "r-1", invocationId: "" },
    },
    gateway: { namespace: "default", name: "egress" },
    listener: "explicit",
    clientAddress: "10.0.0.7",
    request: {
      ...{ method: "POST", scheme: "https", authority: "api.openai.com", host: "api.openai.com" },
      ...{ port: 443, path: "/v1/chat/completions", query: "", protocol: "HTTP/1.1" },
      ...{ userAgent: "OpenAI/JS 7.57.0", bytes: 512 },
    },
    response: { status: 200, bytes: 2048, chunks: null, flags: [], details: "via_upstream" },
    timings: { requestMs: 1.25, upstreamConnectMs: null, timeToFirstByteMs: 39.6 },
    upstream: {
      address: "203.0.113.9:443",
      tls: { version: "", serverName: "api.openai.com" },
    },
    decision: {
      ...{ verdict: "allow", reason: null, message: null },
      route: { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 0 },
    },
    provider: "openai",
    credential: { name: "Secret default/openai", header: "authorization" },
    tier: "native",
    revision: 7,
    trace: null,
    model: null,
    usage: null,
    routing: null,
    capture: null,
    ...changes,
  };
}

/** The same call with what the engine read of it. */
export function engineRecord(changes: Partial<EgressRecord> = {}): EgressRecord {
  return httpRecord({
    tier: "engine",
    model: {
      ...{ operation: "chat", requestModel: "gpt-5", responseModel: "gpt-5", responseId: "r" },
      ...{ finishReasons: ["stop"], stream: false, timeToFirstTokenMs: null },
    },
    usage: {
      ...{ inputTokens: 7, outputTokens: 2, reasoningTokens: null },
      ...{ cachedInputTokens: null, cacheWriteTokens: null },
    },
    ...changes,
  });
}
