/** Takes a change back of what others may have changed meanwhile: what they did stays, and is told. */
import { isDeepStrictEqual } from "node:util";

/** What becomes of the value, and where others have changed what was to be taken back. */
export interface TakenBack {
  /** Undefined: it is gone */
  readonly value: unknown;
  /** Paths such as `spec.rules` */
  readonly conflicts: readonly string[];
}

/**
 * Brings `current` from `after` to `before`, member by member of maps; lists and texts count as one. Members that are
 * absent are undefined.
 */
export function takeBack(before: unknown, after: unknown, current: unknown, path = ""): TakenBack {
  if (isDeepStrictEqual(current, after)) return { value: before, conflicts: [] };
  if (isDeepStrictEqual(before, after) || isDeepStrictEqual(current, before)) {
    return { value: current, conflicts: [] };
  }
  if (!isMap(before) || !isMap(after) || !isMap(current)) {
    return { value: current, conflicts: [path] };
  }
  const conflicts: string[] = [];
  const members: (readonly [string, unknown])[] = [];
  for (const name of new Set([before, after, current].flatMap(Object.keys))) {
    const inner = path === "" ? name : `${path}.${name}`;
    const member = takeBack(before[name], after[name], current[name], inner);
    conflicts.push(...member.conflicts);
    if (member.value !== undefined) members.push([name, member.value]);
  }
  return { value: Object.fromEntries(members), conflicts };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
