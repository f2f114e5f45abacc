/** Values read out of JSON that passes in pieces: those that JSON.parse finds in the same place, however it is cut. */

import { isUtf8 } from "node:buffer";
import { JsonScanner } from "../../../providers/json-scanner.ts";
import { compileShape } from "../../../providers/json-shape.ts";
import type { FoundValue } from "../../../providers/json-value.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { differenceByCut, firstDifference } from "../input-cuts.ts";
import { mutateJson } from "../json-mutations.ts";

const paths = ["model", "stream", "usage.in", "usage.more.out"] as const;
const elementPaths = ["end", "index"] as const;
const slots = paths.length + elementPaths.length + 1;
const shape = compileShape([
  ...paths.map((path, slot) => ({ path, slot, as: "value" }) as const),
  ...elementPaths.map(
    (path, at) => ({ path: `choices[].${path}`, slot: paths.length + at, as: "value" }) as const,
  ),
  { path: "choices[].delta.text", slot: slots - 1, as: "presence" },
]);

/** What is kept of a string as it is written, in bytes. */
const maxTextBytes = 1_024;
const maxNesting = 256;

const seeds = [
  '{"model":"m","stream":true,"usage":{"in":1,"more":{"out":20}},"choices":[{"end":"stop","index":1,"delta":{"text":"x"}}]}',
  ' {"us\\u0061ge":{"in":-1.5e3},"model":"\\u00e4\\\\\\"","x":[{},[],"}{"]} ',
  '{"choices":[{"end":null},7,{"index":3,"delta":{"text":""}}],"stream":null}',
];

/** The scanner against JSON.parse. */
export const jsonScannerTarget: FuzzTarget = {
  name: "json-scanner",
  promise: "the values that JSON.parse finds, however cut",
  covers: ["/providers/json-scanner", "/providers/json-value"],
  maxInputBytes: 6_000,
  words: [
    '"model":',
    '"choices":[',
    '"usage":{',
    '"in":',
    '"end":"a"',
    "\\u0061",
    '\\"',
    "true",
    "1e5",
    "[[[[",
  ],
  seeds: () => seeds.map((text) => Buffer.from(text)),
  invent: (random: Random) => Buffer.from(random.pick(seeds)),
  mutate: mutateJson,
  open: () => ({ check }),
};

interface Scan {
  readonly state: "complete" | "malformed" | "open";
  readonly values: readonly FoundValue[];
  readonly elements: readonly (readonly FoundValue[])[];
}

function check(input: Buffer): Finding {
  const difference = differenceByCut(input, (pieces) => JSON.stringify(scan(pieces)));
  return difference ?? compareWithParser(input, scan([input]));
}

function scan(pieces: readonly Buffer[]): Scan {
  const elements: FoundValue[][] = [];
  const scanner = new JsonScanner(shape, slots, {
    onElement: () => {
      elements.push(scanner.values.slice(paths.length, slots - 1));
    },
  });
  for (const piece of pieces) scanner.write(piece, 0, piece.length);
  const { isComplete, isMalformed } = scanner;
  const state = isComplete ? "complete" : isMalformed ? "malformed" : "open";
  return { state, values: scanner.values.slice(0, paths.length), elements };
}

function compareWithParser(input: Buffer, found: Scan): Finding {
  const text = input.toString("utf8");
  const document = parse(text);
  if (!isUtf8(input) || typeof document !== "object" || document === null) return undefined;
  if (found.state !== "complete") {
    return deepest(text) > maxNesting ? undefined : `JSON is found to be ${found.state}`;
  }
  const wanted = paths.map((path) => scalarAt(document, path.split(".")));
  const isLong = (value: FoundValue) =>
    typeof value === "string" && value.length * 6 > maxTextBytes;
  // Numbers are told where they are whole and plainly written, else not at all.
  const isOdd = (value: FoundValue) =>
    typeof value === "number" && (!Number.isSafeInteger(value) || /\d[.eE]/.test(text));
  const isAside = (value: FoundValue) => isLong(value) || isOdd(value);
  const problem = compare(found.values, wanted, isAside);
  if (problem !== undefined) return problem;
  // Elements of a key that comes twice are all told; a parser only has the last ones.
  if ((text.match(/choices/g) ?? []).length > 1 || text.includes("\\u")) return undefined;
  const { choices } = document as { readonly choices?: unknown };
  const elements = Array.isArray(choices) ? choices : [];
  if (elements.length !== found.elements.length) {
    return `${found.elements.length} elements are told, wanted ${elements.length}`;
  }
  for (const [index, element] of elements.entries()) {
    const values = elementPaths.map((path) => scalarAt(element, [path]));
    const wrong = compare(found.elements[index] ?? [], values, isAside);
    if (wrong !== undefined) return `element ${index}: ${wrong}`;
  }
  return undefined;
}

function compare(
  found: readonly FoundValue[],
  wanted: readonly FoundValue[],
  isAside: (value: FoundValue) => boolean,
): Finding {
  const plain = found.map((value, slot) => (isAside(wanted[slot] ?? null) ? null : value));
  const other = wanted.map((value) => (isAside(value) ? null : value));
  const [text, expected] = [JSON.stringify(plain), JSON.stringify(other)];
  return text === expected ? undefined : firstDifference(text, expected);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: the scanner may say anything.
    return undefined;
  }
}

function scalarAt(value: unknown, path: readonly string[]): FoundValue {
  let inner = value;
  for (const step of path) {
    const isObject = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    inner =
      isObject && Object.hasOwn(inner ?? {}, step) ? Reflect.get(inner ?? {}, step) : undefined;
  }
  return typeof inner === "string" || typeof inner === "number" || typeof inner === "boolean"
    ? inner
    : null;
}

/** An upper bound: brackets in strings count too. */
function deepest(text: string): number {
  let depth = 0;
  let most = 0;
  for (const character of text) {
    if (character === "[" || character === "{") most = Math.max(most, ++depth);
    else if (character === "]" || character === "}") depth--;
  }
  return Math.max(most, (text.match(/[[{]/g) ?? []).length > maxNesting ? maxNesting + 1 : most);
}
