/**
 * Spans and logs of an agent as rows. Who sent them is what was proved; what they say of it themselves is taken out, so
 * that nobody writes in another's name.
 */
import { IDENTITY_ATTRIBUTES, RESOURCE_ATTRIBUTES } from "../../gateway/attributes.ts";
import { attributeColumns, storedValue } from "./attribute-columns.ts";
import type { OtlpAttribute } from "./attribute-columns.ts";
import type { IsForeignTrace } from "./foreign-trace.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";
import { defaultRequestBounds, tooLarge } from "./otlp-bounds.ts";
import type { OtlpGroup, OtlpLog, OtlpSpan } from "./otlp-model.ts";
import { encodeLogRow, encodeTraceRow, noRecord } from "./table-rows.ts";
import type { CommonRow } from "./table-rows.ts";

/** Rows, and how many items could not become one. */
export interface RowsOutcome<Item> {
  readonly rows: readonly string[];
  /** What became rows, as it was sent; groups of which nothing did are not in it */
  readonly taken: readonly OtlpGroup<Item>[];
  readonly rejected: number;
  /** Of the first one; empty when there is none */
  readonly reason: string;
}

/** What rows are held against; bounds have defaults. */
export interface RowRules {
  /** Of all rows of the request, each with its line feed */
  readonly maxRowBytes?: number;
  /** Spans of such a trace are rejected; absent: none is */
  readonly isForeignTrace?: IsForeignTrace | undefined;
}

/** Keys that only we may set. */
const ownKeys: ReadonlySet<string> = new Set([
  ...Object.values(IDENTITY_ATTRIBUTES),
  RESOURCE_ATTRIBUTES.component,
  RESOURCE_ATTRIBUTES.egressGateway,
]);

const spanKinds = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"] as const;
const statusCodes = ["Unset", "Ok", "Error"] as const;

/** DateTime64(9) holds times up to 2262; from digits before 2001 ClickHouse would read seconds. */
const earliestNs = 1_000_000_000_000_000_000n;
const latestNs = 9_223_372_036_000_000_000n;

/** Rows of otel_traces. Times that are missing or out of range become `receivedNs`. Throws CLRK_TOO_LARGE. */
export function spanRows(
  groups: readonly OtlpGroup<OtlpSpan>[],
  sender: TelemetrySender,
  receivedNs: bigint,
  rules: RowRules = {},
): RowsOutcome<OtlpSpan> {
  return eachItem({ groups, sender, rules }, (common, span) => {
    if (!/^[0-9a-f]{32}$/.test(span.traceId) || !/[1-9a-f]/.test(span.traceId)) {
      return { problem: "a trace id is not 16 bytes, or zero" };
    }
    if (!/^[0-9a-f]{16}$/.test(span.spanId) || !/[1-9a-f]/.test(span.spanId)) {
      return { problem: "a span id is not 8 bytes, or zero" };
    }
    if (rules.isForeignTrace?.(span.traceId, sender) === true) {
      return { problem: "a span is of the trace of another invocation" };
    }
    const startNs = timeOr(span.startNs, receivedNs);
    const row = encodeTraceRow({
      ...noRecord,
      ...common,
      timeUnixNs: String(startNs),
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: /^[0-9a-f]{16}$/.test(span.parentSpanId) ? span.parentSpanId : "",
      attributes: attributeColumns(span.attributes.filter(isTheirs)),
      traceState: span.traceState,
      name: span.name,
      kind: spanKinds[span.kind] ?? "Unspecified",
      durationNs: String(span.endNs > span.startNs ? span.endNs - span.startNs : 0n),
      statusCode: statusCodes[span.status.code] ?? "Unset",
      statusMessage: span.status.message,
      events: span.events.map(({ timeNs, name, attributes }) => ({
        timeUnixNs: String(timeOr(timeNs, startNs)),
        name,
        attributes: attributeColumns(attributes),
      })),
      links: span.links.map(({ traceId, spanId, traceState, attributes }) => {
        return { traceId, spanId, traceState, attributes: attributeColumns(attributes) };
      }),
    });
    return { row };
  });
}

