/**
 * The attributes of a record's span and log, in a fixed order; a group is emitted only when it applies, so that
 * ordinary traffic carries no extra keys. Thousands of records a second pass here: no spreads, no closures.
 */
import {
  AI_ROUTE_ATTRIBUTES,
  CAPTURE_ATTRIBUTES,
  CHARGE_ATTRIBUTES,
  COST_ATTRIBUTE,
  DECISION_ATTRIBUTES,
  doubleAttribute,
  flagAttribute,
  GEN_AI_ATTRIBUTES,
  HTTP_ATTRIBUTES,
  IDENTITY_ATTRIBUTES,
  intAttribute,
  L4_ATTRIBUTES,
  listAttribute,
  MCP_ATTRIBUTES,
  MCP_ROUTE_ATTRIBUTES,
  providerNames,
  ROUTING_ATTRIBUTES,
  textAttribute,
} from "./attributes.ts";
import type { Attribute } from "./attributes.ts";
import type { Attempt, McpFacts, McpMessageFacts, TokenUsage } from "./call-facts.ts";
import type {
  EgressRecord,
  RecordAgent,
  RecordCharge,
  RecordModel,
  RecordRoute,
  RecordRouting,
} from "./record.ts";

/** Which signal the attributes are for: a log's `server.address` has the port, and a log holds the duration. */
export type RecordSignal = "span" | "log";

/** The record's OTLP attributes, in a new array that is the caller's. */
export function recordAttributes(record: EgressRecord, signal: RecordSignal): Attribute[] {
  const attributes: Attribute[] = [];
  if (record.agent !== null) addIdentity(attributes, record.agent);
  if (record.kind === "http") addHttp(attributes, record, signal);
  else addL4(attributes, record);
  addEngine(attributes, record);
  addProvider(attributes, record.provider);
  if (record.model !== null) addModel(attributes, record.model);
  if (record.usage !== null) addUsage(attributes, record.usage);
  if (record.charge !== undefined) addCharge(attributes, record.charge);
  addCost(attributes, record.cost);
  if (record.routing !== null) addRouting(attributes, record.routing);
  if (record.mcp !== undefined) addMcp(attributes, record.mcp);
  if (record.decision.route !== null) addRoute(attributes, record.decision.route);
  addDecision(attributes, record);
  addTransport(attributes, record);
  return attributes;
}

/** Value of `error.type`: the deny reason, Envoy's flag when nothing came back, or the status from 400 on; undefined when nothing failed. */
export function recordErrorType(record: EgressRecord): string | undefined {
  const { decision, response } = record;
  if (decision.verdict === "deny") return decision.reason ?? "denied";
  if (record.kind !== "http") return response.flags[0];
  if (response.status === 0) return response.flags[0] ?? "no_response";
  return response.status >= 400 ? String(response.status) : undefined;
}

// Empty parts are written too: read models group by them.
function addIdentity(attributes: Attribute[], agent: RecordAgent): void {
  attributes.push(
    textAttribute(IDENTITY_ATTRIBUTES.kind, agent.kind),
    textAttribute(IDENTITY_ATTRIBUTES.namespace, agent.namespace),
    textAttribute(IDENTITY_ATTRIBUTES.name, agent.name),
    textAttribute(IDENTITY_ATTRIBUTES.uid, agent.uid),
    textAttribute(IDENTITY_ATTRIBUTES.revision, agent.revision),
    textAttribute(IDENTITY_ATTRIBUTES.invocationId, agent.invocationId),
  );
}

