/**
 * Bounds the output of a request in its own dialect, by changing its bytes no further than that. What a server could
 * read as another bound than we do is malformed.
 */

import type { ByteRange } from "./json-splice-members.ts";
import type { ObjectBody } from "./json-splice-body.ts";
import { decodeScalar } from "./json-value.ts";
import { foldCase, readMembers } from "./json-splice-members.ts";
import type { ReadMembers } from "./json-splice-members.ts";
import type { Members, Splice } from "./json-splices.ts";
import { appendMember, applySplices } from "./json-splices.ts";
import type { OutputPlace } from "./output-place.ts";

/** What a request may ask for. */
export interface OutputBound {
  /** Most tokens of all answers together; undefined: as many as the request says */
  readonly most: number | undefined;
  /** Taken for what the request may get where neither it nor `most` says anything; nothing is put into it */
  readonly usual: number;
}

/** The bounded request, or a clause about what is wrong with it. */
export type BoundedOutput =
  | {
      readonly kind: "ok";
      /** Undefined: nothing had to be changed */
      readonly body: Buffer | undefined;
      /** Most tokens of all answers together, as far as the request says; at least 0 */
      readonly tokens: number;
    }
  | { readonly kind: "malformed"; readonly reason: string };

/** Bounds a request, whose body is borrowed. */
export function boundOutput(
  body: ObjectBody,
  place: OutputPlace,
  bound: OutputBound,
): BoundedOutput {
  try {
    return bounded(body, place, bound);
  } catch (error) {
    if (error instanceof Malformed) return { kind: "malformed", reason: error.message };
    throw error;
  }
}

class Malformed extends Error {}

const openBrace = 0x7b;
const openBracket = 0x5b;

/** A request that asks for a longer one asks for no number of tokens that anybody has. */
const longestNumber = 24;

function bounded(
  { bytes: body, top }: ObjectBody,
  place: OutputPlace,
  { most, usual }: OutputBound,
): BoundedOutput {
  const reader: Reader = { body, top, keys: place.keys };
  const answers = countAnswers(reader, place);
  const each = most === undefined ? undefined : Math.floor(most / answers);
  if (each === 0) {
    return {
      kind: "malformed",
      reason: `it asks for ${answers} answers, and ${most} tokens are allowed`,
    };
  }
  const greatest = greatestAt(reader, place.limits);
  if (greatest === undefined) {
    if (each === undefined) return { kind: "ok", body: undefined, tokens: usual * answers };
    const added = addMember(reader, place.limits[0], String(each));
    const parts = lowerAll(reader, place.parts, each - 1);
    return { kind: "ok", body: applySplices(body, [added, ...parts]), tokens: each * answers };
  }
  if (each === undefined || greatest <= each) {
    return { kind: "ok", body: undefined, tokens: greatest * answers };
  }
  const splices = [
    ...lowerAll(reader, place.limits, each),
    ...lowerAll(reader, place.parts, each - 1),
  ];
  return { kind: "ok", body: applySplices(body, splices), tokens: each * answers };
}

interface Reader {
  readonly body: Buffer;
  readonly top: Members;
  readonly keys: OutputPlace["keys"];
}

function countAnswers(reader: Reader, { answers = [], prompts }: OutputPlace): number {
  const most = Math.max(1, greatestAt(reader, answers) ?? 1);
  return most * (prompts === undefined ? 1 : countPrompts(reader, prompts));
}

/** The greatest of the numbers that stand there; undefined where there is none. */
function greatestAt(reader: Reader, paths: readonly string[]): number | undefined {
  let greatest: number | undefined;
  for (const path of paths) {
    const found = numberAt(reader, path);
    if (found !== undefined) greatest = Math.max(greatest ?? 0, found.value);
  }
  return greatest;
}

