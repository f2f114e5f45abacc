/**
 * A secret in memory that cannot be printed by accident: text, JSON, inspection and enumeration show `[redacted]`
 * or nothing; only `reveal()` gives it out, so every place that reads a secret can be found by searching for that word.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

/** What stands in the place of a secret wherever one would be shown. */
export const redactedText = "[redacted]";

// Keyed per process so that a fingerprint in a log is no oracle for guessing a short secret offline.
let fingerprintKey: Buffer | undefined;

/**
 * Holds one secret string. `structuredClone()` and `postMessage()` give an empty object, because private fields are not
 * cloned: a secret that another thread needs must be revealed on purpose and wrapped again there.
 */
export class SecretValue {
  readonly #secret: string;
  #fingerprint: Buffer | undefined;

  /** Wraps a secret; an empty one is allowed. Throws a TypeError, without showing the value, when it is not a string. */
  constructor(secret: string) {
    if (typeof secret !== "string") {
      throw new TypeError(`Cannot create SecretValue: want a string, got ${typeof secret}`);
    }
    this.#secret = secret;
  }

  /** The secret itself. Never put it into a message, log, record or attribute. */
  reveal(): string {
    return this.#secret;
  }

  /** Whether both hold the same text; takes the same time wherever they differ and whatever their lengths. */
  equals(other: SecretValue | string): boolean {
    const theirs = typeof other === "string" ? new SecretValue(other) : other;
    return timingSafeEqual(this.#digest(), theirs.#digest());
  }

  /**
   * Twelve hex digits that change when the secret changes; safe to log. Equal secrets have equal versions within one
   * process only: the key is random, so nothing can be guessed from it and nothing compared across restarts.
   */
  get version(): string {
    return this.#digest().toString("hex", 0, 6);
  }

  toString(): string {
    return redactedText;
  }

  toJSON(): string {
    return redactedText;
  }

  [Symbol.toPrimitive](): string {
    return redactedText;
  }

  [inspect.custom](): string {
    return redactedText;
  }

  #digest(): Buffer {
    fingerprintKey ??= randomBytes(32);
    this.#fingerprint ??= createHmac("sha256", fingerprintKey).update(this.#secret).digest();
    return this.#fingerprint;
  }
}
