/** JSON documents with one value broken, for tests that nothing throws. */

const replacements: readonly unknown[] = [
  null,
  0,
  -1.5,
  "",
  "x",
  true,
  [],
  {},
  [null],
  [[]],
  { type: 5 },
  { type: "message" },
  { type: "function" },
];

/** Every document that differs from `value` in one member or entry, which has another value or is missing. */
export function brokenValues(value: unknown): unknown[] {
  const broken: unknown[] = [];
  for (const path of pathsOf(value)) {
    for (const replacement of replacements) broken.push(changed(value, path, replacement));
    broken.push(changed(value, path, undefined));
  }
  return broken;
}

function pathsOf(value: unknown): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key) => {
    const inner: unknown = Reflect.get(value, key);
    return [[key], ...pathsOf(inner).map((path) => [key, ...path])];
  });
}

function changed(value: unknown, path: readonly (string | number)[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  const copy: object = Array.isArray(value) ? [...value] : { ...(value as object) };
  Reflect.set(copy, key, changed(Reflect.get(copy, key), rest, to));
  return copy;
}
