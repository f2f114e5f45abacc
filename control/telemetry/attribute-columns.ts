/**
 * Attributes as two maps of a row: every value as text, as dashboards of the OpenTelemetry collector expect it, and the
 * types of those that are no text, so that nothing of a value is lost.
 */

/** A value in OTLP's JSON form; whole numbers are decimal text, bytes base64. */
export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly intValue: string | number }
  | { readonly doubleValue: number | string }
  | { readonly boolValue: boolean }
  | { readonly bytesValue: string }
  | { readonly arrayValue: { readonly values?: readonly OtlpValue[] } }
  | { readonly kvlistValue: { readonly values?: readonly OtlpAttribute[] } };

/** A named value in OTLP's JSON form. */
export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

/** Types that are written down; absent: text. `json` is a list or a map in OTLP's JSON form. */
export type StoredType = "int" | "double" | "bool" | "bytes" | "json";

/** The two maps of a row. */
export interface AttributeColumns {
  readonly texts: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, StoredType>>;
}

/** One value as text with its type; undefined: text. */
export interface StoredValue {
  readonly text: string;
  readonly type: StoredType | undefined;
}

/** The maps of some attributes; of a key that comes twice the last counts. */
export function attributeColumns(attributes: readonly OtlpAttribute[]): AttributeColumns {
  // Without a prototype: keys come from outside.
  const texts: Record<string, string> = Object.create(null);
  const types: Record<string, StoredType> = Object.create(null);
  for (const { key, value } of attributes) {
    if ("stringValue" in value) {
      texts[key] = value.stringValue;
      if (types[key] !== undefined) delete types[key];
      continue;
    }
    const { text, type } = storedValue(value);
    texts[key] = text;
    if (type !== undefined) types[key] = type;
  }
  return { texts, types };
}

/** A value as it is stored. */
export function storedValue(value: OtlpValue): StoredValue {
  if ("stringValue" in value) return { text: value.stringValue, type: undefined };
  if ("intValue" in value) return { text: String(value.intValue), type: "int" };
  if ("doubleValue" in value) return { text: String(value.doubleValue), type: "double" };
  if ("boolValue" in value) return { text: value.boolValue ? "true" : "false", type: "bool" };
  if ("bytesValue" in value) return { text: value.bytesValue, type: "bytes" };
  return { text: JSON.stringify(value), type: "json" };
}

/** The attributes of two maps, by key. Throws a SyntaxError for a `json` that is none. */
export function readAttributes(
  texts: Readonly<Record<string, string>>,
  types: Readonly<Record<string, string>>,
): OtlpAttribute[] {
  return Object.keys(texts)
    .sort()
    .map((key) => ({ key, value: readValue(texts[key] ?? "", types[key]) }));
}

/** The value of a stored text. Throws a SyntaxError for a `json` that is none. */
export function readValue(text: string, type: string | undefined): OtlpValue {
  switch (type) {
    case "int":
      return { intValue: text };
    case "double":
      return { doubleValue: readDouble(text) };
    case "bool":
      return { boolValue: text === "true" };
    case "bytes":
      return { bytesValue: text };
    case "json":
      return JSON.parse(text);
    default:
      return { stringValue: text };
  }
}

// JSON has no number for these; protobuf's JSON form writes their names.
function readDouble(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}
