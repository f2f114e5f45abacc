/** What a decoder notes while it reads a request: the first thing that is wrong, and what the IR has no place for. */

import type { Feature } from "../features.ts";
import type { Unexpressed } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";

/** Longest name of a field that is noted. */
const longestName = 64;

/** Notes on one request; places are paths into its body. */
export class RequestNotes {
  readonly unexpressed: Unexpressed[] = [];
  #problem: string | null = null;

  /** A clause about the first thing that is wrong; null: nothing. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Something is wrong, told as a clause. */
  fail(clause: string): void {
    this.#problem ??= clause;
  }

  /** The IR has no place for something. */
  leave(feature: Feature, at: string): void {
    this.unexpressed.push({ feature, at });
  }

  /** Notes every field of a message that is not known; null and absent ones say nothing. */
  leaveUnknown(message: JsonObject, known: ReadonlySet<string>, place: FieldPlace): void {
    for (const key in message) {
      const value = message[key];
      if (known.has(key) || value === null || value === undefined) continue;
      this.leave(place.feature, `${place.at}${key.slice(0, longestName)}`);
    }
  }
}

/** Where unknown fields stand, and what they are. */
export interface FieldPlace {
  /** Path of the message with a point at its end; empty for the body */
  readonly at: string;
  readonly feature: Feature;
}
