/**
 * Attribute names of spans and logs. They are a wire contract: dashboards, the telemetry store and the CLI select by
 * these strings, so a test pins every one of them; new names may be added, none may change.
 */

/** Attributes of the resource, equal for all records of one gateway. */
export const RESOURCE_ATTRIBUTES = {
  serviceName: "service.name",
  serviceInstanceId: "service.instance.id",
  component: "clrk.component",
  egressGateway: "clrk.egress_gateway",
  podName: "k8s.pod.name",
  namespaceName: "k8s.namespace.name",
} as const;

/** Values of `clrk.component`. The native tier reports under the same component as ext_proc, because read models select by it. */
export const COMPONENTS = {
  ingress: "ingress-extproc",
  egress: "egress-extproc",
  worker: "worker",
} as const;

/** Who made the request: the agent as its connection proves it. */
export const IDENTITY_ATTRIBUTES = {
  kind: "agent.kind",
  namespace: "agent.namespace",
  name: "agent.name",
  uid: "agent.uid",
  revision: "agent.revision",
  invocationId: "invocation.id",
} as const;

/** The root span of an invocation. */
export const INVOCATION_ATTRIBUTES = {
  /** `Succeeded`, `Failed`, `Timeout` or `Rejected` */
  phase: "clrk.invocation.phase",
  /** `HTTP`, `Cron` or `CLI` */
  trigger: "clrk.invocation.trigger",
  requests: "clrk.invocation.requests",
  denied: "clrk.invocation.denied",
  /** Of a command */
  exitCode: "process.exit.code",
} as const;

/** HTTP and network names of the semantic conventions. */
export const HTTP_ATTRIBUTES = {
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
} as const;

/** What was carried and how long it took. */
export const CAPTURE_ATTRIBUTES = {
  requestBytes: "clrk.req.bytes",
  responseBytes: "clrk.resp.bytes",
  requestTruncated: "clrk.req.truncated",
  responseTruncated: "clrk.resp.truncated",
  responseChunks: "clrk.resp.chunks",
  durationMs: "clrk.duration_ms",
  requestRewritten: "clrk.body.request_rewritten",
  usageVisible: "clrk.body.usage_visible",
} as const;

/** What a call of a model cost in USD, whatever counted it; absent where no price is known. */
export const COST_ATTRIBUTE = "clrk.cost_usd";

/** What a call under a budget was charged. */
export const CHARGE_ATTRIBUTES = {
  tokens: "clrk.charge.tokens",
  /** In USD */
  cost: "clrk.charge.cost_usd",
  estimated: "clrk.charge.estimated",
} as const;

/** Back-links of a log to its span, as plain attributes beside the OTLP fields. */
export const LINK_ATTRIBUTES = { traceId: "trace_id", spanId: "span_id" } as const;

/**
 * What an LLM call was; `system` is the former name of `providerName`, and both are written.
 *
 * @see https://github.com/open-telemetry/semantic-conventions-genai
 */
export const GEN_AI_ATTRIBUTES = {
  system: "gen_ai.system",
  providerName: "gen_ai.provider.name",
  operationName: "gen_ai.operation.name",
  requestModel: "gen_ai.request.model",
  responseModel: "gen_ai.response.model",
  responseId: "gen_ai.response.id",
  finishReasons: "gen_ai.response.finish_reasons",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  /** Part of the input */
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  /** Part of the input */
  cacheCreationTokens: "gen_ai.usage.cache_creation.input_tokens",
  /** Part of the output */
  reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
  /** In seconds, from the request to the first piece with content */
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  stream: "gen_ai.response.stream",
} as const;

/** Span events of what was captured; read models look for these names. */
export const CAPTURE_EVENTS = {
  requestHeaders: "http.request.headers",
  requestBody: "http.request.body",
  responseHeaders: "http.response.headers",
  responseBody: "http.response.body",
} as const;

/** Attributes of captured headers are named by these and the header's name in lower case. */
export const HEADER_ATTRIBUTE_PREFIXES = {
  request: "http.request.header.",
  response: "http.response.header.",
} as const;

/** Attributes of a captured body's event. */
export const BODY_ATTRIBUTES = {
  /** On the wire, kept or not */
  bytes: "clrk.body.bytes",
  truncated: "clrk.body.truncated",
  /** What was kept, decoded where the coding could be undone, in base64 */
  base64: "clrk.body.b64",
  /** Only where it could not be undone */
  contentEncoding: "clrk.body.content_encoding",
} as const;

/** The AIProviderRoute that matched. */
export const AI_ROUTE_ATTRIBUTES = {
  matched: "clrk.aiproviderroute.matched",
  name: "clrk.aiproviderroute.name",
  namespace: "clrk.aiproviderroute.namespace",
} as const;

/** Who served a model call, where the engine chose it. */
export const ROUTING_ATTRIBUTES = {
  backendName: "clrk.backend.name",
  backendNamespace: "clrk.backend.namespace",
  provider: "clrk.backend.schema",
  model: "clrk.backend.model",
  translationFrom: "clrk.translation.from",
  translationTo: "clrk.translation.to",
  dropped: "clrk.translation.dropped",
  attempts: "clrk.attempts",
  /** `namespace/name status` of each attempt in order; the flags of one that got no answer in place of its status */
  attemptBackends: "clrk.attempt.backends",
} as const;

