/**
 * Sets of paths into an object, as managers own them. An element of a path is spelled as in FieldsV1:
 * `f:name` a field, `k:{"name":"a"}` an item by its keys, `v:"a"` an item by its value, `i:0` by its place.
 * Sets are never changed once made, and hold no empty child.
 */

/** A set of paths: which elements belong to it themselves, and what of each element's inside does. */
export interface FieldSet {
  readonly members: ReadonlySet<string>;
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** The set of nothing. */
export const emptyFieldSet: FieldSet = { members: new Set(), children: new Map() };

/** Collects the paths of one level; what is inside an element comes as a finished set. */
export class FieldSetBuilder {
  readonly #members = new Set<string>();
  readonly #children = new Map<string, FieldSet>();

  /** Adds the element itself. */
  member(element: string): void {
    this.#members.add(element);
  }

  /** Adds what is inside the element; an empty set adds nothing. */
  child(element: string, set: FieldSet): void {
    if (isEmptySet(set)) return;
    const present = this.#children.get(element);
    this.#children.set(element, present === undefined ? set : unionSets(present, set));
  }

  /** The set of all that was added; the builder is not used afterwards. */
  build(): FieldSet {
    if (this.#members.size === 0 && this.#children.size === 0) return emptyFieldSet;
    return { members: this.#members, children: this.#children };
  }
}

/** A set of whole paths, each a list of elements. */
export function fieldSetOfPaths(paths: readonly (readonly string[])[]): FieldSet {
  const builder = new FieldSetBuilder();
  const inside = new Map<string, (readonly string[])[]>();
  for (const [element, ...rest] of paths) {
    if (element === undefined) continue;
    if (rest.length === 0) builder.member(element);
    else inside.set(element, [...(inside.get(element) ?? []), rest]);
  }
  for (const [element, rests] of inside) builder.child(element, fieldSetOfPaths(rests));
  return builder.build();
}

/** Whether there is no path in it. */
export function isEmptySet(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0;
}

/** The set of what is inside an element. */
export function childSet(set: FieldSet, element: string): FieldSet {
  return set.children.get(element) ?? emptyFieldSet;
}

/** Whether this very path is in the set; what is inside of it does not count. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  const [element, ...rest] = path;
  if (element === undefined) return false;
  return rest.length === 0 ? set.members.has(element) : hasPath(childSet(set, element), rest);
}

/** Paths of either set. */
export function unionSets(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmptySet(one)) return other;
  if (isEmptySet(other) || one === other) return one;
  const children = new Map(one.children);
  for (const [element, set] of other.children) {
    const present = children.get(element);
    children.set(element, present === undefined ? set : unionSets(present, set));
  }
  return { members: new Set([...one.members, ...other.members]), children };
}

/** Paths of both sets. */
export function intersectSets(one: FieldSet, other: FieldSet): FieldSet {
  const builder = new FieldSetBuilder();
  for (const element of one.members) if (other.members.has(element)) builder.member(element);
  for (const [element, set] of one.children) {
    builder.child(element, intersectSets(set, childSet(other, element)));
  }
  return builder.build();
}

/** Paths of the first set that are not in the second; what is inside a path of the second stays. */
export function subtractSet(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmptySet(other)) return one;
  const builder = new FieldSetBuilder();
  for (const element of one.members) if (!other.members.has(element)) builder.member(element);
  for (const [element, set] of one.children) {
    builder.child(element, subtractSet(set, childSet(other, element)));
  }
  return builder.build();
}

/** Paths of the first set that neither are in the second nor lie inside a path of the second. */
export function subtractTrees(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmptySet(other)) return one;
  const builder = new FieldSetBuilder();
  for (const element of one.members) if (!other.members.has(element)) builder.member(element);
  for (const [element, set] of one.children) {
    if (other.members.has(element)) continue;
    builder.child(element, subtractTrees(set, childSet(other, element)));
  }
  return builder.build();
}

/** Whether both hold the same paths. */
export function equalSets(one: FieldSet, other: FieldSet): boolean {
  if (one === other) return true;
  return (
    one.members.size === other.members.size &&
    one.children.size === other.children.size &&
    [...one.members].every((element) => other.members.has(element)) &&
    [...one.children].every(([element, set]) => {
      const counterpart = other.children.get(element);
      return counterpart !== undefined && equalSets(set, counterpart);
    })
  );
}

/** Every path, in the order in which Kubernetes lists them: fields, items by keys, by value, by place; then by text. */
export function pathsOf(set: FieldSet): (readonly string[])[] {
  const elements = new Set([...set.members, ...set.children.keys()]);
  return [...elements].sort(compareElements).flatMap((element) => {
    const inside = pathsOf(childSet(set, element)).map((path) => [element, ...path]);
    return set.members.has(element) ? [[element], ...inside] : inside;
  });
}

/** Order of two elements of a path. */
export function compareElements(one: string, other: string): number {
  const rank = "fkvi".indexOf(one.charAt(0)) - "fkvi".indexOf(other.charAt(0));
  if (rank !== 0) return rank;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
