/** Changes of JSON that keep it JSON: values of another sort, members left out, repeated, renamed, moved and nested. */

import type { Random } from "../../extproc/testdata/random.ts";

/** Values that stand in for any other. */
const strange: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    9_007_199_254_740_991,
    -0,
    "",
    "text",
    "a b",
    "\ud83e\udd8a",
  ],
  ...[
    "\u0000",
    "\ud800",
    "__proto__",
    "2024-01-01T00:00:00Z",
    "aGk=",
    "data:image/png;base64,aGk=",
    "user",
  ],
  ...[[], {}, [[]], [null], [{}], { type: "text", text: "x" }, { a: { b: [] } }],
];

/** A copy of the value with one to three changes; `other` is a value of which parts are taken over. */
export function mutateValue(value: unknown, other: unknown, random: Random): unknown {
  let changed = structuredClone(value);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const places = placesOf(changed, []);
    const place = random.pick(places);
    const parts = placesOf(other, []);
    changed = replaceAt(changed, place, (old) => {
      switch (random.below(6)) {
        case 0:
          return pickStrange(random);
        case 1:
          return valueAt(other, random.pick(parts));
        case 2:
          return changeText(old, random);
        default:
          return changeContainer(old, random);
      }
    });
  }
  return changed;
}

/** JSON text of a value, now and then with a key that comes twice, deep nesting or odd numbers and spaces. */
export function writeOddly(value: unknown, random: Random): Buffer {
  const text = JSON.stringify(value) ?? "null";
  switch (random.below(12)) {
    case 0:
      return Buffer.from(JSON.stringify(value, null, random.pick([" ", "\t", "\r\n"])) ?? "null");
    case 1:
      return Buffer.from(text.replace(/"([a-z_]+)":/, (all, key) => `"${key}":1,${all}`));
    case 2:
      return Buffer.from(text.replace(/"([a-z])/, (_all, first: string) => `"${escaped(first)}`));
    case 3:
      return Buffer.from(
        text.replace(/\d+/, random.pick(["1e400", "-0", "1.0", "12345678901234567890", "01"])),
      );
    case 4: {
      const depth = random.pick([10, 255, 257, 511, 513, 1_001, 1_800]);
      return Buffer.from(
        text.replace(/null|\d+|"[^"]*"(?!:)/, `${"[".repeat(depth)}${"]".repeat(depth)}`),
      );
    }
    default:
      return Buffer.from(text);
  }
}

/** A copy: what is put into a value may be changed next. */
function pickStrange(random: Random): unknown {
  return structuredClone(random.pick(strange));
}

type Place = readonly (string | number)[];

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function placesOf(value: unknown, place: Place): Place[] {
  if (typeof value !== "object" || value === null) return [place];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [place, ...steps.flatMap((step) => placesOf(Reflect.get(value, step), [...place, step]))];
}

function valueAt(value: unknown, place: Place): unknown {
  let inner = value;
  for (const step of place) {
    inner = typeof inner === "object" && inner !== null ? Reflect.get(inner, step) : undefined;
  }
  return structuredClone(inner);
}

function replaceAt(value: unknown, place: Place, change: (old: unknown) => unknown): unknown {
  const [step, ...rest] = place;
  if (step === undefined) return change(value);
  if (typeof value !== "object" || value === null) return value;
  const inner = replaceAt(Reflect.get(value, step), rest, change);
  // Defined, because assignment to `__proto__` would do something else.
  Object.defineProperty(value, step, {
    value: inner,
    enumerable: true,
    writable: true,
    configurable: true,
  });
  return value;
}

function changeText(old: unknown, random: Random): unknown {
  if (typeof old === "number") return old + random.pick([1, -1, 0.5, 1_000_000]);
  if (typeof old !== "string") return old;
  const at = random.below(old.length + 1);
  return random.pick([
    old.slice(0, at),
    old + old,
    `${old.slice(0, at)}\u00e4${old.slice(at)}`,
    old.toUpperCase(),
  ]);
}

function changeContainer(old: unknown, random: Random): unknown {
  if (Array.isArray(old)) {
    const at = random.below(old.length + 1);
    if (old.length === 0 || random.below(3) === 0) return [...old, pickStrange(random)];
    const item: unknown = old[at % old.length];
    return random.pick([
      old.filter((_, index) => index !== at),
      [...old, structuredClone(item)],
      [old],
      old.toReversed(),
    ]);
  }
  if (typeof old !== "object" || old === null)
    return random.pick([old, [old], pickStrange(random)]);
  const entries: [string, unknown][] = Object.entries(old);
  const at = random.below(entries.length + 1);
  const without = entries.filter((_, index) => index !== at);
  switch (random.below(4)) {
    case 0:
      return Object.fromEntries(without);
    case 1:
      return Object.fromEntries(entries.toReversed());
    case 2: {
      const [key] = entries[at] ?? ["extra"];
      return Object.fromEntries([...without, [key, pickStrange(random)]]);
    }
    default: {
      const [key, value] = entries[at] ?? ["extra", 1];
      return Object.fromEntries([
        ...without,
        [random.pick([`${key}_x`, key.toUpperCase(), "type"]), value],
      ]);
    }
  }
}

/** `mutateValue` on an input that is JSON, with itself as the other value; undefined where it is none. */
export function mutateJson(input: Buffer, random: Random): Buffer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(input.toString("utf8"));
  } catch {
    // Only bytes can be changed of what is no JSON.
    return undefined;
  }
  return writeOddly(mutateValue(value, value, random), random);
}
