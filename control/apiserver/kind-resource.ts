/** A served resource made of a kind's definition: validation and defaults are `parse`, columns its printer columns. */
import type { KindDefinition, ParseResult } from "../../crds/kind-definition.ts";
import { formatPath } from "../../crds/problem.ts";
import type { Path, Problem } from "../../crds/problem.ts";
import { metadataFields } from "./field-query.ts";
import { isRecord } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import { columnsOf } from "./table-columns.ts";
import { causeOf, isUnknownField } from "./problem-cause.ts";
import type { CheckedObject, FieldValidation, ServedResource } from "./served-resource.ts";
import { StatusError, formatResource, invalid } from "./status-error.ts";

/** Unknown fields are taken out in rounds, because a checker lists a bounded number at once. */
const mostRounds = 8;

/** Where a resource differs from what its kind says by itself. */
export type ResourceOverrides = Partial<
  Pick<
    ServedResource,
    | "namespaced"
    | "hasStatus"
    | "countsGenerations"
    | "allowsUnconditionalUpdate"
    | "columns"
    | "fields"
    | "checkUpdate"
    | "categories"
    | "checkStatus"
  >
> & {
  /** Mends what clients send, before it is checked */
  readonly prepare?: (
    written: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
  /** What is stored, given the parsed object, and the written one without unknown fields; default the parsed one */
  readonly finish?: (facts: CheckedParts) => Readonly<Record<string, unknown>>;
};

/** An object as it was written and as its kind reads it, without `status`; unknown fields are gone. */
export interface CheckedParts {
  readonly written: Readonly<Record<string, unknown>>;
  readonly parsed: Readonly<Record<string, unknown>>;
}

/** What of a kind the server needs. */
export type ServableKind = Pick<
  KindDefinition<object>,
  "kind" | "plural" | "shortNames" | "group" | "version" | "apiVersion" | "printerColumns" | "parse"
>;

/** The resource of a kind; `schema` gives its OpenAPI v3 schema. */
export function resourceOfKind(
  definition: ServableKind,
  options: ResourceOverrides & { readonly schema: ServedResource["schema"] },
): ServedResource {
  const { kind, plural, shortNames, group, version, apiVersion } = definition;
  const { finish, prepare, ...overrides } = options;
  const check = (object: KubeObject, validation: FieldValidation) =>
    checkObject({
      definition,
      object,
      validation,
      ...(finish && { finish }),
      ...(prepare && { prepare }),
    });
  return {
    group,
    version,
    apiVersion,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames,
    categories: [],
    namespaced: true,
    storage: formatResource({ group, plural }),
    hasStatus: false,
    countsGenerations: group !== "",
    allowsUnconditionalUpdate: group === "",
    columns: columnsOf(definition.printerColumns),
    fields: metadataFields,
    check,
    checkStatus: (object) => ({ object, warnings: [] }),
    ...overrides,
  };
}

interface Check {
  readonly definition: ServableKind;
  readonly object: KubeObject;
  readonly validation: FieldValidation;
  readonly finish?: ResourceOverrides["finish"];
  readonly prepare?: ResourceOverrides["prepare"];
}

function checkObject({ definition, object, validation, finish, prepare }: Check): CheckedObject {
  const { kind, group, version } = definition;
  const { status, ...sent } = object;
  const written = prepare === undefined ? sent : prepare(sent);
  const pruned = parseWithoutUnknown(written, (value) => definition.parse(value));
  refuseUnknown({ kind, version, validation, unknown: pruned.unknown });
  const { result } = pruned;
  if (result.kind === "invalid") {
    throw invalid({ group, kind, name: object.metadata.name }, result.problems.map(causeOf));
  }
  const parsed = asRecord(result.object);
  const fields = finish === undefined ? parsed : finish({ written: pruned.written, parsed });
  return {
    object: {
      ...fields,
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: knownMetadata(object, pruned.written["metadata"]),
      ...(status !== undefined && { status }),
    },
    warnings: [
      ...(validation === "Warn" ? pruned.unknown.map(unknownText) : []),
      ...result.warnings.map(({ message }) => message),
    ],
  };
}

/** Metadata without the fields that were taken out of the checked object, since who reads it would refuse all of it. */
function knownMetadata({ metadata }: KubeObject, checked: unknown): KubeObject["metadata"] {
  const known = Object.entries(metadata).filter(
    ([name]) => isRecord(checked) && Object.hasOwn(checked, name),
  );
  return { ...Object.fromEntries(known), name: metadata.name };
}

/** Checks a value with `parse`, taking out fields that are unknown to it; tells which they were. */
export function parseWithoutUnknown<T>(
  written: Readonly<Record<string, unknown>>,
  parse: (value: unknown) => ParseResult<T>,
): {
  readonly result: ParseResult<T>;
  readonly written: Readonly<Record<string, unknown>>;
  readonly unknown: readonly Path[];
} {
  const unknown: Path[] = [];
  let value = written;
  for (let round = 0; ; round++) {
    const result = parse(value);
    const found = result.kind === "invalid" ? result.problems.filter(isUnknownField) : [];
    if (found.length === 0 || round === mostRounds) return { result, written: value, unknown };
    value = structuredClone(value);
    for (const { path } of found) {
      unknown.push(path);
      removeAt(value, path);
    }
  }
}

/** Throws Kubernetes' 400 when there are unknown fields and the caller wants to hear of them as errors. */
export function refuseUnknown(facts: {
  readonly kind: string;
  readonly version: string;
  readonly validation: FieldValidation;
  readonly unknown: readonly Path[];
}): void {
  const { kind, version, validation, unknown } = facts;
  if (validation !== "Strict" || unknown.length === 0) return;
  const list = unknown.map(unknownText).join(", ");
  throw new StatusError({
    code: 400,
    reason: "BadRequest",
    message: `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${list}`,
  });
}

/** Kubernetes' words for a field that a kind does not have. */
export function unknownText(path: Path): string {
  return `unknown field ${JSON.stringify(formatPath(path))}`;
}

function removeAt(value: unknown, path: Path): void {
  let holder: unknown = value;
  for (const step of path.slice(0, -1)) {
    holder = typeof holder === "object" && holder !== null ? Reflect.get(holder, step) : undefined;
  }
  const last = path.at(-1);
  if (last !== undefined && isRecord(holder)) Reflect.deleteProperty(holder, last);
}

function asRecord(value: object): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

/** Causes for a Problem list of a part of the object, such as `status`. */
export function causesBelow(field: string, problems: readonly Problem[]) {
  return problems.map((problem) => {
    const cause = causeOf(problem);
    const below = cause.field === undefined || cause.field === "" ? "" : `.${cause.field}`;
    return { ...cause, field: `${field}${below}` };
  });
}
