/** Whether two maps say the same, so that nothing has to be done. */

/** Whether both have the same keys with the very same values, in any order. */
export function isSameMap<Value>(
  left: ReadonlyMap<string, Value>,
  right: ReadonlyMap<string, Value>,
): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}
