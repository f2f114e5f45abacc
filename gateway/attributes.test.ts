/** Pins the attribute names: stored telemetry, dashboards and the CLI depend on the exact strings. */
import t from "tap";
import * as attributes from "./attributes.ts";

t.test("attribute names keep their strings", async (t) => {
  t.strictSame(attributes.RESOURCE_ATTRIBUTES, {
    serviceName: "service.name",
    serviceInstanceId: "service.instance.id",
    component: "clrk.component",
    egressGateway: "clrk.egress_gateway",
    podName: "k8s.pod.name",
    namespaceName: "k8s.namespace.name",
  });
  t.strictSame(attributes.COMPONENTS, {
    ingress: "ingress-extproc",
    egress: "egress-extproc",
    worker: "worker",
  });
  t.strictSame(attributes.IDENTITY_ATTRIBUTES, {
    kind: "agent.kind",
    namespace: "agent.namespace",
    name: "agent.name",
    uid: "agent.uid",
    revision: "agent.revision",
    invocationId: "invocation.id",
  });
  t.strictSame(attributes.HTTP_ATTRIBUTES, {
    method: "http.request.method",
    serverAddress: "server.address",
    serverPort: "server.port",
    scheme: "url.scheme",
    path: "url.path",
    full: "url.full",
    query: "url.query",
    status: "http.response.status_code",
    clientAddress: "client.address",
    userAgent: "user_agent.original",
    requestBodySize: "http.request.body.size",
    protocolVersion: "network.protocol.version",
    errorType: "error.type",
  });
  t.strictSame(attributes.CAPTURE_ATTRIBUTES, {
    requestBytes: "clrk.req.bytes",
    responseBytes: "clrk.resp.bytes",
    requestTruncated: "clrk.req.truncated",
    responseTruncated: "clrk.resp.truncated",
    responseChunks: "clrk.resp.chunks",
    durationMs: "clrk.duration_ms",
    requestRewritten: "clrk.body.request_rewritten",
    usageVisible: "clrk.body.usage_visible",
  });
  t.strictSame(attributes.LINK_ATTRIBUTES, { traceId: "trace_id", spanId: "span_id" });
  t.strictSame(attributes.GEN_AI_ATTRIBUTES, {
    system: "gen_ai.system",
    providerName: "gen_ai.provider.name",
    operationName: "gen_ai.operation.name",
    requestModel: "gen_ai.request.model",
    responseModel: "gen_ai.response.model",
    responseId: "gen_ai.response.id",
    finishReasons: "gen_ai.response.finish_reasons",
    inputTokens: "gen_ai.usage.input_tokens",
    outputTokens: "gen_ai.usage.output_tokens",
    cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
    cacheCreationTokens: "gen_ai.usage.cache_creation.input_tokens",
    reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
    timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
    stream: "gen_ai.response.stream",
  });
  t.strictSame(attributes.CAPTURE_EVENTS, {
    requestHeaders: "http.request.headers",
    requestBody: "http.request.body",
    responseHeaders: "http.response.headers",
    responseBody: "http.response.body",
  });
  t.strictSame(attributes.HEADER_ATTRIBUTE_PREFIXES, {
    request: "http.request.header.",
    response: "http.response.header.",
  });
  t.strictSame(attributes.BODY_ATTRIBUTES, {
    bytes: "clrk.body.bytes",
    truncated: "clrk.body.truncated",
    base64: "clrk.body.b64",
    contentEncoding: "clrk.body.content_encoding",
  });
  t.strictSame(attributes.AI_ROUTE_ATTRIBUTES, {
    matched: "clrk.aiproviderroute.matched",
    name: "clrk.aiproviderroute.name",
    namespace: "clrk.aiproviderroute.namespace",
  });
  t.strictSame(attributes.MCP_ROUTE_ATTRIBUTES, {
    matched: "clrk.mcproute.matched",
    name: "clrk.mcproute.name",
    namespace: "clrk.mcproute.namespace",
    decision: "clrk.mcproute.toolpolicy.decision",
  });
  t.strictSame(attributes.MCP_ATTRIBUTES, {
    method: "mcp.method",
    methodName: "mcp.method.name",
    protocolVersion: "mcp.protocol.version",
    toolName: "mcp.tool.name",
    promptName: "mcp.prompt.name",
    resourceUri: "mcp.resource.uri",
    protocol: "clrk.mcp.protocol",
    messages: "clrk.mcp.messages",
    result: "clrk.mcp.result",
    errorCode: "rpc.jsonrpc.error_code",
    confirmation: "clrk.mcp.confirmation",
    confirmedBy: "clrk.mcp.confirmation.by",
  });
  t.strictSame(attributes.L4_ATTRIBUTES, {
    bytesUpstream: "clrk.l4.bytes_upstream",
    bytesDownstream: "clrk.l4.bytes_downstream",
    destinationName: "clrk.dst.name",
  });
  t.strictSame(attributes.DECISION_ATTRIBUTES, {
    route: "clrk.route",
    rule: "clrk.rule",
    decision: "clrk.decision",
    denyReason: "clrk.deny.reason",
    wouldDenyReason: "clrk.would_deny.reason",
    wouldDenyMessage: "clrk.would_deny.message",
    credentialName: "clrk.credential.name",
    tier: "clrk.tier",
    snapshotRevision: "clrk.snapshot.revision",
    recordId: "clrk.record.id",
    listenerMode: "clrk.listener.mode",
    responseFlags: "clrk.response.flags",
    responseDetails: "clrk.response.details",
    timeToFirstByteMs: "clrk.time_to_first_byte_ms",
    upstreamAddress: "clrk.upstream.address",
  });
  t.equal(attributes.SCHEMA_URL, "https://opentelemetry.io/schemas/1.26.0");
});

