/**
 * All objects by kind, in the order of precedence, and by name. Neither depends on the order in which objects were
 * given, not even when two have the same name.
 */

import type { ObjectReference } from "../../crds/meta.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";

/** The parsed type of a kind. */
export type ObjectOf<Kind extends ParsedObject["kind"]> = Extract<ParsedObject, { kind: Kind }>;

/** Objects of one compilation. */
export interface ObjectIndex {
  /** Every object once, by namespace, name and kind: what comes first takes precedence */
  readonly all: readonly ParsedObject[];
  /** Whether replicas of this gateway share limits, which objects may ask for */
  readonly sharesLimits: boolean;
  /** Names that more than one object had, with how many */
  readonly duplicates: ReadonlyMap<string, number>;
  /** Objects of a kind in precedence */
  list<Kind extends ParsedObject["kind"]>(kind: Kind): readonly ObjectOf<Kind>[];
  /** The object of that name, if there is one */
  find<Kind extends ParsedObject["kind"]>(
    kind: Kind,
    namespace: string,
    name: string,
  ): ObjectOf<Kind> | undefined;
}

/** Indexes objects. Of several with one name the one whose JSON sorts first stays, and `duplicates` says so. */
export function indexObjects(
  objects: readonly ParsedObject[],
  { sharesLimits = false }: { readonly sharesLimits?: boolean } = {},
): ObjectIndex {
  const byName = new Map<string, ParsedObject>();
  const duplicates = new Map<string, number>();
  for (const object of objects) {
    const key = objectKey(object);
    const other = byName.get(key);
    byName.set(key, other === undefined ? object : chooseFirst(other, object));
    if (other !== undefined) duplicates.set(key, (duplicates.get(key) ?? 1) + 1);
  }
  const all = [...byName.values()].toSorted(comparePrecedence);
  return {
    all,
    sharesLimits,
    duplicates,
    list: (kind) => all.filter((object) => isOfKind(object, kind)),
    find(kind, namespace, name) {
      const found = byName.get(formatReference({ kind, namespace, name }));
      return found !== undefined && isOfKind(found, kind) ? found : undefined;
    },
  };
}

/** `Kind namespace/name`: unique among objects, and how messages name one. */
export function objectKey(object: ParsedObject): string {
  return formatReference(referenceOf(object));
}

/** Order of precedence between names, for `toSorted`: by namespace, then name, then kind. */
export function compareNames(left: ObjectReference, right: ObjectReference): number {
  return (
    compareText(left.namespace, right.namespace) ||
    compareText(left.name, right.name) ||
    compareText(left.kind, right.kind)
  );
}

function comparePrecedence(left: ParsedObject, right: ParsedObject): number {
  return compareNames(referenceOf(left), referenceOf(right));
}

function isOfKind<Kind extends ParsedObject["kind"]>(
  object: ParsedObject,
  kind: Kind,
): object is ObjectOf<Kind> {
  return object.kind === kind;
}

function chooseFirst(left: ParsedObject, right: ParsedObject): ParsedObject {
  return compareText(JSON.stringify(left), JSON.stringify(right)) <= 0 ? left : right;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
