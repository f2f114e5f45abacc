/** Builds what an access log says of an HTTP transaction, and the context it is read in, with any part replaced. */
import type { EntryContext } from "../access-log/entry-context.ts";
import type { HttpFacts, HttpMeasures } from "../access-log/http-transaction.ts";
import type { RecordAgent } from "../record.ts";
import { lineFields } from "../xds.ts";
import type { LineFact, LineMeasure } from "../xds.ts";

/** An agent behind a transparent listener. */
export const researcher: RecordAgent = {
  kind: "TaskAgent",
  namespace: "default",
  name: "researcher",
  uid: "",
  revision: "",
  invocationId: "",
};

/** Name of a route that allows. */
export const allowKey = "allow/AIProviderRoute/default/openai/0";

/** An allowed POST that went through. */
export function httpFacts(changes: Partial<HttpFacts> = {}): HttpFacts {
  return {
    listener: "transparent",
    scheme: "https",
    clientAddress: "10.88.0.2",
    protocol: "HTTP/1.1",
    method: "POST",
    authority: "api.openai.com",
    userAgent: "OpenAI/JS 7.57.0",
    agreedHost: "api.openai.com",
    dialledPort: 443,
    flags: [],
    details: "via_upstream",
    upstreamAddress: "203.0.113.9:443",
    cluster: "forward-tls",
    route: allowKey,
    caller: "caller",
    ...changes,
  };
}

/** Its measures. */
export function httpMeasures(changes: Partial<HttpMeasures> = {}): HttpMeasures {
  return {
    startUnixNs: "1767323045678901234",
    startUnixMs: 1_767_323_045_678,
    durationMs: 41.412345,
    requestMs: 1.256789,
    sentMs: 2.345678,
    firstByteMs: 39.612345,
    requestBytes: 2_048,
    status: 200,
    responseBytes: 512,
    traceparent: "",
    target: { path: "/v1/chat/completions", query: "" },
    engineId: "",
    ...changes,
  };
}

/** Context of the gateway default/egress, in which every caller is `researcher`. */
export function entryContext(changes: Partial<EntryContext> = {}): EntryContext {
  return {
    gateway: { namespace: "default", name: "egress" },
    listener: "transparent",
    revision: 7,
    ruleFacts: new Map([
      [
        allowKey,
        {
          provider: "openai",
          credential: { name: "Secret default/openai", header: "authorization" },
          message: null,
          tier: "native" as const,
        },
      ],
    ]),
    findAgent: () => researcher,
    ...changes,
  };
}

/** The line of the transaction that the builders above describe, without its end. */
export function pipeLine(changes: Partial<Record<LineMeasure | LineFact, string>> = {}): string {
  const fields: Record<LineMeasure | LineFact, string> = {
    start: "1767323045678901234",
    responseEnd: "41412345",
    duration: "41",
    requestEnd: "1256789",
    sent: "2345678",
    firstByte: "39612345",
    requestBytes: "2048",
    status: "200",
    responseBytes: "512",
    engineId: "",
    traceparent: "",
    listener: "transparent",
    scheme: "https",
    client: "10.88.0.2",
    protocol: "HTTP/1.1",
    method: "POST",
    authority: "api.openai.com",
    target: "/v1/chat/completions",
    userAgent: "OpenAI/JS 7.57.0",
    agreedHost: "api.openai.com",
    port: "443",
    flags: "-",
    details: "via_upstream",
    upstream: "203.0.113.9:443",
    upstreamHost: "203.0.113.1:443",
    cluster: "forward-tls",
    route: allowKey,
    caller: "caller",
    side: "",
    ...changes,
  };
  const names = [...lineFields.measures, ...lineFields.facts];
  return names.map((name) => fields[name]).join("\u001e");
}
