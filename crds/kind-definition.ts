/** What makes a schema a kind: its names, its columns, and `parse`, the one way from written text to a typed object. */
import { API_VERSION, GROUP, VERSION, objectMeta } from "./meta.ts";
import { parseSchema } from "./parse-schema.ts";
import type { SchemaResult } from "./parse-schema.ts";
import { moveProblem } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";
import { enumeration, ignored, object } from "./schema.ts";
import type { Fields, Infer, ObjectSchema, StringFormat } from "./schema.ts";

/** What became of a written object. Problems and warnings name places as they were written. */
export type ParseResult<T> =
  | { readonly kind: "valid"; readonly object: T; readonly warnings: readonly Problem[] }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** A column that `get` prints for each object of the kind. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  /** JSON path as kubectl reads it, such as `.spec.defaultPolicy` */
  readonly jsonPath: string;
  readonly description?: string;
  /** Above 0: shown by `-o wide` only */
  readonly priority?: number;
}

/** All that is known about a kind of object. */
export interface KindDefinition<T> {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  /** Empty for Kubernetes' core group */
  readonly group: string;
  readonly version: string;
  /** As written in an object: `group/version`, or only `version` for the core group */
  readonly apiVersion: string;
  readonly namespaced: true;
  /** Names for several kinds at once, such as `kubectl get clrk` */
  readonly categories: readonly string[];
  /** Whether objects are written by people and kept: then the kind has a CRD. Otherwise they are records, read only */
  readonly stored: boolean;
  /** Whether `status` is a subresource; its schema is that of the ignored field `status` */
  readonly hasStatus: boolean;
  readonly printerColumns: readonly PrinterColumn[];
  readonly schema: ObjectSchema<Fields>;
  /** Checks an object as read from YAML or JSON. The result is new, defaulted, frozen; never throws. */
  readonly parse: (value: unknown) => ParseResult<T>;
}

/** An old spelling that was found and moved, so that problems can be told at the place that was written. */
export interface Move {
  readonly from: Path;
  readonly to: Path;
}

/** An object in today's spelling, and what had to be done for that. */
export interface Conversion {
  readonly value: unknown;
  readonly warnings: readonly Problem[];
  /** What cannot be converted; makes the object invalid */
  readonly problems: readonly Problem[];
  readonly moves: readonly Move[];
}

/** The column that every kind has. */
export const ageColumn: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
};

/** The schema of a whole object of our group: apiVersion, kind, metadata, spec; status is accepted and dropped. */
export function resource<const Kind extends string, F extends Fields>(options: {
  readonly kind: Kind;
  readonly description: string;
  readonly spec: ObjectSchema<F>;
  /** What an API server accepts as status */
  readonly status?: ObjectSchema<Fields>;
  /** Form of the object's name; a DNS subdomain when absent */
  readonly nameFormat?: StringFormat;
}) {
  const { kind, description, spec, status, nameFormat } = options;
  return object({
    description,
    fields: {
      apiVersion: enumeration({
        description: "Group and version of the kind",
        values: [API_VERSION],
      }),
      kind: enumeration({ description: "Kind of the object", values: [kind] }),
      metadata: objectMeta(nameFormat),
      spec,
      status: ignored(
        "What is observed; written by the gateway, never read from manifests",
        status,
      ),
    },
  });
}

/** A kind of our group around its schema. `convert` brings old spellings up to date before the schema sees them. */
export function defineKind<S extends ObjectSchema<Fields>>(options: {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly printerColumns: readonly PrinterColumn[];
  readonly schema: S;
  /** False for records that nobody writes by hand; true when absent */
  readonly stored?: boolean;
  readonly convert?: (value: unknown) => Conversion;
}): KindDefinition<Infer<S>> {
  const { kind, plural, shortNames, printerColumns, schema, convert } = options;
  return {
    kind,
    plural,
    shortNames,
    group: GROUP,
    version: VERSION,
    apiVersion: API_VERSION,
    namespaced: true,
    categories: options.stored === false ? [] : ["clrk"],
    stored: options.stored ?? true,
    hasStatus: statusSchemaOf(schema) !== undefined && options.stored !== false,
    printerColumns,
    schema,
    parse(value) {
      const conversion = convert?.(value) ?? { value, warnings: [], problems: [], moves: [] };
      return conclude(parseSchema(schema, conversion.value), conversion);
    },
  };
}

/** What an API server accepts as the status of such objects; undefined where they have none. */
export function statusSchemaOf(schema: ObjectSchema<Fields>): ObjectSchema<Fields> | undefined {
  const { status } = schema.fields;
  return status?.kind === "ignored" ? status.schema : undefined;
}

function conclude<T>(result: SchemaResult<T>, conversion: Conversion): ParseResult<T> {
  const { warnings, problems, moves } = conversion;
  if (result.kind === "invalid") {
    const told = result.problems.map((problem) => undo(problem, moves));
    return { kind: "invalid", problems: [...problems, ...told] };
  }
  if (problems.length > 0) return { kind: "invalid", problems };
  return { kind: "valid", object: result.value, warnings };
}

function undo(problem: Problem, moves: readonly Move[]): Problem {
  for (const { from, to } of moves) {
    if (to.every((step, index) => problem.path[index] === step)) {
      return moveProblem(problem, [...from, ...problem.path.slice(to.length)]);
    }
  }
  return problem;
}