/** A list of numbers is one prompt, in tokens; a list of anything else is a list of prompts. */
function countPrompts({ body, top, keys }: Reader, path: string): number {
  const range = find(top, path, keys);
  if (range === undefined || body[range.start] !== openBracket) return 1;
  const list: unknown = JSON.parse(body.toString("utf8", range.start, range.end));
  if (!Array.isArray(list) || list.every((one) => typeof one === "number")) return 1;
  return Math.max(1, list.length);
}

function lowerAll(reader: Reader, paths: readonly string[] = [], most: number): Splice[] {
  return paths.flatMap((path) => {
    const found = numberAt(reader, path);
    return found === undefined || found.value <= most
      ? []
      : [{ ...found.range, text: String(most) }];
  });
}

/** The number that stands there; undefined where there is none, or null, which servers take for none. */
function numberAt(
  reader: Reader,
  path: string,
): { readonly value: number; readonly range: ByteRange } | undefined {
  const range = rangeAt(reader, path);
  if (range === undefined) return undefined;
  const plain = decodeScalar(reader.body, range.start, range.end);
  if (typeof plain === "number" && plain >= 0) return { value: plain, range };
  const text = reader.body.toString(
    "utf8",
    range.start,
    Math.min(range.end, range.start + longestNumber + 1),
  );
  if (text === "null") return undefined;
  const value = text.length > longestNumber ? Number.NaN : Number(text);
  if (!/^-?\d/.test(text) || !(value >= 0))
    throw new Malformed(`${path} is not a number of tokens`);
  return { value: Math.ceil(value), range };
}

function rangeAt({ body, top, keys }: Reader, path: string): ByteRange | undefined {
  if (!path.includes(".")) return find(top, path, keys);
  const names = path.split(".");
  let members = top;
  for (const [depth, name] of names.entries()) {
    const range = find(members, name, keys);
    if (range === undefined || depth === names.length - 1) return range;
    if (isNull(body, range)) return undefined;
    members = objectAt(body, range, name);
  }
  return undefined;
}

/** Puts the member in, with the objects around it as far as they are missing. */
function addMember({ body, top, keys }: Reader, path: string, value: string): Splice {
  const names = path.split(".");
  let members = top;
  for (const [depth, name] of names.entries()) {
    const range = find(members, name, keys);
    const inner = names.slice(depth + 1).reduceRight((text, key) => `{"${key}":${text}}`, value);
    if (range === undefined) return appendMember(members, name, inner);
    if (isNull(body, range)) return { ...range, text: inner };
    members = objectAt(body, range, name);
  }
  throw new Malformed(`${path} is there already`);
}

function objectAt(body: Buffer, range: ByteRange, name: string): Members {
  if (body[range.start] !== openBrace) throw new Malformed(`${name} is not an object`);
  return membersOf(readMembers(body, range.start));
}

function isNull(body: Buffer, { start, end }: ByteRange): boolean {
  return end - start === 4 && body.toString("latin1", start, end) === "null";
}

/** Servers that do not tell cases apart would find a member here that others do not. */
function find(
  { members, folded }: Members,
  name: string,
  keys: OutputPlace["keys"],
): ByteRange | undefined {
  if (keys === undefined) {
    const range = members.get(name);
    if (range === undefined && folded.has(foldCase(name))) {
      throw new Malformed(`${name} is in another case`);
    }
    return range;
  }
  const wanted = plainKey(name);
  const alike = [...members].filter(([key]) => plainKey(key) === wanted);
  const [first] = alike;
  if (first === undefined) return undefined;
  if (alike.length > 1) throw new Malformed(`${name} is there twice`);
  const [key, range] = first;
  if (key !== name && key !== snakeCase(name)) {
    throw new Malformed(`${name} is in another case`);
  }
  return range;
}

function plainKey(key: string): string {
  return foldCase(key).replaceAll("_", "");
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function membersOf(read: ReadMembers): Members {
  if (read.kind === "malformed") throw new Malformed(read.reason);
  return read;
}
