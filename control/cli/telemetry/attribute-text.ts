/** Attributes in OTLP's JSON form as text for people: not escaped yet, and of any length. */
import { isJsonObject, objects } from "./otlp-document.ts";
import type { JsonObject } from "./otlp-document.ts";

/** A named value as text. */
export interface AttributeText {
  readonly key: string;
  readonly text: string;
}

/** How deep lists and maps are written out; whoever sends them chooses their depth. */
const deepestValue = 8;

/** The attributes of a span, a log record, an event or a resource, in their order. */
export function readAttributeTexts(holder: JsonObject): AttributeText[] {
  return objects(holder["attributes"]).map(({ key, value }) => ({
    key: typeof key === "string" ? key : "",
    text: valueText(value),
  }));
}

/** A value as text: `[a, b]` for a list, `{k: v}` for a map, `<n bytes binary>` for bytes; empty for what is no value. */
export function valueText(value: unknown, depth = 0): string {
  if (!isJsonObject(value)) return "";
  const [kind, content] = Object.entries(value)[0] ?? [];
  switch (kind) {
    case "stringValue":
    case "intValue":
    case "doubleValue":
    case "boolValue":
      return isScalar(content) ? String(content) : "";
    case "bytesValue":
      return typeof content === "string"
        ? `<${Buffer.from(content, "base64").length} bytes binary>`
        : "";
    case "arrayValue":
      return depth >= deepestValue ? "[…]" : `[${listTexts(content, depth).join(", ")}]`;
    case "kvlistValue":
      return depth >= deepestValue ? "{…}" : `{${mapTexts(content, depth).join(", ")}}`;
    default:
      return "";
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function listTexts(content: unknown, depth: number): string[] {
  return objects(isJsonObject(content) ? content["values"] : []).map((value) =>
    valueText(value, depth + 1),
  );
}

function mapTexts(content: unknown, depth: number): string[] {
  return objects(isJsonObject(content) ? content["values"] : []).map(
    ({ key, value }) => `${String(key)}: ${valueText(value, depth + 1)}`,
  );
}
