/**
 * Answers of the read API: OTLP/JSON, taken apart into documents of one item each. Invariant: nothing of an item is lost
 * or changed on the way, so that what is printed as JSON is what the store holds.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

/** What is read. */
export type TelemetrySignal = "logs" | "traces";

/** A JSON object whose members nobody has checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One span or log record. */
export interface TelemetryItem {
  /** The span or log record itself */
  readonly item: JsonObject;
  readonly resource: JsonObject;
  /** A whole TracesData or LogsData that holds nothing else */
  readonly document: JsonObject;
}

/** One answer, or one line of a stream. */
export interface TelemetryDocument {
  /** In the order of the answer */
  readonly items: readonly TelemetryItem[];
  /** Where following goes on; only of a line of a stream */
  readonly position: string | undefined;
}

const members = {
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
  traces: ["resourceSpans", "scopeSpans", "spans"],
} as const;

/** Takes an answer apart; undefined for what is no document of that signal. */
export function tryReadDocument(
  value: unknown,
  signal: TelemetrySignal,
): TelemetryDocument | undefined {
  if (!isJsonObject(value)) return undefined;
  const [resources, scopes, items] = members[signal];
  const { position } = value;
  if (position !== undefined && typeof position !== "string") return undefined;
  if (position === undefined && !Array.isArray(value[resources])) return undefined;
  const found = objects(value[resources]).flatMap((resource) =>
    objects(resource[scopes]).flatMap((scope) =>
      objects(scope[items]).map((item) => ({
        item,
        resource: isJsonObject(resource["resource"]) ? resource["resource"] : {},
        document: { [resources]: [{ ...resource, [scopes]: [{ ...scope, [items]: [item] }] }] },
      })),
    ),
  );
  return { items: found, position };
}

/** Whether the value is a JSON object, and neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The members of a list that are objects; empty for what is no list. */
export function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
