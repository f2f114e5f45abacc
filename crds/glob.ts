/**
 * Our globs: `*` stands for any characters (none, and `/` too), `?` for exactly one; all else is literal, and a
 * glob covers the whole text. Matching takes time in proportion to glob × text, whatever an agent sends.
 */
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** Longest glob that is accepted, in characters. */
export const maxGlobLength = 256;

/** Envoy compiles RE2 in Latin-1 mode, where `.` is one byte; one character of UTF-8 is a lead byte and what continues it. */
const oneCharacter = "(?:[\\x00-\\x7f]|[\\xc0-\\xff][\\x80-\\xbf]*)";

/**
 * Accepts a glob as it is. Brackets, braces and backslashes are refused rather than taken literally: to most
 * people they are classes and escapes, and a deny rule that silently never matches lets everything through.
 */
export function readGlob(text: string): Reading<string> {
  if (text === "") return invalid("empty");
  if (text.length > maxGlobLength) return invalid(`longer than ${maxGlobLength} characters`);
  const special = /[[\]{}\\]/.exec(text);
  if (special !== null) {
    return invalid(
      `character "${special[0]}" at position ${special.index}; only "*" and "?" are special here`,
    );
  }
  const control = /\p{Cc}/u.exec(text);
  return control === null ? valid(text) : invalid(`control character at position ${control.index}`);
}

/** Whether the whole of `text` is what the glob means; letters of different case differ. */
export function matchGlob(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (t < text.length) {
    const wanted = glob[g];
    if (wanted === "*") {
      starAt = g++;
      resumeAt = t;
    } else if (wanted === "?") {
      g++;
      t += characterLength(text, t);
    } else if (wanted !== undefined && wanted === text[t]) {
      g++;
      t++;
    } else if (starAt !== -1) {
      // Only the last star needs to take more: what an earlier one took was already the shortest.
      g = starAt + 1;
      resumeAt += characterLength(text, resumeAt);
      t = resumeAt;
    } else {
      return false;
    }
  }
  while (glob[g] === "*") g++;
  return g === glob.length;
}

/** The glob as an RE2 expression for Envoy (unanchored: Envoy matches whole texts), over UTF-8 bytes. */
export function globToRegex(glob: string): string {
  return glob.replace(/\*+|[?.+^$|()[\]{}\\]/g, (special) => {
    if (special.startsWith("*")) return "(?s:.*)";
    return special === "?" ? oneCharacter : `\\${special}`;
  });
}

/** Characters are code points, as in RE2: a surrogate pair is one. */
function characterLength(text: string, position: number): 1 | 2 {
  return (text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
}