/** Rows of otel_logs. Times that are missing or out of range become `receivedNs`. Throws CLRK_TOO_LARGE. */
export function logRows(
  groups: readonly OtlpGroup<OtlpLog>[],
  sender: TelemetrySender,
  receivedNs: bigint,
  rules: RowRules = {},
): RowsOutcome<OtlpLog> {
  return eachItem({ groups, sender, rules }, (common, log) => {
    const body = storedValue(log.body ?? { stringValue: "" });
    const stream = log.attributes.find(({ key }) => key === "log.iostream")?.value;
    const row = encodeLogRow({
      ...common,
      timeUnixNs: String(timeOr(log.timeNs, timeOr(log.observedNs, receivedNs))),
      traceId: /^[0-9a-f]{32}$/.test(log.traceId) ? log.traceId : "",
      spanId: /^[0-9a-f]{16}$/.test(log.spanId) ? log.spanId : "",
      attributes: attributeColumns(log.attributes.filter(isTheirs)),
      ioStream: stream !== undefined && "stringValue" in stream ? stream.stringValue : "",
      flags: log.flags & 0xff,
      severityText: log.severityText,
      severityNumber: log.severityNumber >= 0 && log.severityNumber <= 24 ? log.severityNumber : 0,
      body: body.text,
      bodyType: body.type ?? "",
      eventName: log.eventName,
    });
    return { row };
  });
}

/** What all rows of a group have. */
type GroupColumns = Pick<
  CommonRow,
  "source" | "agent" | "gateway" | "component" | "serviceName" | "resource" | "scope"
>;

/** Rows are read by the hundred: a few large ones would keep all others of their agent from being read. */
const mostBytesOfRow = 256 * 1024;

const tooLong = `a row has more than ${mostBytesOfRow} bytes`;

type Made = { readonly row: string } | { readonly problem: string };

function eachItem<Item>(
  {
    groups,
    sender,
    rules: { maxRowBytes = defaultRequestBounds.maxRowBytes },
  }: {
    readonly groups: readonly OtlpGroup<Item>[];
    readonly sender: TelemetrySender;
    readonly rules: RowRules;
  },
  make: (common: GroupColumns, item: Item) => Made,
): RowsOutcome<Item> {
  const rows: string[] = [];
  const taken: OtlpGroup<Item>[] = [];
  const { agent, gateway, component } = sender;
  const origin = { source: "agent", agent, gateway, component } as const;
  const resources = new ResourceColumns();
  let bytes = 0;
  let rejected = 0;
  let reason = "";
  for (const group of groups) {
    const common = { ...origin, ...resources.of(group.resource), scope: group.scope };
    const items: Item[] = [];
    for (const item of group.items) {
      const made = make(common, item);
      const lineBytes = "row" in made ? Buffer.byteLength(made.row) + 1 : 0;
      // Rows that are rejected count too: it is the work that is bounded.
      bytes += lineBytes;
      if (bytes > maxRowBytes) throw tooLarge(`more than ${maxRowBytes} bytes of rows`);
      if ("row" in made && lineBytes <= mostBytesOfRow) {
        rows.push(made.row);
        items.push(item);
        continue;
      }
      rejected++;
      if (reason === "") reason = "problem" in made ? made.problem : tooLong;
    }
    if (items.length > 0) taken.push({ ...group, items });
  }
  return { rows, taken, rejected, reason };
}

type SharedColumns = Pick<GroupColumns, "serviceName" | "resource">;

/** Columns of the resource that groups after each other share: a resource may have very many scopes. */
class ResourceColumns {
  #resource: readonly OtlpAttribute[] | undefined;
  #columns: SharedColumns = { serviceName: "", resource: attributeColumns([]) };

  of(resource: readonly OtlpAttribute[]): SharedColumns {
    if (resource === this.#resource) return this.#columns;
    const service = resource.find(({ key }) => key === RESOURCE_ATTRIBUTES.serviceName)?.value;
    this.#resource = resource;
    this.#columns = {
      serviceName: service !== undefined && "stringValue" in service ? service.stringValue : "",
      resource: attributeColumns(resource.filter(isTheirs)),
    };
    return this.#columns;
  }
}

/** Whether agents may set it: attributes that say who they are, only we may. */
export function isTheirs({ key }: Pick<OtlpAttribute, "key">): boolean {
  return !ownKeys.has(key);
}

function timeOr(ns: bigint, otherwise: bigint): bigint {
  return ns >= earliestNs && ns <= latestNs ? ns : otherwise;
}
