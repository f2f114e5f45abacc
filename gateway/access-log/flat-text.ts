/**
 * Texts that are kept: V8 represents a part of a text as a view of the whole and a joined text as its parts. A kept
 * view keeps the whole in memory, and one of either kind in a record doubles the time of `JSON.stringify()`.
 */

/** Shorter texts are always copies of their own. */
const shortest = 13;

const scratchBytes = 4_096;
let scratch: Buffer | undefined;

/** The same text as a copy of its own; a lone surrogate becomes U+FFFD. */
export function flatText(text: string): string {
  if (text.length < shortest) return text;
  // A character of UTF-16 has at most three bytes in UTF-8.
  if (text.length * 3 > scratchBytes) return Buffer.from(text).toString();
  scratch ??= Buffer.allocUnsafeSlow(scratchBytes);
  return scratch.toString("utf8", 0, scratch.write(text));
}

/** The same for a text that may be absent. */
export function flatOrNull(text: string | null): string | null {
  return text === null ? null : flatText(text);
}
