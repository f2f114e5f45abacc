/** The root span of an invocation, as a row of the store and as a message for receivers. */
import { COMPONENTS } from "../../gateway/attributes.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import { invocationAttributes } from "../../gateway/invocation-span.ts";
import { encodeSpans } from "../../gateway/otlp-encode.ts";
import { parseGatewayKey } from "../../gateway/snapshot.ts";
import { attributeColumns } from "./attribute-columns.ts";
import { withoutColumns } from "./record-columns.ts";
import { encodeTraceRow, noRecord } from "./table-rows.ts";

const noAttributes = { texts: {}, types: {} };
const noUrl = { scheme: "", host: "", path: "" };

/**
 * The rest of the row's line, as `encodeTraceRow()` gives it; `gateway` is `namespace/name` of one that its requests
 * passed, or empty.
 */
export function encodeRootRow(outcome: InvocationOutcome, gateway: string): string {
  const { root, startUnixMs, end } = outcome;
  const { kind, namespace, name, uid } = end.agent;
  const hasFailed = end.phase !== "Succeeded";
  return encodeTraceRow({
    ...noRecord,
    timeUnixNs: `${startUnixMs}000000`,
    source: "gateway",
    agent: { kind, namespace, name, uid, revision: "", invocationId: end.id },
    gateway,
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
    attributes: attributeColumns(withoutColumns(invocationAttributes(outcome), noUrl)),
    events: [],
    links: [],
  });
}

/** An ExportTraceServiceRequest with the span, as the gateway `namespace/name` would have told it. */
export function encodeRootMessage(outcome: InvocationOutcome, gateway: string): Uint8Array {
  return encodeSpans([{ invocation: { ...outcome, gateway: parseGatewayKey(gateway) } }], {});
}
