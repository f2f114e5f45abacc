/**
 * Kubernetes' core Secret, as far as the gateway reads it. No problem or warning shows a value, and a parsed Secret
 * that is printed shows only its keys.
 */
import { inspect } from "node:util";
import { ageColumn } from "./kind-definition.ts";
import type { KindDefinition, ParseResult } from "./kind-definition.ts";
import { objectMeta } from "./meta.ts";
import { secretKeyFormat } from "./name-formats.ts";
import { parseSchema } from "./parse-schema.ts";
import { createProblemWithText } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { invalid, valid } from "./reading.ts";
import {
  boolean,
  defaulted,
  emptyIfAbsent,
  enumeration,
  ignored,
  map,
  object,
  optional,
  string,
} from "./schema.ts";
import type { Infer, StringFormat } from "./schema.ts";

/** Most bytes of all values together, as in Kubernetes. */
const MAX_SECRET_BYTES = 1_048_576;

/** Longest base64 text of one value. */
const maxEncodedLength = 1_500_000;

const base64Format: StringFormat = {
  name: "byte",
  wanted: "base64 text",
  read(text) {
    const joined = text.replace(/[\r\n]/g, "");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(joined))
      return invalid("a character that is not base64; plain text goes into stringData");
    if (joined.length % 4 !== 0)
      return invalid("cut short or not padded; plain text goes into stringData");
    return valid(joined);
  },
};

/** The schema of a Secret as it is written. */
export const secretSchema = object({
  description: "Values that must not be seen",
  fields: {
    apiVersion: enumeration({ description: "Group and version of the kind", values: ["v1"] }),
    kind: enumeration({ description: "Kind of the object", values: ["Secret"] }),
    metadata: objectMeta(),
    type: defaulted(string({ description: "What the Secret is for", maxLength: 253 }), "Opaque"),
    data: emptyIfAbsent(
      map({
        description: "Values in base64",
        keys: secretKeyFormat,
        values: string({
          description: "Value",
          minLength: 0,
          maxLength: maxEncodedLength,
          format: base64Format,
        }),
        maxProperties: 128,
        sensitive: true,
      }),
    ),
    stringData: emptyIfAbsent(
      map({
        description: "Values as they are; they win over data",
        keys: secretKeyFormat,
        values: string({ description: "Value", minLength: 0, maxLength: MAX_SECRET_BYTES }),
        maxProperties: 128,
        sensitive: true,
      }),
    ),
    immutable: optional(boolean({ description: "Whether the API server refuses changes" })),
    status: ignored("A Secret has none"),
  },
});

/** A parsed Secret: `stringData` has become part of `data`. */
export type Secret = Omit<Infer<typeof secretSchema>, "stringData">;

/** The Secret kind of Kubernetes' core group. */
export const secretKind: KindDefinition<Secret> = {
  kind: "Secret",
  plural: "secrets",
  shortNames: [],
  group: "",
  version: "v1",
  apiVersion: "v1",
  namespaced: true,
  categories: [],
  stored: true,
  hasStatus: false,
  printerColumns: [{ name: "Type", type: "string", jsonPath: ".type" }, ageColumn],
  schema: secretSchema,
  parse: parseSecret,
};

/**
 * The bytes of one value, or undefined when the Secret has no such key. The caller owns the copy; it is secret:
 * keep it out of logs, records and messages.
 */
export function readSecretValue(secret: Secret, key: string): Uint8Array | undefined {
  const encoded = Object.hasOwn(secret.data, key) ? secret.data[key] : undefined;
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64");
}

function parseSecret(value: unknown): ParseResult<Secret> {
  const result = parseSchema(secretSchema, value);
  if (result.kind === "invalid") return result;
  const { stringData, ...written } = result.value;
  const data: Record<string, string> = Object.create(null);
  Object.assign(data, written.data);
  for (const [key, text] of Object.entries(stringData))
    data[key] = Buffer.from(text).toString("base64");
  const bytes = Object.values(data).reduce(
    (sum, encoded) => sum + Buffer.byteLength(encoded, "base64"),
    0,
  );
  if (bytes > MAX_SECRET_BYTES) {
    const text = `${bytes} bytes in all, wanted at most ${MAX_SECRET_BYTES}`;
    return {
      kind: "invalid",
      problems: [createProblemWithText(["data"], "a smaller Secret", text)],
    };
  }
  Object.defineProperty(data, inspect.custom, { value: describeKeys });
  const warnings = Object.keys(data).flatMap((key) =>
    warnLineEnd(data, key, Object.hasOwn(stringData, key)),
  );
  return {
    kind: "valid",
    object: Object.freeze({ ...written, data: Object.freeze(data) }),
    warnings,
  };
}

function describeKeys(this: Readonly<Record<string, string>>): string {
  const keys = Object.keys(this).map((key) => `${key}: [redacted]`);
  return `{ ${keys.join(", ")} }`;
}

/** `echo token | base64` keeps the line end, and no header can carry it: the most common slip with Secrets. */
function warnLineEnd(
  data: Readonly<Record<string, string>>,
  key: string,
  plain: boolean,
): Problem[] {
  const text = Buffer.from(data[key] ?? "", "base64").toString("latin1");
  if (!/^[^\r\n]+[\r\n]+$/.test(text)) return [];
  const path = [plain ? "stringData" : "data", key];
  return [
    createProblemWithText(
      path,
      "a value without a line end",
      "ends with a line end, which becomes part of the value",
    ),
  ];
}
