/**
 * Reads the JSON of a request whose shape nobody has checked: what is wrong is noted, and reading goes on with nothing
 * in its place, so that decoders need no way out of every level.
 */

import type { Feature } from "../features.ts";
import type { Unexpressed } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject } from "../json-text.ts";

/** A union of AWS's JSON protocols: an object of which one member is given. */
export interface UnionMember {
  readonly name: string;
  readonly value: JsonValue;
}

/** Reads one request. Members that are null are taken for absent, as AWS's protocols do. */
export class RequestReader {
  readonly #unexpressed: Unexpressed[] = [];
  #problem: string | null = null;

  /** What was read and the IR has no place for. */
  get unexpressed(): readonly Unexpressed[] {
    return this.#unexpressed;
  }

  /** The first thing that is wrong, as a clause; null when nothing is. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Notes what the IR has no place for. */
  note(feature: Feature, at: string): void {
    this.#unexpressed.push({ feature, at });
  }

  /** Notes that the request is malformed. */
  fail(reason: string): void {
    this.#problem ??= reason;
  }

  /** An object; an empty one for what is none. */
  object(value: JsonValue | undefined, at: string): JsonObject {
    if (isJsonObject(value)) return value;
    this.fail(`${at} is not an object`);
    return {};
  }

  /** An object that may be left out. */
  optionalObject(value: JsonValue | undefined, at: string): JsonObject | null {
    return isAbsent(value) ? null : this.object(value, at);
  }

  /** A list; an empty one for what is none. */
  list(value: JsonValue | undefined, at: string): readonly JsonValue[] {
    if (Array.isArray(value)) return value;
    this.fail(`${at} is not a list`);
    return [];
  }

  /** A list that may be left out; an empty one then. */
  optionalList(value: JsonValue | undefined, at: string): readonly JsonValue[] {
    return isAbsent(value) ? [] : this.list(value, at);
  }

  /** A text; an empty one for what is none. */
  text(value: JsonValue | undefined, at: string): string {
    if (typeof value === "string") return value;
    this.fail(`${at} is not a string`);
    return "";
  }

  /** A text that is not empty. */
  name(value: JsonValue | undefined, at: string): string {
    if (value === "") this.fail(`${at} is empty`);
    return this.text(value, at);
  }

  /** A text that may be left out. */
  optionalText(value: JsonValue | undefined, at: string): string | null {
    return isAbsent(value) ? null : this.text(value, at);
  }

  /** A number that may be left out. */
  optionalNumber(value: JsonValue | undefined, at: string): JsonNumber | null {
    if (isAbsent(value)) return null;
    if (isJsonNumber(value)) return value;
    this.fail(`${at} is not a number`);
    return null;
  }

  /** The only member of a union; null for what is none. */
  union(value: JsonValue | undefined, at: string): UnionMember | null {
    let found: UnionMember | null = null;
    const object = this.object(value, at);
    for (const name of Object.keys(object)) {
      const member = object[name];
      if (isAbsent(member)) continue;
      if (found !== null) {
        this.fail(`${at} has more than one member`);
        return null;
      }
      found = { name, value: member };
    }
    if (found === null) this.fail(`${at} has no member`);
    return found;
  }
}

function isAbsent(value: JsonValue | undefined): value is null | undefined {
  return value === undefined || value === null;
}