/** The MCPRoute that matched. */
export const MCP_ROUTE_ATTRIBUTES = {
  matched: "clrk.mcproute.matched",
  name: "clrk.mcproute.name",
  namespace: "clrk.mcproute.namespace",
  decision: "clrk.mcproute.toolpolicy.decision",
} as const;

/** The first message of a request to an MCP server. */
export const MCP_ATTRIBUTES = {
  method: "mcp.method",
  /** Name of the conventions for `method` */
  methodName: "mcp.method.name",
  protocolVersion: "mcp.protocol.version",
  toolName: "mcp.tool.name",
  promptName: "mcp.prompt.name",
  resourceUri: "mcp.resource.uri",
  /** `a2a` only */
  protocol: "clrk.mcp.protocol",
  /** How many of a batch are told */
  messages: "clrk.mcp.messages",
  /** `ok`, `tool-error` or `rpc-error` */
  result: "clrk.mcp.result",
  /** Code of an `rpc-error` */
  errorCode: "rpc.jsonrpc.error_code",
  /** `approved`, `denied`, `timeout` or `withdrawn` */
  confirmation: "clrk.mcp.confirmation",
  /** `webhook` or `cli` */
  confirmedBy: "clrk.mcp.confirmation.by",
} as const;

/** Traffic below HTTP. */
export const L4_ATTRIBUTES = {
  bytesUpstream: "clrk.l4.bytes_upstream",
  bytesDownstream: "clrk.l4.bytes_downstream",
  destinationName: "clrk.dst.name",
} as const;

/** The decision about a transaction and what it rests on; ours, for every tier. */
export const DECISION_ATTRIBUTES = {
  /** `Kind/namespace/name` of the route that decided */
  route: "clrk.route",
  /** Index of the rule within the route */
  rule: "clrk.rule",
  /** `allow`, `deny` or, where audit mode let by what would have been refused, `audit` */
  decision: "clrk.decision",
  denyReason: "clrk.deny.reason",
  wouldDenyReason: "clrk.would_deny.reason",
  wouldDenyMessage: "clrk.would_deny.message",
  /** `Kind namespace/name` of the injected credential, never its value */
  credentialName: "clrk.credential.name",
  tier: "clrk.tier",
  snapshotRevision: "clrk.snapshot.revision",
  recordId: "clrk.record.id",
  /** How the agent's bytes came here: `explicit` or `transparent` */
  listenerMode: "clrk.listener.mode",
  /** Envoy's response flags, https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage */
  responseFlags: "clrk.response.flags",
  responseDetails: "clrk.response.details",
  timeToFirstByteMs: "clrk.time_to_first_byte_ms",
  /** `address:port` that Envoy dialled */
  upstreamAddress: "clrk.upstream.address",
} as const;

/** Names of a provider in telemetry: `system` as stored so far, `providerName` as the semantic conventions have it. */
export interface ProviderNames {
  readonly system: string;
  readonly providerName: string;
}

// https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/ (gen_ai.provider.name)
const conventionalNames: ReadonlyMap<string, string> = new Map([
  ["azure_openai", "azure.ai.openai"],
  ["google_genai", "gcp.gemini"],
  ["google_vertex", "gcp.vertex_ai"],
  ["aws_bedrock", "aws.bedrock"],
]);

/** The names for a provider's canonical name, written with dashes or underscores; an unknown one keeps its name. */
export function providerNames(provider: string): ProviderNames {
  const system = provider.replaceAll("-", "_");
  return { system, providerName: conventionalNames.get(system) ?? provider };
}

/** Schema URL of resource and scope: the semantic conventions that the names come from. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.26.0";

/** A typed OTLP value, in the shape that both the JSON and the protobuf form of OTLP take. */
export type AttributeValue =
  | { readonly stringValue: string }
  /** Whole, within the safe integers */
  | { readonly intValue: number }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: AttributeValue[] } };

/** One OTLP KeyValue. */
export interface Attribute {
  readonly key: string;
  readonly value: AttributeValue;
}

/** An attribute that holds text. */
export function textAttribute(key: string, text: string): Attribute {
  return { key, value: { stringValue: text } };
}

/** An attribute that holds a whole number; fractions are rounded, NaN and infinities become 0. */
export function intAttribute(key: string, value: number): Attribute {
  return { key, value: { intValue: Number.isFinite(value) ? Math.round(value) : 0 } };
}

/** An attribute that holds a number with fraction; NaN and infinities become 0. */
export function doubleAttribute(key: string, value: number): Attribute {
  return { key, value: { doubleValue: Number.isFinite(value) ? value : 0 } };
}

/** An attribute that holds a yes or no, given as the attribute's value. */
export function flagAttribute(key: string, value: boolean): Attribute {
  return { key, value: { boolValue: value } };
}

/** An attribute that holds a list of texts. */
export function listAttribute(key: string, texts: readonly string[]): Attribute {
  return { key, value: { arrayValue: { values: texts.map((text) => ({ stringValue: text })) } } };
}
