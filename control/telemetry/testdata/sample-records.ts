/** Records as a gateway writes them, for tests and benchmarks of the store. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { EgressRecord } from "../../../gateway/record.ts";

/** The time of the first record, Unix `ms`; each begins a millisecond after the one before. */
export const firstRecordMs: number = Date.UTC(2026, 5, 1);

/** A model call that was allowed, one of many that differ by their number. */
export function sampleRecord(index: number, changes: Partial<EgressRecord> = {}): EgressRecord {
  const startUnixMs = firstRecordMs + index;
  return {
    id: `record-${index}`,
    kind: "http",
    time: new Date(startUnixMs).toISOString(),
    startUnixMs,
    startUnixNs: `${startUnixMs}000000`,
    durationMs: 12.5 + (index % 100),
    agent: {
      kind: "TaskAgent",
      namespace: "default",
      name: `agent-${index % 5}`,
      uid: `uid-${index % 5}`,
      revision: "1",
      invocationId: `0b5c7d1e-0000-4000-8000-${String(index >> 3).padStart(12, "0")}`,
    },
    gateway: { namespace: "default", name: "egress" },
    listener: "transparent",
    clientAddress: "10.0.0.7",
    request: {
      method: "POST",
      scheme: "https",
      authority: "api.openai.com",
      host: "api.openai.com",
      port: 443,
      path: "/v1/chat/completions",
      query: "",
      protocol: "HTTP/2",
      userAgent: "OpenAI/Python 1.2.3",
      bytes: 2_048 + (index % 100),
    },
    response: { status: 200, bytes: 1_800, chunks: 3, flags: [], details: "via_upstream" },
    timings: { requestMs: 0.5, upstreamConnectMs: null, timeToFirstByteMs: 10.25 },
    upstream: {
      address: "192.0.2.4:443",
      tls: { version: "", serverName: "api.openai.com" },
    },
    decision: {
      verdict: "allow",
      reason: null,
      message: null,
      route: { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 0 },
    },
    provider: "openai",
    credential: { name: "Secret default/openai", header: "authorization" },
    tier: "engine",
    revision: 3,
    trace: {
      traceId: (index + 1).toString(16).padStart(32, "a"),
      spanId: (index + 1).toString(16).padStart(16, "b"),
      parentSpanId: "",
    },
    model: {
      operation: "chat",
      requestModel: "gpt-5",
      responseModel: "gpt-5-2026-05-01",
      responseId: `chatcmpl-${index}`,
      finishReasons: ["stop"],
      stream: false,
      timeToFirstTokenMs: null,
    },
    usage: {
      inputTokens: 512,
      outputTokens: 128,
      cachedInputTokens: 0,
      cacheWriteTokens: null,
      reasoningTokens: 0,
    },
    charge: { tokens: 640, cost: "0.000042", estimated: false },
    cost: "0.000042",
    routing: null,
    capture: null,
    ...changes,
  };
}

/** A record below HTTP that was refused, of nobody. */
export function refusedConnection(index: number): EgressRecord {
  const sample = sampleRecord(index);
  return sampleRecord(index, {
    kind: "tcp",
    agent: null,
    request: {
      ...sample.request,
      method: "",
      scheme: "",
      authority: "",
      host: "203.0.113.9",
      port: 22,
      path: "",
      protocol: "",
      userAgent: "",
      bytes: 12,
    },
    response: { status: 0, bytes: 0, chunks: null, flags: ["UH"], details: "" },
    decision: { verdict: "deny", reason: "default-policy", message: "No rule allows it", route: null },
    provider: null,
    credential: null,
    tier: "native",
    upstream: null,
    model: null,
    usage: null,
    timings: { requestMs: null, upstreamConnectMs: null, timeToFirstByteMs: null },
  });
}

/** Appends records `from` up to `until` to a file of the gateway. */
export function appendRecords(directory: string, from: number, until: number): void {
  mkdirSync(directory, { recursive: true });
  const lines: string[] = [];
  for (let index = from; index < until; index++) lines.push(JSON.stringify(sampleRecord(index)));
  appendFileSync(join(directory, "records.jsonl"), `${lines.join("\n")}\n`);
}
