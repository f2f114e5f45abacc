/** What a request's decoders note while they read: what the IR has no place for, and the first thing that is wrong. */

import type { Feature } from "../features.ts";
import type { Unexpressed } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { isSaid, memberOf } from "./json-members.ts";

/** Notes of one request. */
export class RequestNotes {
  readonly unexpressed: Unexpressed[] = [];
  #reason: string | null = null;

  /** Clause about the first thing that is wrong; null: nothing is. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Notes something that the IR has no place for; `at` is a path of names. */
  miss(feature: Feature, at: string): void {
    this.unexpressed.push({ feature, at });
  }

  /** Notes that a value cannot be read; the clause holds no values. */
  fail(reason: string): void {
    this.#reason ??= reason;
  }

  /** A member that must be text; empty, and noted, where it is none. */
  text(object: JsonObject, key: string, at: string): string {
    const value = memberOf(object, key);
    if (typeof value === "string") return value;
    this.fail(`${at}.${key} is not a string`);
    return "";
  }

  /** A member that must be text which is not empty; empty, and noted, where it is none. */
  name(object: JsonObject, key: string, at: string): string {
    const value = this.text(object, key, at);
    if (value === "") this.fail(`${at}.${key} is empty`);
    return value;
  }

  /** A member that must be an object; empty, and noted, where it is none. */
  object(object: JsonObject, key: string, at: string): JsonObject {
    const value = memberOf(object, key);
    if (isJsonObject(value)) return value;
    this.fail(`${at}.${key} is not an object`);
    return {};
  }

  /** A list that may be absent; empty, and noted, where it is something else. */
  list(value: JsonValue | undefined, at: string): readonly JsonValue[] {
    if (!isSaid(value)) return [];
    if (Array.isArray(value)) return value;
    this.fail(`${at} is not a list`);
    return [];
  }

  /** Notes members that are none of those that were read, except those that are null. */
  missOthers(object: JsonObject, known: ReadonlySet<string>, at: string): void {
    for (const key of Object.keys(object)) {
      if (!known.has(key) && isSaid(object[key])) this.miss("unknown-field", `${at}.${key}`);
    }
  }
}
