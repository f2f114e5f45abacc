/**
 * Which regular expressions Envoy accepts: RE2 syntax (https://github.com/google/re2/wiki/Syntax) in Latin-1 mode,
 * so ASCII only and without Unicode classes. What passes here compiles there, within `maxRegexProgramSize`.
 */
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** Longest expression that is accepted, in characters. */
export const maxRegexLength = 256;

/**
 * Instructions of the largest RE2 program that an accepted expression, or a glob's, can need. Envoy refuses
 * programs over 100 unless its runtime key `re2.max_program_size.error_level` is raised to this.
 */
export const maxRegexProgramSize = 4096;

/** Largest estimate of a program's size; real sizes stay within twice the estimate. */
const maxWeight = 1000;

/** Largest product of nested repetition counts (RE2 `maximum_repeat_count`). */
const MAX_REPEAT = 1000;

/** Deepest nesting of groups; nobody reads more, and the reader recurses. */
const maxDepth = 32;

const POSIX_CLASSES = new Set(
  "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit".split(" "),
);

interface Scan {
  readonly text: string;
  position: number;
  depth: number;
  readonly names: Set<string>;
}

/** What a part of the expression costs: program size, and the product of its nested repetition counts. */
interface Cost {
  readonly weight: number;
  readonly repeats: number;
}

/** Thrown and caught in this file only: a failure deep in the recursion has nothing to clean up on its way. */
class Mistake extends Error {}

/** Accepts an expression that Envoy's RE2 compiles; otherwise says what RE2 has no form for, and where. */
export function readRegex(text: string): Reading<string> {
  if (text === "") return invalid("empty");
  if (text.length > maxRegexLength) return invalid(`longer than ${maxRegexLength} characters`);
  const strange = /[^\x20-\x7e]/.exec(text);
  if (strange !== null)
    return invalid(`character at position ${strange.index} is not printable ASCII`);
  const scan: Scan = { text, position: 0, depth: 0, names: new Set() };
  try {
    const cost = readAlternation(scan);
    if (scan.position < text.length) return invalid(`unexpected ")" at position ${scan.position}`);
    if (cost.weight > maxWeight) return invalid("too large once its repetitions are written out");
    return valid(text);
  } catch (error) {
    if (error instanceof Mistake) return invalid(error.message);
    throw error;
  }
}

function readAlternation(scan: Scan): Cost {
  let weight = 1;
  let repeats = 1;
  let atom: Cost | undefined;
  while (scan.position < scan.text.length && peek(scan) !== ")") {
    const start = scan.position;
    const repetition = readRepetition(scan);
    if (repetition !== undefined) {
      if (atom === undefined) fail(`nothing to repeat before "${repetition.text}"`, start);
      atom = repeat(atom, repetition, start);
      refuseSecondRepetition(scan);
    } else {
      weight += atom?.weight ?? 0;
      atom = readAtom(scan);
    }
    repeats = Math.max(repeats, atom?.repeats ?? 1);
  }
  return { weight: weight + (atom?.weight ?? 0), repeats };
}

/** Reads what a repetition may follow, or `|` and flags, which nothing may repeat (undefined). */
function readAtom(scan: Scan): Cost | undefined {
  const start = scan.position;
  const character = peek(scan);
  scan.position++;
  switch (character) {
    case "|":
      return undefined;
    case "(":
      return readGroup(scan, start);
    case "[":
      return readClass(scan, start);
    case "\\":
      return readEscape(scan, start);
    case ".":
      return { weight: 2, repeats: 1 };
    default:
      return { weight: 1, repeats: 1 };
  }
}

interface Repetition {
  readonly text: string;
  readonly min: number;
  /** Infinity for no end */
  readonly max: number;
}

function readRepetition(scan: Scan): Repetition | undefined {
  // A brace that is no count is a literal brace to RE2.
  const match = /^(?:[*+?]|\{(0|[1-9]\d{0,8})(,(0|[1-9]\d{0,8})?)?\})/.exec(
    scan.text.slice(scan.position),
  );
  if (match === null) return undefined;
  const [text, low, comma, high] = match;
  scan.position += text.length;
  if (low === undefined)
    return { text, min: text === "+" ? 1 : 0, max: text === "?" ? 1 : Number.POSITIVE_INFINITY };
  const min = Number(low);
  const max =
    comma === undefined ? min : high === undefined ? Number.POSITIVE_INFINITY : Number(high);
  return { text, min, max };
}

function repeat(atom: Cost, repetition: Repetition, start: number): Cost {
  const { text, min, max } = repetition;
  if (max < min) fail(`"${text}" counts backwards`, start);
  const counted = text.startsWith("{");
  const times = max === Number.POSITIVE_INFINITY ? min : max;
  const repeats = counted ? atom.repeats * Math.max(times, 1) : atom.repeats;
  if (times > MAX_REPEAT || repeats > MAX_REPEAT) {
    fail(`"${text}" repeats more than ${MAX_REPEAT} times, with what it nests in`, start);
  }
  return { weight: atom.weight * Math.max(times, 1) + (counted ? times : 1), repeats };
}

