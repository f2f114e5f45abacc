/**
 * Stores the root span of each run that is over, by reading what gateways write of invocations: so that no tree of the
 * store lacks its root. An end that nobody saw the begin of, as of a gateway that was killed, has none.
 */
import { COMPONENTS } from "../../gateway/attributes.ts";
import { tryParseEndedInvocation } from "../../gateway/invocation-line.ts";
import type { EndedInvocation } from "../../gateway/invocation-span.ts";
import { invocationAttributes } from "../../gateway/invocation-span.ts";
import { attributeColumns } from "./attribute-columns.ts";
import { LineIngest } from "./line-ingest.ts";
import { withoutColumns } from "./record-columns.ts";
import type { RecordIngestOptions } from "./record-ingest.ts";
import { encodeTraceRow, noRecord } from "./table-rows.ts";

/** `invocations.jsonl`, `invocations-<pid>.jsonl`, and both with the time of their rotation. */
const invocationFile = /^invocations(?:-(\d{1,10}))?(?:-(\d{8}T\d{9}Z))?\.jsonl$/;

const noAttributes = { texts: {}, types: {} };
const noUrl = { scheme: "", host: "", path: "" };

/** A reader of the files of a folder. */
export function createInvocationIngest(options: RecordIngestOptions): LineIngest {
  return new LineIngest({
    ...options,
    name: "invocations",
    keyOf: invocationFileKey,
    isOpenEnded: (name) => invocationFile.exec(name)?.[2] === undefined,
    table: "otel_traces",
    encode: tryEncodeInvocation,
  });
}

/** Order of a file: rotated ones by their time, those that are written last; undefined for other files. */
export function invocationFileKey(name: string): string | undefined {
  const found = invocationFile.exec(name);
  return found === null ? undefined : `${found[2] ?? "~"} ${name}`;
}

/**
 * The rest of the row's line, as `encodeTraceRow()` gives it; `""` for what becomes none, such as an invocation that goes
 * on, undefined for text that is no event of an invocation.
 */
export function tryEncodeInvocation(json: string): string | undefined {
  const ended = tryParseEndedInvocation(json);
  if (ended === undefined) return undefined;
  return ended === "goes-on" ? "" : encodeInvocation(ended);
}

function encodeInvocation(invocation: EndedInvocation): string {
  const { root, gateway, startUnixMs, end } = invocation;
  const { kind, namespace, name, uid } = end.agent;
  const hasFailed = end.phase !== "Succeeded";
  return encodeTraceRow({
    ...noRecord,
    timeUnixNs: `${startUnixMs}000000`,
    source: "gateway",
    agent: { kind, namespace, name, uid, revision: "", invocationId: end.id },
    gateway: `${gateway.namespace}/${gateway.name}`,
    component: COMPONENTS.egress,
    serviceName: "clrk",
    traceId: root.traceId,
    spanId: root.spanId,
    parentSpanId: "",
    traceState: "",
    name: "invocation",
    kind: "Internal",
    // The wall clock may have been set back meanwhile.
    durationNs: `${Math.max(0, end.atUnixMs - startUnixMs)}000000`,
    statusCode: hasFailed ? "Error" : "Unset",
    statusMessage: hasFailed ? end.message || end.phase : "",
    resource: noAttributes,
    scope: { name: "clrk/gateway", version: "" },
    attributes: attributeColumns(withoutColumns(invocationAttributes(invocation), noUrl)),
    events: [],
    links: [],
  });
}
