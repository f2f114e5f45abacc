/** A log record as a read gives it: one that was sent, or the access line of a record of ours. */
import { CAPTURE_ATTRIBUTES, LINK_ATTRIBUTES } from "../../gateway/attributes.ts";
import { readValue } from "./attribute-columns.ts";
import type { OtlpAttribute, OtlpValue } from "./attribute-columns.ts";
import { storedItem, text } from "./stored-span.ts";
import type { StoredItem } from "./stored-span.ts";
import type { StoreRow } from "./store-client.ts";

/** One log record. */
export interface StoredLog extends StoredItem {
  readonly ioStream: string;
  readonly severityText: string;
  /** 0 where it was not told; 9 information, 13 warning, 17 error */
  readonly severityNumber: number;
  readonly flags: number;
  readonly body: OtlpValue;
  readonly eventName: string;
}

const severities = {
  info: { severityText: "INFO", severityNumber: 9 },
  warn: { severityText: "WARN", severityNumber: 13 },
  error: { severityText: "ERROR", severityNumber: 17 },
} as const;

/** The log of a row of otel_logs. */
export function toStoredLog(row: StoreRow): StoredLog {
  return {
    ...storedItem(row, "LogAttributes"),
    ioStream: text(row["IoStream"]),
    severityText: text(row["SeverityText"]),
    severityNumber: Number(row["SeverityNumber"]),
    flags: Number(row["TraceFlags"]),
    body: readValue(text(row["Body"]), text(row["BodyType"])),
    eventName: text(row["EventName"]),
  };
}

/** The access line of a row of otel_traces as a log. */
export function toAccessLog(row: StoreRow): StoredLog {
  const item = storedItem(row, "SpanAttributes");
  return {
    ...item,
    ...severities[severityOf(row)],
    ioStream: "",
    flags: 1,
    body: { stringValue: text(row["AccessLine"]) },
    eventName: "",
    attributes: [...item.attributes, ...lineAttributes(row, item)],
  };
}

function lineAttributes(row: StoreRow, { traceId, spanId }: StoredItem): OtlpAttribute[] {
  const durationMs = Math.round(Number(row["Duration"]) / 1e6);
  return [
    ...(durationMs > 0
      ? [{ key: CAPTURE_ATTRIBUTES.durationMs, value: { intValue: String(durationMs) } }]
      : []),
    { key: LINK_ATTRIBUTES.traceId, value: { stringValue: traceId } },
    { key: LINK_ATTRIBUTES.spanId, value: { stringValue: spanId } },
  ];
}

// The rule of `recordSeverity()`, by the columns of the row.
function severityOf(row: StoreRow): keyof typeof severities {
  const isDenied = row["Verdict"] === "deny";
  const isAudited = row["Verdict"] === "audit";
  if (row["RecordKind"] !== "http") return isDenied || isAudited ? "warn" : "info";
  const status = Number(row["HttpStatus"]);
  if (status >= 500) return "error";
  if (status === 0 || status >= 400) return "warn";
  if (isDenied) return row["McpMethod"] !== "" || row["McpOutcome"] !== "" ? "warn" : "error";
  return isAudited ? "warn" : "info";
}
