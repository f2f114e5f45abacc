/**
 * Requests and answers of OTLP in JSON: ids in hexadecimal, 64-bit numbers as text or number, enumerations as numbers,
 * bytes in base64. Fields that are not known are ignored, a known one of another type makes the request malformed.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import type { OtlpAttribute, OtlpValue } from "./attribute-columns.ts";
import { countJson } from "./json-items.ts";
import { defaultRequestBounds, tooManyItems } from "./otlp-bounds.ts";
import type {
  OtlpEvent,
  OtlpGroup,
  OtlpLink,
  OtlpLog,
  OtlpSignal,
  OtlpSpan,
} from "./otlp-model.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Lists and maps inside each other: protobuf's readers have this bound too. */
const mostDepth = 100;

/** Names and values for each object, of which no message has as many. */
const valuesPerItem = 16;

/** The spans of a request. Throws an Error for what is not one, CLRK_TOO_LARGE for too many objects. */
export function parseTraces(
  text: string,
  maxItems = defaultRequestBounds.maxItems,
): OtlpGroup<OtlpSpan>[] {
  refuseMany(text, maxItems);
  return parseGroups(text, ["resourceSpans", "scopeSpans", "spans"], parseSpan);
}

/** The logs of a request. Throws an Error for what is not one, CLRK_TOO_LARGE for too many objects. */
export function parseLogs(
  text: string,
  maxItems = defaultRequestBounds.maxItems,
): OtlpGroup<OtlpLog>[] {
  refuseMany(text, maxItems);
  return parseGroups(text, ["resourceLogs", "scopeLogs", "logRecords"], parseLog);
}

/** The answer to a request that was taken, perhaps not all of it. */
export function answerJson(signal: OtlpSignal, rejected: number, message: string): string {
  if (rejected === 0 && message === "") return "{}";
  const name = signal === "traces" ? "rejectedSpans" : "rejectedLogRecords";
  return JSON.stringify({ partialSuccess: { [name]: String(rejected), errorMessage: message } });
}

function refuseMany(text: string, maxItems: number): void {
  // Fields that are not known take memory too, before they are ignored.
  const most = { objects: maxItems, values: maxItems * valuesPerItem };
  const { objects, values } = countJson(text, most);
  if (objects > most.objects || values > most.values) throw tooManyItems(maxItems);
}

function parseGroups<Item>(
  text: string,
  [resources, scopes, items]: readonly [string, string, string],
  parseItem: (value: JsonObject) => Item,
): OtlpGroup<Item>[] {
  return list(object(JSON.parse(text)), resources).flatMap((group) => {
    const from = optionalObject(group, "resource");
    const resource = attributes(from);
    const missing = dropped(from).droppedAttributesCount;
    return list(group, scopes).map((part) => {
      const scope = optionalObject(part, "scope");
      return {
        resource,
        scope: {
          name: string(scope, "name"),
          version: string(scope, "version"),
          attributes: attributes(scope),
        },
        dropped: { resource: missing, scope: dropped(scope).droppedAttributesCount },
        schemaUrls: { resource: string(group, "schemaUrl"), items: string(part, "schemaUrl") },
        items: list(part, items).map(parseItem),
      };
    });
  });
}

function parseSpan(span: JsonObject): OtlpSpan {
  const status = optionalObject(span, "status");
  return {
    traceId: id(span, "traceId"),
    spanId: id(span, "spanId"),
    parentSpanId: id(span, "parentSpanId"),
    traceState: string(span, "traceState"),
    name: string(span, "name"),
    kind: number(span, "kind"),
    flags: number(span, "flags"),
    ...dropped(span),
    droppedEventsCount: number(span, "droppedEventsCount"),
    droppedLinksCount: number(span, "droppedLinksCount"),
    startNs: nanoseconds(span, "startTimeUnixNano"),
    endNs: nanoseconds(span, "endTimeUnixNano"),
    attributes: attributes(span),
    events: list(span, "events").map(parseEvent),
    links: list(span, "links").map(parseLink),
    status: { code: number(status, "code"), message: string(status, "message") },
  };
}

