/**
 * Removes credentials from short texts that come again and again, such as names of models: a text that was looked at is
 * remembered, because looking costs ten times as much.
 */

import { isKeyShaped } from "../gateway/key-shape.ts";
import { redactedText } from "../gateway/secret-value.ts";
import type { ValueRedactor } from "../gateway/value-redactor.ts";

/** Texts remembered; all are forgotten when there are more, so that nobody grows it. */
const maxRemembered = 256;

/** Longer ones are looked at each time. */
const maxRememberedLength = 128;

/** Looks at words of transactions. */
export class WordRedactor {
  readonly #redactor: ValueRedactor;
  readonly #harmless = new Set<string>();

  /** By the values that the redactor knows, and by the shape of keys. */
  constructor(redactor: ValueRedactor) {
    this.#redactor = redactor;
  }

  /** The word without what is a credential in it; null stays null. */
  redact<Word extends string | null>(word: Word): Word | string;
  redact(word: string | null): string | null {
    if (word === null || this.#harmless.has(word)) return word;
    const shown = this.redactOnce(word);
    if (shown === word && word.length <= maxRememberedLength) this.#remember(word);
    return shown;
  }

  /** The same for a text that does not come again. */
  redactOnce<Word extends string | null>(word: Word): Word | string;
  redactOnce(word: string | null): string | null {
    if (word === null) return null;
    return isKeyShaped(word) ? redactedText : this.#redactor.redactText(word);
  }

  #remember(word: string): void {
    if (this.#harmless.size >= maxRemembered) this.#harmless.clear();
    this.#harmless.add(word);
  }
}
