/**
 * What a command printed, as values of a Secret: plain text, an object of keys in JSON, or what AWS calls a
 * credential process. No message shows any of it.
 */
import { secretKeyFormat } from "../../crds/name-formats.ts";
import { defaultSecretKey } from "../secret-spec.ts";
import { failed, withoutLineEnd } from "./source-outcome.ts";
import type { SourceOutcome } from "./source-outcome.ts";

/** Key of the output that is no value: when the values end, RFC 3339. */
const expiryName = "expiresAt";

/** Most keys of a Secret, as the kind has it. */
const maxKeys = 128;

/**
 * Names of the AWS SDKs' credential process
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html), and the keys that a policy of
 * type AWSv4 reads.
 */
const AWS_KEYS = new Map([
  ["AccessKeyId", "access_key_id"],
  ["SecretAccessKey", "secret_access_key"],
  ["SessionToken", "session_token"],
]);

/**
 * Reads what was printed. With a `key` all of it is that key's value, whatever it looks like. Without one an object in
 * JSON gives a value for each of its names, `expiresAt` aside, and other text is the value of `token`.
 */
export function readCommandOutput(
  output: Buffer,
  { key, nowMs }: { readonly key: string | undefined; readonly nowMs: number },
): SourceOutcome {
  const value = withoutLineEnd(output);
  if (value.length === 0) return failed("it printed nothing");
  if (key !== undefined || value.toString("latin1").trimStart()[0] !== "{") {
    return { kind: "values", values: new Map([[key ?? defaultSecretKey, value]]), warning: "" };
  }
  const object = parseObject(value);
  if (object === undefined) {
    return failed("it printed what begins like JSON and is none; name a key to take it as it is");
  }
  const fields = Number(object.get("Version")) === 1 ? awsFields(object) : object;
  return fields === undefined
    ? failed("it printed a credential of AWS without AccessKeyId or SecretAccessKey")
    : readFields(fields, nowMs);
}

function parseObject(text: Buffer): Map<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.toString("utf8"));
    return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
  } catch {
    // The parser's own message repeats the text.
    return undefined;
  }
}

function awsFields(object: ReadonlyMap<string, unknown>): Map<string, unknown> | undefined {
  const fields = new Map<string, unknown>();
  for (const [name, key] of AWS_KEYS) {
    const value = object.get(name);
    if (value !== undefined && value !== null) fields.set(key, value);
    else if (name !== "SessionToken") return undefined;
  }
  const expiry = object.get("Expiration");
  if (expiry !== undefined && expiry !== null) fields.set(expiryName, expiry);
  return fields;
}

function readFields(fields: ReadonlyMap<string, unknown>, nowMs: number): SourceOutcome {
  const values = new Map<string, Buffer>();
  for (const [name, value] of fields) {
    if (name === expiryName) continue;
    if (secretKeyFormat.read(name).kind === "invalid") {
      return failed("it printed an object with a name that is no key of a Secret");
    }
    if (typeof value !== "string") {
      return failed(
        `it printed an object whose "${name}" is not text; name a key to take it as it is`,
      );
    }
    if (value === "") return failed(`it printed an object whose "${name}" is empty`);
    values.set(name, Buffer.from(value));
  }
  if (values.size === 0) return failed("it printed an object without a value");
  if (values.size > maxKeys) return failed(`it printed an object of more than ${maxKeys} values`);
  const expiry = fields.get(expiryName);
  if (expiry === undefined) return { kind: "values", values, warning: "" };
  const expiresAtMs = typeof expiry === "string" ? tryParseTime(expiry) : undefined;
  if (expiresAtMs === undefined) {
    return failed('it printed an "expiresAt" that is no time such as 2026-01-31T12:00:00Z');
  }
  if (expiresAtMs <= nowMs) return failed("it printed a value that has expired already");
  return { kind: "values", values, expiresAtMs, warning: "" };
}

/** RFC 3339, section 5.6: a date, a time and an offset are all needed. */
function tryParseTime(text: string): number | undefined {
  const isTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text);
  const ms = isTime ? Date.parse(text.replace(" ", "T").toUpperCase()) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