t.test("attribute names are all different", async (t) => {
  const { COMPONENTS, SCHEMA_URL, ...exports } = attributes;
  const names = Object.values(exports).flatMap((group) =>
    typeof group === "object" ? Object.values(group) : [],
  );
  t.ok(names.length > 50);
  t.equal(new Set(names).size, names.length);
});

t.test("textAttribute(), flagAttribute() and listAttribute() give OTLP key values", async (t) => {
  t.strictSame(attributes.textAttribute("a", ""), { key: "a", value: { stringValue: "" } });
  t.strictSame(attributes.flagAttribute("a", false), { key: "a", value: { boolValue: false } });
  t.strictSame(attributes.listAttribute("a", ["x", "y"]), {
    key: "a",
    value: { arrayValue: { values: [{ stringValue: "x" }, { stringValue: "y" }] } },
  });
});

for (const [given, held] of [
  [0.03525, 0.03525],
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, 0],
] as const) {
  t.test(`doubleAttribute() holds ${held} when the value is ${given}`, async (t) => {
    t.strictSame(attributes.doubleAttribute("n", given), {
      key: "n",
      value: { doubleValue: held },
    });
  });
}

const numbers: ReadonlyArray<{ name: string; given: number; held: number }> = [
  { name: "whole", given: 42, held: 42 },
  { name: "a fraction", given: 1.5, held: 2 },
  { name: "NaN", given: Number.NaN, held: 0 },
  { name: "infinite", given: Number.NEGATIVE_INFINITY, held: 0 },
];
for (const { name, given, held } of numbers) {
  t.test(`intAttribute() holds a whole number when the value is ${name}`, async (t) => {
    t.strictSame(attributes.intAttribute("n", given), { key: "n", value: { intValue: held } });
  });
}

const providers: ReadonlyArray<{ name: string; system: string; providerName: string }> = [
  { name: "openai", system: "openai", providerName: "openai" },
  { name: "anthropic", system: "anthropic", providerName: "anthropic" },
  { name: "azure_openai", system: "azure_openai", providerName: "azure.ai.openai" },
  { name: "azure-openai", system: "azure_openai", providerName: "azure.ai.openai" },
  { name: "google-genai", system: "google_genai", providerName: "gcp.gemini" },
  { name: "google-vertex", system: "google_vertex", providerName: "gcp.vertex_ai" },
  { name: "aws-bedrock", system: "aws_bedrock", providerName: "aws.bedrock" },
  { name: "my-own", system: "my_own", providerName: "my-own" },
  { name: "constructor", system: "constructor", providerName: "constructor" },
];
for (const { name, system, providerName } of providers) {
  t.test(
    `providerNames() gives the stored and the conventional name when the provider is ${name}`,
    async (t) => {
      t.strictSame(attributes.providerNames(name), { system, providerName });
    },
  );
}
