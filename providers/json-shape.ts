/**
 * Which values of a JSON document are wanted, as a tree that the scanner walks along: what is not on it is skipped
 * without a look. Paths are written `usage.prompt_tokens` and `choices[].finish_reason`.
 */

/** One wanted value. */
export interface WantedValue {
  /** Keys from the root, joined by dots; `[]` after a key goes into every element of its array */
  readonly path: string;
  /** Where the scanner puts it */
  readonly slot: number;
  /** The value itself, or only that it is a string which is not empty */
  readonly as: "value" | "presence";
}

/** One place of the tree; the root stands for the document. */
export interface JsonShape {
  readonly key: string;
  /** The key in UTF-8 */
  readonly name: Uint8Array;
  readonly members: readonly JsonShape[];
  /** What every element is, where an array is wanted */
  readonly element: JsonShape | null;
  /** -1 where the value itself is not wanted */
  readonly slot: number;
  readonly as: "value" | "presence";
  /** Slots of values here and below: a repeated key takes them back. Presence stays. */
  readonly slots: readonly number[];
}

interface GrowingShape extends JsonShape {
  readonly members: GrowingShape[];
  element: GrowingShape | null;
  slot: number;
  as: "value" | "presence";
  readonly slots: number[];
}

/** The tree of all wanted values. Several paths may share a slot; raises a RangeError for a path that is given twice. */
export function compileShape(wanted: readonly WantedValue[]): JsonShape {
  const root = createPlace("");
  for (const { path, slot, as } of wanted) {
    const places = openPlaces(root, path);
    const place = places.at(-1) ?? root;
    if (place.slot >= 0) throw new RangeError(`Cannot want "${path}" twice`);
    place.slot = slot;
    place.as = as;
    if (as === "value") for (const one of places) one.slots.push(slot);
  }
  return root;
}

/** Every place on the way to a path, the root first. */
function openPlaces(root: GrowingShape, path: string): GrowingShape[] {
  const places = [root];
  let place = root;
  for (const step of path.split(".")) {
    const key = step.replace(/(?:\[\])+$/, "");
    place = openMember(place, key);
    places.push(place);
    for (let depth = key.length; depth < step.length; depth += 2) {
      place.element ??= createPlace("");
      place = place.element;
      places.push(place);
    }
  }
  return places;
}

function openMember(place: GrowingShape, key: string): GrowingShape {
  const known = place.members.find((member) => member.key === key);
  if (known !== undefined) return known;
  const member = createPlace(key);
  place.members.push(member);
  return member;
}

function createPlace(key: string): GrowingShape {
  return {
    key,
    name: new TextEncoder().encode(key),
    members: [],
    element: null,
    slot: -1,
    as: "value",
    slots: [],
  };
}