function parseEvent(event: JsonObject): OtlpEvent {
  return {
    timeNs: nanoseconds(event, "timeUnixNano"),
    name: string(event, "name"),
    attributes: attributes(event),
    ...dropped(event),
  };
}

function parseLink(link: JsonObject): OtlpLink {
  return {
    traceId: id(link, "traceId"),
    spanId: id(link, "spanId"),
    traceState: string(link, "traceState"),
    flags: number(link, "flags"),
    attributes: attributes(link),
    ...dropped(link),
  };
}

function parseLog(log: JsonObject): OtlpLog {
  const body = log["body"];
  return {
    timeNs: nanoseconds(log, "timeUnixNano"),
    observedNs: nanoseconds(log, "observedTimeUnixNano"),
    severityNumber: number(log, "severityNumber"),
    severityText: string(log, "severityText"),
    body: body === undefined || body === null ? undefined : parseValue(object(body), 0),
    attributes: attributes(log),
    ...dropped(log),
    flags: number(log, "flags"),
    traceId: id(log, "traceId"),
    spanId: id(log, "spanId"),
    eventName: string(log, "eventName"),
  };
}

function dropped(parent: JsonObject): { readonly droppedAttributesCount: number } {
  return { droppedAttributesCount: number(parent, "droppedAttributesCount") };
}

function attributes(parent: JsonObject, depth = 0): OtlpAttribute[] {
  const name = depth === 0 ? "attributes" : "values";
  return list(parent, name).map((attribute) => ({
    key: string(attribute, "key"),
    value: parseValue(optionalObject(attribute, "value"), depth),
  }));
}

function parseValue(value: JsonObject, depth: number): OtlpValue {
  if (depth > mostDepth) throw malformed("values", "they are nested too deep");
  const [kind] = Object.keys(value);
  switch (kind) {
    case "boolValue":
      return { boolValue: value[kind] === true };
    case "intValue":
      return { intValue: signedText(value[kind]) };
    case "doubleValue":
      return { doubleValue: double(value[kind]) };
    case "bytesValue":
      return { bytesValue: string(value, kind) };
    case "arrayValue": {
      const values = list(optionalObject(value, kind), "values");
      return { arrayValue: { values: values.map((item) => parseValue(item, depth + 1)) } };
    }
    case "kvlistValue":
      return { kvlistValue: { values: attributes(optionalObject(value, kind), depth + 1) } };
    default:
      return { stringValue: string(value, "stringValue") };
  }
}

function object(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw malformed("request", "want an object");
}

function optionalObject(parent: JsonObject, name: string): JsonObject {
  const value = parent[name];
  return value === undefined || value === null ? {} : object(value);
}

function list(parent: JsonObject, name: string): readonly JsonObject[] {
  const value = parent[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(name, "want a list");
  return value.map(object);
}

function string(parent: JsonObject, name: string): string {
  const value = parent[name];
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw malformed(name, "want text");
  return value;
}

function id(parent: JsonObject, name: string): string {
  return string(parent, name).toLowerCase();
}

function number(parent: JsonObject, name: string): number {
  const value = parent[name];
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw malformed(name, "want a whole number");
  }
  return value;
}

function nanoseconds(parent: JsonObject, name: string): bigint {
  const value = parent[name];
  if (value === undefined || value === null) return 0n;
  const text = wholeText(value);
  if (text.startsWith("-")) throw malformed(name, "want a time after 1970");
  return BigInt(text);
}

function wholeText(value: unknown): string {
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw malformed("number", "want a whole one");
}

/** An `int64`: what is beyond it would be another number for whoever gets it next. */
function signedText(value: unknown): string {
  const text = wholeText(value);
  if (BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return text;
  throw malformed("intValue", "want one of 64 bits");
}

function double(value: unknown): number | string {
  if (typeof value === "number") return value;
  const isNamed = value === "NaN" || value === "Infinity" || value === "-Infinity";
  if (isNamed) return value;
  throw malformed("doubleValue", "want a number");
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(name: string, problem: string): Error {
  return new Error(`Cannot read "${name}" of the request: ${problem}`);
}
