/** JSON as `google.protobuf.Struct`, the form in which Envoy takes JSON body formats. */

import type { JsonObject, JsonValue } from "../../providers/json-text.ts";
import { isJsonObject } from "../../providers/json-text.ts";
import type { google } from "../proto/gen/xds.js";

/** The object as a Struct; key order is kept. */
export function encodeStruct(value: JsonObject): google.protobuf.IStruct {
  const fields: Record<string, google.protobuf.IValue> = Object.create(null);
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) fields[key] = encodeValue(member);
  }
  return { fields };
}

function encodeValue(value: JsonValue): google.protobuf.IValue {
  if (value === null) return { nullValue: 0 };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { numberValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (isArray(value)) return { listValue: { values: value.map(encodeValue) } };
  // A Struct holds doubles only.
  return isJsonObject(value)
    ? { structValue: encodeStruct(value) }
    : { numberValue: Number(value.rawJSON) };
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
