/**
 * Stored spans and logs as OTLP/JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in
 * hexadecimal, 64-bit numbers as text, enumerations as numbers. Each item is a resource of its own, so that their order
 * stays.
 */
import type { StoredLog } from "../telemetry/stored-log.ts";
import type { StoredItem, StoredSpan } from "../telemetry/stored-span.ts";

const kinds: Readonly<Record<string, number>> = {
  Internal: 1,
  Server: 2,
  Client: 3,
  Producer: 4,
  Consumer: 5,
};

const statusCodes: Readonly<Record<string, number>> = { Ok: 1, Error: 2 };

/** TracesData. */
export function tracesDocument(spans: readonly StoredSpan[]): { readonly resourceSpans: object[] } {
  return {
    resourceSpans: spans.map((span) => ({
      resource: { attributes: span.resource },
      scopeSpans: [{ scope: scopeOf(span), spans: [spanOf(span)] }],
    })),
  };
}

/** LogsData. */
export function logsDocument(logs: readonly StoredLog[]): { readonly resourceLogs: object[] } {
  return {
    resourceLogs: logs.map((log) => ({
      resource: { attributes: log.resource },
      scopeLogs: [{ scope: scopeOf(log), logRecords: [recordOf(log)] }],
    })),
  };
}

function scopeOf({ scope }: StoredItem): object {
  return {
    ...(scope.name !== "" && { name: scope.name }),
    ...(scope.version !== "" && { version: scope.version }),
  };
}

function spanOf(span: StoredSpan): object {
  const { traceId, spanId, parentSpanId, traceState, statusCode, statusMessage } = span;
  const code = statusCodes[statusCode] ?? 0;
  return {
    traceId,
    spanId,
    ...(parentSpanId !== "" && { parentSpanId }),
    ...(traceState !== "" && { traceState }),
    name: span.name,
    kind: kinds[span.kind] ?? 0,
    startTimeUnixNano: span.timeUnixNs,
    endTimeUnixNano: String(BigInt(span.timeUnixNs) + BigInt(span.durationNs || "0")),
    attributes: span.attributes,
    ...(span.events.length > 0 && { events: span.events.map(eventOf) }),
    ...(span.links.length > 0 && { links: span.links.map(linkOf) }),
    status: {
      ...(code !== 0 && { code }),
      ...(statusMessage !== "" && { message: statusMessage }),
    },
  };
}

function eventOf({ timeUnixNs, name, attributes }: StoredSpan["events"][number]): object {
  return { timeUnixNano: timeUnixNs, name, attributes };
}

function linkOf({ traceId, spanId, traceState }: StoredSpan["links"][number]): object {
  return { traceId, spanId, ...(traceState !== "" && { traceState }) };
}

function recordOf(log: StoredLog): object {
  const { traceId, spanId, severityNumber, severityText, eventName } = log;
  return {
    timeUnixNano: log.timeUnixNs,
    ...(severityNumber > 0 && { severityNumber }),
    ...(severityText !== "" && { severityText }),
    ...(eventName !== "" && { eventName }),
    body: log.body,
    attributes: log.attributes,
    ...(log.flags > 0 && { flags: log.flags }),
    ...(traceId !== "" && { traceId }),
    ...(spanId !== "" && { spanId }),
  };
}