function addHttp(attributes: Attribute[], record: EgressRecord, signal: RecordSignal): void {
  const { request, response } = record;
  const authority = request.authority || request.host;
  const search = request.query === "" ? "" : `?${request.query}`;
  attributes.push(
    textAttribute(HTTP_ATTRIBUTES.method, request.method),
    textAttribute(HTTP_ATTRIBUTES.serverAddress, signal === "log" ? authority : request.host),
    intAttribute(HTTP_ATTRIBUTES.serverPort, request.port),
    textAttribute(HTTP_ATTRIBUTES.scheme, request.scheme),
    textAttribute(HTTP_ATTRIBUTES.path, request.path),
    textAttribute(HTTP_ATTRIBUTES.full, `${request.scheme}://${authority}${request.path}${search}`),
  );
  if (search !== "") attributes.push(textAttribute(HTTP_ATTRIBUTES.query, request.query));
  attributes.push(intAttribute(HTTP_ATTRIBUTES.status, response.status));
  if (request.userAgent !== "") {
    attributes.push(textAttribute(HTTP_ATTRIBUTES.userAgent, request.userAgent));
  }
  addProtocol(attributes, request.protocol);
  attributes.push(
    intAttribute(CAPTURE_ATTRIBUTES.requestBytes, request.bytes),
    intAttribute(CAPTURE_ATTRIBUTES.responseBytes, response.bytes),
  );
  if (signal === "log") addDuration(attributes, record.durationMs);
}

function addL4(attributes: Attribute[], record: EgressRecord): void {
  attributes.push(
    intAttribute(L4_ATTRIBUTES.bytesUpstream, record.request.bytes),
    intAttribute(L4_ATTRIBUTES.bytesDownstream, record.response.bytes),
  );
  addDuration(attributes, record.durationMs);
  attributes.push(textAttribute(L4_ATTRIBUTES.destinationName, record.request.host));
  if (record.request.port > 0) {
    attributes.push(intAttribute(HTTP_ATTRIBUTES.serverPort, record.request.port));
  }
}

// The conventions want "1.1" and "2", Envoy says "HTTP/1.1" and "HTTP/2".
function addProtocol(attributes: Attribute[], protocol: string): void {
  if (!protocol.startsWith("HTTP/")) return;
  attributes.push(textAttribute(HTTP_ATTRIBUTES.protocolVersion, protocol.slice(5)));
}

function addDuration(attributes: Attribute[], durationMs: number): void {
  if (durationMs > 0) attributes.push(intAttribute(CAPTURE_ATTRIBUTES.durationMs, durationMs));
}

function addProvider(attributes: Attribute[], provider: string | null): void {
  if (provider === null) return;
  const names = providerNames(provider);
  attributes.push(
    textAttribute(GEN_AI_ATTRIBUTES.system, names.system),
    textAttribute(GEN_AI_ATTRIBUTES.providerName, names.providerName),
  );
}

/** What only the engine sees of bodies. */
function addEngine(attributes: Attribute[], record: EgressRecord): void {
  const { response, capture } = record;
  if (response.chunks !== null) {
    attributes.push(intAttribute(CAPTURE_ATTRIBUTES.responseChunks, response.chunks));
  }
  const requestBody = capture?.requestBody ?? null;
  if (requestBody !== null) {
    attributes.push(flagAttribute(CAPTURE_ATTRIBUTES.requestTruncated, requestBody.isTruncated));
  }
  const responseBody = capture?.responseBody ?? null;
  if (responseBody !== null) {
    attributes.push(flagAttribute(CAPTURE_ATTRIBUTES.responseTruncated, responseBody.isTruncated));
  }
  if (hidesUsage(record)) attributes.push(flagAttribute(CAPTURE_ATTRIBUTES.usageVisible, false));
}

/** Streams need not tell their usage, and refused or failed calls have none: of a plain answer it should be there. */
function hidesUsage({ model, usage, response: { status } }: EgressRecord): boolean {
  return model !== null && usage === null && !model.stream && status >= 200 && status < 300;
}

function addRouting(attributes: Attribute[], routing: RecordRouting): void {
  const { backend, provider, model, translation, dropped, attempts } = routing;
  if (backend !== null) {
    attributes.push(textAttribute(ROUTING_ATTRIBUTES.backendNamespace, backend.namespace));
    attributes.push(textAttribute(ROUTING_ATTRIBUTES.backendName, backend.name));
  }
  addText(attributes, ROUTING_ATTRIBUTES.provider, provider === "" ? null : provider);
  addText(attributes, ROUTING_ATTRIBUTES.model, model);
  if (translation !== null) {
    attributes.push(textAttribute(ROUTING_ATTRIBUTES.translationFrom, translation.from));
    attributes.push(textAttribute(ROUTING_ATTRIBUTES.translationTo, translation.to));
  }
  if (dropped.length > 0) attributes.push(listAttribute(ROUTING_ATTRIBUTES.dropped, dropped));
  if (attempts.length === 0) return;
  attributes.push(intAttribute(ROUTING_ATTRIBUTES.attempts, attempts.length));
  attributes.push(listAttribute(ROUTING_ATTRIBUTES.attemptBackends, attempts.map(attemptText)));
}

