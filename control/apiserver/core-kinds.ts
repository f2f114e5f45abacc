/** Kubernetes' own kinds that an API server without a cluster needs: Namespace and ConfigMap, as schemas. */
import { ageColumn } from "../../crds/kind-definition.ts";
import type { KindDefinition, ParseResult } from "../../crds/kind-definition.ts";
import { objectMeta } from "../../crds/meta.ts";
import { dnsLabelFormat, secretKeyFormat } from "../../crds/name-formats.ts";
import { parseSchema } from "../../crds/parse-schema.ts";
import type { SchemaResult } from "../../crds/parse-schema.ts";
import { createProblemWithText } from "../../crds/problem.ts";
import { invalid, valid } from "../../crds/reading.ts";
import {
  array,
  boolean,
  enumeration,
  ignored,
  map,
  object,
  optional,
  string,
} from "../../crds/schema.ts";
import type { Infer, StringFormat } from "../../crds/schema.ts";

/** Most bytes of all values of a ConfigMap together, as in Kubernetes. */
const MAX_CONFIG_MAP_BYTES = 1_048_576;

const base64Format: StringFormat = {
  name: "byte",
  wanted: "base64 text",
  read(text) {
    const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
    return isBase64 ? valid(text) : invalid("a character that is not base64, or cut short");
  },
};

const namespaceSchema = object({
  description:
    "A namespace: names are unique within it, and it takes what is in it along when it is deleted",
  fields: {
    apiVersion: enumeration({ description: "Group and version of the kind", values: ["v1"] }),
    kind: enumeration({ description: "Kind of the object", values: ["Namespace"] }),
    metadata: objectMeta(dnsLabelFormat),
    spec: optional(
      object({
        description: "How the namespace ends",
        fields: {
          finalizers: optional(
            array({
              description: "What must be done before it is gone",
              items: string({ description: "Finalizer", maxLength: 253 }),
              maxItems: 16,
            }),
          ),
        },
      }),
    ),
    status: ignored("Whether it is active or ends; written by the server"),
  },
});

const configMapSchema = object({
  description: "Configuration as keys and values",
  fields: {
    apiVersion: enumeration({ description: "Group and version of the kind", values: ["v1"] }),
    kind: enumeration({ description: "Kind of the object", values: ["ConfigMap"] }),
    metadata: objectMeta(),
    data: optional(
      map({
        description: "Text values",
        keys: secretKeyFormat,
        values: string({ description: "Value", minLength: 0, maxLength: MAX_CONFIG_MAP_BYTES }),
        maxProperties: 1024,
      }),
    ),
    binaryData: optional(
      map({
        description: "Values in base64",
        keys: secretKeyFormat,
        values: string({
          description: "Value",
          minLength: 0,
          maxLength: 1_500_000,
          format: base64Format,
        }),
        maxProperties: 1024,
      }),
    ),
    immutable: optional(boolean({ description: "Whether changes of the values are refused" })),
  },
});

/** A parsed Namespace. */
export type Namespace = Infer<typeof namespaceSchema>;

/** A parsed ConfigMap. */
export type ConfigMap = Infer<typeof configMapSchema>;

/** A core kind: what `crds` knows of a kind, as far as the server needs it. */
export type CoreKind<T> = Omit<
  KindDefinition<T>,
  "namespaced" | "categories" | "stored" | "hasStatus"
>;

const core = { group: "", version: "v1", apiVersion: "v1" } as const;

/** Namespaces: what is in one is named within it, and goes with it. */
export const namespaceKind: CoreKind<Namespace> = {
  ...core,
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  printerColumns: [{ name: "Status", type: "string", jsonPath: ".status.phase" }, ageColumn],
  schema: namespaceSchema,
  parse: (value) => withoutWarnings(parseSchema(namespaceSchema, value)),
};

/** ConfigMaps: text and bytes by key. */
export const configMapKind: CoreKind<ConfigMap> = {
  ...core,
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  printerColumns: [ageColumn],
  schema: configMapSchema,
  parse: parseConfigMap,
};

function parseConfigMap(value: unknown): ParseResult<ConfigMap> {
  const result = withoutWarnings(parseSchema(configMapSchema, value));
  if (result.kind === "invalid") return result;
  const { data = {}, binaryData = {} } = result.object;
  const twice = Object.keys(data).find((key) => Object.hasOwn(binaryData, key));
  if (twice !== undefined) {
    return refuse(["binaryData", twice], "a key of its own", "the key stands in data, too");
  }
  const bytes = [...Object.values(data), ...Object.values(binaryData)].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    0,
  );
  if (bytes <= MAX_CONFIG_MAP_BYTES) return result;
  const text = `${bytes} bytes in all, wanted at most ${MAX_CONFIG_MAP_BYTES}`;
  return refuse([], "a smaller ConfigMap", text);
}

function refuse(path: readonly string[], wanted: string, text: string): ParseResult<never> {
  return { kind: "invalid", problems: [createProblemWithText(path, wanted, text)] };
}

function withoutWarnings<T>(result: SchemaResult<T>): ParseResult<T> {
  if (result.kind === "invalid") return result;
  return { kind: "valid", object: result.value, warnings: [] };
}
