/** Merges an applied object into the live one, and takes away what its applier had applied before and does no more. */
import type { JsonMap } from "../json-tree.ts";
import { emptyFieldSet, intersectSets, isEmptySet, subtractSet, unionSets } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import type { Managers } from "./managers.ts";
import { mergeObjects } from "./merge-objects.ts";
import { fieldsOf, withNamedFields } from "./owned-fields.ts";
import { removeFields } from "./remove-fields.ts";

/** What goes into one merge. */
export interface PruneOptions {
  readonly base: JsonMap;
  readonly wanted: JsonMap;
  /** Fields of the applier's last apply; undefined if this is its first */
  readonly last: FieldSet | undefined;
  /** All managers, the applier already with the fields it applies now */
  readonly managers: Managers;
  readonly schema: JsonMap;
}

/** The merged object. Fields of the last apply go unless another manager, or this apply, owns them or a part of them. */
export function pruneFields({ base, wanted, last, managers, schema }: PruneOptions): JsonMap {
  const merged = mergeObjects(base, wanted, schema);
  if (last === undefined || isEmptySet(last)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, schema);
  const all = named(fieldsOf(merged, schema));
  const owned = [...managers.values()].reduce(
    (set, { fields }) => unionSets(set, fields),
    emptyFieldSet,
  );
  const without = removeFields(merged, named(last), schema);
  const kept = unionSets(named(fieldsOf(without, schema)), named(owned));
  const pruned = removeFields(merged, subtractSet(all, kept), schema);
  // What was inside a removed field and was not the applier's is no longer its to remove.
  const gone = subtractSet(all, named(fieldsOf(pruned, schema)));
  return removeFields(merged, intersectSets(gone, named(last)), schema);
}