function attemptText({ backend, status, reason }: Attempt): string {
  const name = backend === null ? "-" : `${backend.namespace}/${backend.name}`;
  return `${name} ${status === 0 ? reason : status}`;
}

function addModel(attributes: Attribute[], model: RecordModel): void {
  attributes.push(textAttribute(GEN_AI_ATTRIBUTES.operationName, model.operation));
  addText(attributes, GEN_AI_ATTRIBUTES.requestModel, model.requestModel);
  addText(attributes, GEN_AI_ATTRIBUTES.responseModel, model.responseModel);
  addText(attributes, GEN_AI_ATTRIBUTES.responseId, model.responseId);
  if (model.finishReasons.length > 0) {
    attributes.push(listAttribute(GEN_AI_ATTRIBUTES.finishReasons, model.finishReasons));
  }
  if (model.stream) attributes.push(flagAttribute(GEN_AI_ATTRIBUTES.stream, true));
  if (model.timeToFirstTokenMs !== null) {
    const seconds = model.timeToFirstTokenMs / 1_000;
    attributes.push(doubleAttribute(GEN_AI_ATTRIBUTES.timeToFirstChunk, seconds));
  }
}

function addUsage(attributes: Attribute[], usage: TokenUsage): void {
  addTokens(attributes, GEN_AI_ATTRIBUTES.inputTokens, usage.inputTokens);
  addTokens(attributes, GEN_AI_ATTRIBUTES.outputTokens, usage.outputTokens);
  addTokens(attributes, GEN_AI_ATTRIBUTES.cacheReadTokens, usage.cachedInputTokens);
  addTokens(attributes, GEN_AI_ATTRIBUTES.cacheCreationTokens, usage.cacheWriteTokens);
  addTokens(attributes, GEN_AI_ATTRIBUTES.reasoningTokens, usage.reasoningTokens);
}

function addMcp(attributes: Attribute[], { protocol, revision, messages }: McpFacts): void {
  const [message] = messages;
  if (message === undefined) return;
  const { method, subject, name, outcome } = message;
  attributes.push(
    textAttribute(MCP_ATTRIBUTES.method, method),
    textAttribute(MCP_ATTRIBUTES.methodName, method),
  );
  addText(attributes, MCP_ATTRIBUTES.protocolVersion, revision);
  if (subject !== null) addText(attributes, subjectAttributes[subject], name);
  if (subject === "tool") {
    const decision = outcome === "allowed" ? "allow" : "deny";
    attributes.push(textAttribute(MCP_ROUTE_ATTRIBUTES.decision, decision));
  }
  addMessageEnd(attributes, message);
  if (protocol !== "mcp") attributes.push(textAttribute(MCP_ATTRIBUTES.protocol, protocol));
  if (messages.length > 1) {
    attributes.push(intAttribute(MCP_ATTRIBUTES.messages, messages.length));
  }
}

/** What was answered, and who let it go on. */
function addMessageEnd(attributes: Attribute[], { result, confirmation }: McpMessageFacts): void {
  if (result !== undefined) {
    attributes.push(textAttribute(MCP_ATTRIBUTES.result, result.outcome));
    if (result.code !== null) attributes.push(intAttribute(MCP_ATTRIBUTES.errorCode, result.code));
  }
  if (confirmation === undefined) return;
  attributes.push(textAttribute(MCP_ATTRIBUTES.confirmation, confirmation.outcome));
  addText(attributes, MCP_ATTRIBUTES.confirmedBy, confirmation.by);
}

