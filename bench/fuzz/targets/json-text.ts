/** JSON that keeps the digits of numbers: what JSON.parse reads and nothing else, and written as it was read. */

import { isUtf8 } from "node:buffer";
import { maxJsonDepth, parseJson, writeJson } from "../../../providers/json-text.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { mutateJson } from "../json-mutations.ts";

const seeds = [
  '{"id":12345678901234567890,"x":[1.0,-0,1e400,0.1],"y":{"z":"12345678901234567890"}}',
  "[1E5,-0.0,123456789.123456789,null,true]",
  '"text with \\u00e4 1234567890123456 -0"',
];

/** The parser against JSON.parse. */
export const jsonTextTarget: FuzzTarget = {
  name: "json-text",
  promise: "accepts what JSON.parse accepts within its depth, and keeps every digit",
  covers: ["/providers/json-text", "/providers/json-weight"],
  maxInputBytes: 6_000,
  words: ["1e5", "-0", "0.10", "12345678901234567", "[[[[", '"a":', "\\u0031"],
  seeds: () => seeds.map((text) => Buffer.from(text)),
  invent: (random: Random) => Buffer.from(random.pick(seeds)),
  mutate: mutateJson,
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  const parsed = parseJson(input);
  const text = input.toString("utf8");
  const wanted = parse(text);
  if (parsed.kind === "malformed") {
    if (!wanted.isJson || !isUtf8(input)) return undefined;
    return deepest(wanted.value) > maxJsonDepth ? undefined : `JSON is refused: ${parsed.reason}`;
  }
  if (!wanted.isJson || !isUtf8(input)) return "what is no JSON is read";
  if (deepest(wanted.value) > maxJsonDepth) return "it is read deeper than allowed";
  const written = writeJson(parsed.value);
  const again = parse(written);
  if (!again.isJson || JSON.stringify(again.value) !== JSON.stringify(wanted.value)) {
    return "it is written otherwise";
  }
  const digits = JSON.stringify(numbersOf(written));
  if (hasRepeatedKey(text, wanted.value)) return undefined;
  return digits === JSON.stringify(numbersOf(text)) ? undefined : `digits are lost: ${digits}`;
}

function parse(text: string): { readonly isJson: boolean; readonly value: unknown } {
  try {
    return { isJson: true, value: JSON.parse(text) };
  } catch {
    // Not JSON.
    return { isJson: false, value: undefined };
  }
}

function deepest(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(deepest));
}

/** Exact values of the numbers outside of strings, sorted: keys that look like numbers change places. */
function numbersOf(text: string): string[] {
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return (outside.match(/-?\d[\d.eE+-]*/g) ?? []).map(exactValue).sort();
}

/** `12.50e3` and `12500` are the same number, as digits and a power of ten; zeros have no sign. */
function exactValue(number: string): string {
  const [, sign = "", whole = "", fraction = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const short = digits.replace(/0+$/, "");
  if (short === "") return "0";
  const exponent = BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - short.length);
  return `${sign}${short}e${exponent}`;
}

/** Of a member that comes twice the first value is lost, digits and all. */
function hasRepeatedKey(text: string, value: unknown): boolean {
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/:/g) ?? [];
  return colons.length !== membersOf(value);
}

function membersOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, inner) => sum + membersOf(inner), own);
}
