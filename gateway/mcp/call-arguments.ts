/**
 * Arguments of one call as conditions are about them. What a server could read in two ways on the way to a value is
 * ambiguous, and nothing is read twice: a body is an agent's, and a policy may have thousands of conditions.
 */

import type { ArgumentStep } from "../../crds/argument-path.ts";
import type { ByteRange, ReadMembers } from "../../providers/json-splice-members.ts";
import { readMembers } from "../../providers/json-splice-members.ts";
import { skipSpace, skipValue } from "../../providers/json-splice-value.ts";
import { findVariant } from "./members.ts";
import { hasRepeatedKeys } from "./repeated-keys.ts";

/** One value that a path leads to. */
export type ArgumentValue =
  | { readonly kind: "missing" }
  /** Decoded, of any length */
  | { readonly kind: "text"; readonly text: string }
  /** JSON text */
  | { readonly kind: "number" | "boolean"; readonly text: string }
  | { readonly kind: "object" | "list" | "null" }
  /** The path leads through what is no object or list, or through too many elements */
  | { readonly kind: "astray" }
  /** A key on the path comes twice, or in another case */
  | { readonly kind: "ambiguous" };

/** Characters that expressions are tried on, for one body; a tenth of a second at most. */
const maxEffort = 262_144;

/** Longest arguments that can be shown as a whole, in bytes. */
export const maxShownBytes = 65_536;

/** Most elements that the `[*]` of a path lead through in one call. */
const maxElements = 1_024;

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;

const missing: ArgumentValue = { kind: "missing" };
const astray: ArgumentValue = { kind: "astray" };
const ambiguous: ArgumentValue = { kind: "ambiguous" };

/** What the calls of one body share. */
export interface MatchEffort {
  /** Characters that expressions may still be tried on */
  left: number;
}

/** The effort that one body is worth. */
export function newEffort(): MatchEffort {
  return { left: maxEffort };
}

/** The arguments of one call. */
export class CallArguments {
  readonly #body: Buffer;
  readonly #range: ByteRange | undefined;
  readonly #effort: MatchEffort;
  readonly #members = new Map<number, ReadMembers>();
  readonly #elements = new Map<number, readonly ByteRange[] | undefined>();
  readonly #values = new Map<number, ArgumentValue>();

  /** The value of `params.arguments` in a body of valid JSON, which is borrowed; undefined where there is none. */
  constructor(body: Buffer, range: ByteRange | undefined, effort: MatchEffort = newEffort()) {
    this.#body = body;
    this.#range = range;
    this.#effort = effort;
  }

  /** Whether an expression may be tried on that many characters more. */
  spend(characters: number): boolean {
    this.#effort.left -= characters;
    return this.#effort.left >= 0;
  }

  /** JSON text of the arguments; undefined where there are none. */
  get json(): string | undefined {
    if (this.#range === undefined) return undefined;
    return this.#body.toString("utf8", this.#range.start, this.#range.end);
  }

  /** Whether people may read it otherwise than the server: a key comes twice, also in another case. Long ones are not looked through. */
  get isAmbiguous(): boolean {
    const range = this.#range;
    if (range === undefined || range.end - range.start > maxShownBytes) return false;
    return hasRepeatedKeys(this.#body, range);
  }

  /** All values that a path leads to, at least one. */
  find(steps: readonly ArgumentStep[]): readonly ArgumentValue[] {
    if (this.#range === undefined) return [missing];
    const found: ArgumentValue[] = [];
    this.#walk(this.#range, { steps, at: 0, found });
    return found;
  }

  #walk(range: ByteRange, walk: Walk): void {
    const { steps, at, found } = walk;
    const step = steps[at];
    if (found.length > maxElements) return;
    if (step === undefined) found.push(this.#valueAt(range));
    else if (step === null) this.#walkElements(range, walk);
    else {
      const inner = this.#memberOf(range, step);
      if ("kind" in inner) found.push(inner);
      else this.#walk(inner, { ...walk, at: at + 1 });
    }
  }

  #walkElements(range: ByteRange, walk: Walk): void {
    const elements = this.#elementsOf(range);
    if (elements === undefined) {
      walk.found.push(astray);
      return;
    }
    if (elements.length === 0) walk.found.push(missing);
    for (const element of elements) this.#walk(element, { ...walk, at: walk.at + 1 });
    if (walk.found.length > maxElements) walk.found.push(astray);
  }

  #memberOf({ start }: ByteRange, key: string): ByteRange | ArgumentValue {
    if (this.#body[start] !== openBrace) return astray;
    const known = this.#members.get(start);
    const read = known ?? readMembers(this.#body, start);
    if (known === undefined) this.#members.set(start, read);
    if (read.kind === "malformed" || findVariant(read.members, [key]) !== undefined) {
      return ambiguous;
    }
    return read.members.get(key) ?? missing;
  }

  /** Undefined where it is no list, or too long. */
  #elementsOf({ start }: ByteRange): readonly ByteRange[] | undefined {
    if (this.#elements.has(start)) return this.#elements.get(start);
    const elements = readElements(this.#body, start);
    this.#elements.set(start, elements);
    return elements;
  }

  #valueAt({ start, end }: ByteRange): ArgumentValue {
    const known = this.#values.get(start);
    if (known !== undefined) return known;
    const value = readValue(this.#body, start, end);
    this.#values.set(start, value);
    return value;
  }
}

interface Walk {
  readonly steps: readonly ArgumentStep[];
  readonly at: number;
  readonly found: ArgumentValue[];
}

function readElements(body: Buffer, start: number): readonly ByteRange[] | undefined {
  if (body[start] !== openBracket) return undefined;
  const elements: ByteRange[] = [];
  let at = skipSpace(body, start + 1);
  while (body[at] !== closeBracket) {
    if (elements.length === maxElements) return undefined;
    const end = skipValue(body, at);
    elements.push({ start: at, end });
    at = skipSpace(body, end);
    if (body[at] === comma) at = skipSpace(body, at + 1);
  }
  return elements;
}

function readValue(body: Buffer, start: number, end: number): ArgumentValue {
  switch (body[start]) {
    case openBrace:
      return { kind: "object" };
    case openBracket:
      return { kind: "list" };
    case quote:
      return readText(String(JSON.parse(body.toString("utf8", start, end))));
    case 0x6e:
      return { kind: "null" };
    case 0x74:
    case 0x66:
      return { kind: "boolean", text: body.toString("utf8", start, end) };
    default:
      return { kind: "number", text: body.toString("utf8", start, end) };
  }
}

/** Half a character has no UTF-8 form: what a server makes of it cannot be told. */
function readText(text: string): ArgumentValue {
  return text.isWellFormed() ? { kind: "text", text } : astray;
}
