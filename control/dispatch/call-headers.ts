/**
 * Headers of a call, on their way to a worker and back. What identifies the call is set here and never taken from the
 * caller; what belongs to the connection, or to the caller's dealings with the API server, goes no further.
 */
import type { InvocationTrigger } from "../../crds/invocation.ts";
import { CLRK_HEADERS, CLRK_HEADER_PREFIX } from "../../gateway/headers.ts";
import type { InvocationTraces } from "../../gateway/invocation-trace.ts";
import type { CallIdentity } from "./call-identity.ts";
import { identityHeader } from "./call-identity.ts";

/** Headers as Node gives them, names in lower case. */
export type CallHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a worker is told of a call. */
export interface CallFacts {
  readonly id: string;
  readonly namespace: string;
  readonly agent: string;
  readonly revision: string;
  readonly trigger: InvocationTrigger;
  readonly identity: CallIdentity;
  readonly timeoutMs: number;
  /** Unix `ms` */
  readonly now: number;
}

/** RFC 9110 §7.6.1, and what Node writes itself. */
const connectionHeaders: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Between the caller and the API server: its bearer token, and how it wants to be answered. */
const callerHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "prefer",
  "traceparent",
  "tracestate",
]);

const cloudEventPrefix = "ce-";

/** Attributes that only we may give, because others rely on them: `clrk…` and `http…` as well. */
const ownAttributes = /^ce-(?:id|source|specversion|clrk.*|http.*)$/;

/** Names of attributes: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#attribute-naming-convention */
const attributeForm = /^ce-[a-z0-9]{1,64}$/;

/** What a worker gets of a caller's headers, with those that identify the call. Trailers are not passed on. */
export function toWorkerHeaders(
  headers: CallHeaders,
  facts: CallFacts,
  traces: InvocationTraces,
): Record<string, string | string[]> {
  const isOfConnection = connectionFilter(headers);
  const isKept = (name: string) => {
    // Servers of the CGI kind read "_" and "-" as the same (RFC 3875 §4.1.18).
    const read = name.replaceAll("_", "-");
    return (
      !isOfConnection(name) &&
      !callerHeaders.has(name) &&
      !read.startsWith(CLRK_HEADER_PREFIX) &&
      (!read.startsWith(cloudEventPrefix) ||
        (attributeForm.test(name) && !ownAttributes.test(name)))
    );
  };
  return {
    ...pick(headers, isKept),
    ...traceHeaders(headers, facts, traces),
    ...cloudEventHeaders(headers, facts),
    [CLRK_HEADERS.taskAgent]: `${facts.namespace}/${facts.agent}`,
    [CLRK_HEADERS.revision]: facts.revision,
    [CLRK_HEADERS.invocationId]: facts.id,
    [CLRK_HEADERS.trigger]: facts.trigger.toLowerCase(),
    [CLRK_HEADERS.timeoutMs]: String(facts.timeoutMs),
  };
}

/** The headers that the caller gets of a worker's answer. */
export function toCallerHeaders(
  headers: CallHeaders,
  id: string,
): Record<string, string | string[]> {
  const isOfConnection = connectionFilter(headers);
  const isKept = (name: string) =>
    !isOfConnection(name) &&
    (!name.startsWith(CLRK_HEADER_PREFIX) || name === CLRK_HEADERS.exitCode);
  return { ...pick(headers, isKept), [CLRK_HEADERS.invocationId]: id };
}

/** A caller's own trace goes on, unless it is that of another invocation (docs/invocations.md). */
function traceHeaders(
  headers: CallHeaders,
  { id }: CallFacts,
  traces: InvocationTraces,
): Record<string, string> {
  const sent = textOf(headers["traceparent"]) ?? "";
  const traceparent = traces.parentOf(sent, traces.rootOf(id));
  const tracestate = textOf(headers["tracestate"]);
  const isSent = traceparent === sent && tracestate !== undefined;
  return { traceparent, ...(isSent && { tracestate }) };
}

/** CloudEvents 1.0 in HTTP's binary mode: `datacontenttype` is the Content-Type itself. */
function cloudEventHeaders(headers: CallHeaders, facts: CallFacts): Record<string, string> {
  const { id, namespace, agent, revision, trigger, identity, now } = facts;
  return {
    "ce-type": textOf(headers["ce-type"]) ?? "dev.apoxy.clrk.taskagent.invoke",
    "ce-time": textOf(headers["ce-time"]) ?? new Date(now).toISOString(),
    "ce-subject": textOf(headers["ce-subject"]) ?? trigger.toLowerCase(),
    "ce-specversion": "1.0",
    "ce-id": id,
    "ce-source": `clrk://${namespace}/${agent}`,
    "ce-clrkrevision": revision,
    ...(identity.size > 0 && { "ce-clrkidentity": identityHeader(identity) }),
    "ce-httpmethod": "POST",
    "ce-httpurl": "/",
  };
}

function connectionFilter(headers: CallHeaders): (name: string) => boolean {
  const listed = (textOf(headers["connection"]) ?? "").toLowerCase().split(",");
  const names = new Set(listed.map((name) => name.trim()));
  return (name) => connectionHeaders.has(name) || names.has(name);
}

function pick(
  headers: CallHeaders,
  isKept: (name: string) => boolean,
): Record<string, string | string[]> {
  const kept = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && isKept(name))
      kept[name] = typeof value === "string" ? value : [...value];
  }
  return kept;
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}