function refuseSecondRepetition(scan: Scan): void {
  if (peek(scan) === "?") scan.position++;
  const start = scan.position;
  const second = readRepetition(scan);
  if (second === undefined) return;
  fail(
    `"${second.text}" after another repetition; RE2 has no possessive or double repetition`,
    start,
  );
}

function readGroup(scan: Scan, start: number): Cost | undefined {
  const flags = readGroupStart(scan, start);
  if (flags === "flags") return undefined;
  if (++scan.depth > maxDepth) fail(`groups nested deeper than ${maxDepth}`, start);
  const inner = readAlternation(scan);
  if (peek(scan) !== ")") fail('missing ")" for the group', start);
  scan.position++;
  scan.depth--;
  return { weight: inner.weight + 2, repeats: inner.repeats };
}

function readGroupStart(scan: Scan, start: number): "group" | "flags" {
  if (peek(scan) !== "?") return "group";
  const rest = scan.text.slice(start);
  const lookaround = /^\(\?<?[=!]/.exec(rest);
  if (lookaround !== null) fail(`RE2 has no lookaround ("${lookaround[0]}")`, start);
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
  if (named !== null) {
    const [text, name = ""] = named;
    if (scan.names.has(name)) fail(`group name "${name}" is used twice`, start);
    scan.names.add(name);
    scan.position = start + text.length;
    return "group";
  }
  const flagged = /^\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)?([:)])/.exec(rest);
  if (flagged === null || flagged[0] === "(?)")
    fail(`RE2 has no group "${rest.slice(0, 4)}"`, start);
  scan.position = start + flagged[0].length;
  return flagged[1] === ":" ? "group" : "flags";
}

function readClass(scan: Scan, start: number): Cost {
  if (peek(scan) === "^") scan.position++;
  for (let first = true; first || peek(scan) !== "]"; first = false) {
    if (scan.position >= scan.text.length) fail('missing "]" for the class', start);
    if (readNamedClass(scan)) continue;
    const at = scan.position;
    const low = readClassCharacter(scan, start);
    if (peek(scan) !== "-" || scan.text[scan.position + 1] === "]") continue;
    scan.position++;
    if (scan.position >= scan.text.length) fail('missing "]" for the class', start);
    const high = readClassCharacter(scan, start);
    if (high < low) fail(`range "${scan.text.slice(at, scan.position)}" runs backwards`, at);
  }
  scan.position++;
  return { weight: scan.position - start, repeats: 1 };
}

/** Reads `[:alpha:]`, `\d` and their like inside a class. */
function readNamedClass(scan: Scan): boolean {
  const rest = scan.text.slice(scan.position);
  const match = /^(?:\[:\^?([a-z]*):\]|\\[dDsSwW])/.exec(rest);
  if (match === null) return false;
  if (match[1] !== undefined && !POSIX_CLASSES.has(match[1])) {
    fail(`no class named "${match[0]}"`, scan.position);
  }
  scan.position += match[0].length;
  return true;
}

function readClassCharacter(scan: Scan, classStart: number): number {
  const start = scan.position;
  const character = peek(scan);
  if (character === undefined) fail('missing "]" for the class', classStart);
  scan.position++;
  return character === "\\" ? readCharacterEscape(scan, start) : character.charCodeAt(0);
}

function readEscape(scan: Scan, start: number): Cost {
  const next = peek(scan);
  if (next !== undefined && "dDsSwWbBAz".includes(next)) {
    scan.position++;
    return { weight: 6, repeats: 1 };
  }
  readCharacterEscape(scan, start);
  return { weight: 1, repeats: 1 };
}

const simpleEscapes = new Map([
  ["a", 7],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
]);

function readCharacterEscape(scan: Scan, start: number): number {
  const rest = scan.text.slice(scan.position);
  const simple = simpleEscapes.get(rest.slice(0, 1));
  // A single digit from 1 is a backreference; with a second octal digit it is a character, as in RE2.
  const numeric =
    /^(?:x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]{1,6})\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(rest);
  if (numeric !== null) {
    const [text, short, long, octal] = numeric;
    const code =
      octal === undefined ? Number.parseInt(short ?? long ?? "", 16) : Number.parseInt(octal, 8);
    if (code > 0xff) fail(`"\\${text}" is more than one byte`, start);
    scan.position += text.length;
    return code;
  }
  scan.position++;
  if (simple !== undefined) return simple;
  if (/^[1-9]/.test(rest)) fail(`RE2 has no backreferences ("\\${rest.slice(0, 1)}")`, start);
  if (/^[pP]/.test(rest)) fail("Unicode classes are not available: Envoy matches bytes", start);
  if (rest === "" || /^[A-Za-z0-9]/.test(rest))
    fail(`RE2 has no escape "\\${rest.slice(0, 1)}"`, start);
  return rest.charCodeAt(0);
}

function peek(scan: Scan): string | undefined {
  return scan.text[scan.position];
}

function fail(text: string, position: number): never {
  throw new Mistake(`${text} at position ${position}`);
}
