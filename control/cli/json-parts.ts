/** Parts of JSON that somebody else made, read for their outline: what is of another sort counts as absent. */

/** What JSON calls an object: members by name. */
export type JsonMap = Readonly<Record<string, unknown>>;

/** The value when it is an object, else an empty one. */
export function mapOf(value: unknown): JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonMap)
    : {};
}

/** The objects among the items of a list. */
export function mapsOf(value: unknown): readonly JsonMap[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item) => typeof item === "object" && item !== null).map(mapOf);
}

/** The value when it is text, else `""`. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The texts among the items of a list. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The value when it is a number, else `fallback`. */
export function numberOf(value: unknown, fallback = 0): number {
  return typeof value === "number" ? value : fallback;
}