const subjectAttributes = {
  tool: MCP_ATTRIBUTES.toolName,
  prompt: MCP_ATTRIBUTES.promptName,
  resource: MCP_ATTRIBUTES.resourceUri,
} as const;

function addCharge(attributes: Attribute[], { tokens, cost, estimated }: RecordCharge): void {
  attributes.push(intAttribute(CHARGE_ATTRIBUTES.tokens, tokens));
  if (cost !== null) attributes.push(doubleAttribute(CHARGE_ATTRIBUTES.cost, Number(cost)));
  attributes.push(flagAttribute(CHARGE_ATTRIBUTES.estimated, estimated));
}

function addCost(attributes: Attribute[], cost: string | null | undefined): void {
  if (typeof cost === "string") attributes.push(doubleAttribute(COST_ATTRIBUTE, Number(cost)));
}

function addText(attributes: Attribute[], key: string, text: string | null): void {
  if (text !== null) attributes.push(textAttribute(key, text));
}

// Read models take an absent count for none.
function addTokens(attributes: Attribute[], key: string, count: number | null): void {
  if (count !== null && count > 0) attributes.push(intAttribute(key, count));
}

function addRoute(attributes: Attribute[], route: RecordRoute): void {
  const names =
    route.kind === "AIProviderRoute"
      ? AI_ROUTE_ATTRIBUTES
      : route.kind === "MCPRoute"
        ? MCP_ROUTE_ATTRIBUTES
        : undefined;
  if (names !== undefined) {
    attributes.push(
      flagAttribute(names.matched, true),
      textAttribute(names.name, route.name),
      textAttribute(names.namespace, route.namespace),
    );
  }
  attributes.push(
    textAttribute(DECISION_ATTRIBUTES.route, `${route.kind}/${route.namespace}/${route.name}`),
    intAttribute(DECISION_ATTRIBUTES.rule, route.rule),
  );
}

function addDecision(attributes: Attribute[], record: EgressRecord): void {
  const { decision, credential } = record;
  const { wouldDeny } = decision;
  const verdict = wouldDeny === undefined ? decision.verdict : "audit";
  attributes.push(textAttribute(DECISION_ATTRIBUTES.decision, verdict));
  if (wouldDeny !== undefined) {
    attributes.push(
      textAttribute(DECISION_ATTRIBUTES.wouldDenyReason, wouldDeny.reason),
      textAttribute(DECISION_ATTRIBUTES.wouldDenyMessage, wouldDeny.message),
    );
  }
  if (decision.reason !== null) {
    attributes.push(textAttribute(DECISION_ATTRIBUTES.denyReason, decision.reason));
  }
  if (credential !== null) {
    attributes.push(textAttribute(DECISION_ATTRIBUTES.credentialName, credential.name));
  }
  const errorType = recordErrorType(record);
  if (errorType !== undefined) attributes.push(textAttribute(HTTP_ATTRIBUTES.errorType, errorType));
  attributes.push(
    textAttribute(DECISION_ATTRIBUTES.tier, record.tier),
    intAttribute(DECISION_ATTRIBUTES.snapshotRevision, record.revision),
    textAttribute(DECISION_ATTRIBUTES.recordId, record.id),
    textAttribute(DECISION_ATTRIBUTES.listenerMode, record.listener),
  );
}

function addTransport(attributes: Attribute[], record: EgressRecord): void {
  const { response, timings, upstream, clientAddress } = record;
  if (clientAddress !== "") {
    attributes.push(textAttribute(HTTP_ATTRIBUTES.clientAddress, clientAddress));
  }
  if (upstream !== null) {
    attributes.push(textAttribute(DECISION_ATTRIBUTES.upstreamAddress, upstream.address));
  }
  if (timings.timeToFirstByteMs !== null) {
    attributes.push(intAttribute(DECISION_ATTRIBUTES.timeToFirstByteMs, timings.timeToFirstByteMs));
  }
  if (response.flags.length > 0) {
    attributes.push(listAttribute(DECISION_ATTRIBUTES.responseFlags, response.flags));
  }
  if (response.details !== "") {
    attributes.push(textAttribute(DECISION_ATTRIBUTES.responseDetails, response.details));
  }
}
