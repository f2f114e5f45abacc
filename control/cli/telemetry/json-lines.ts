/**
 * JSON on several lines. Invariant: only white space changes, so that long numbers, repeated keys and the order of
 * members are shown as they were sent.
 */

/** A document of brackets alone must not become megabytes of blanks. */
const deepestIndent = 32;

/** Longer texts are shown as they are: one string of some megabytes is too long for the expression below. */
const mostIndented = 1_048_576;

/** The text with two blanks a level, as lines; undefined for what is no JSON object or list. */
export function tryIndentJson(text: string): string[] | undefined {
  if (text.length > mostIndented || !/^\s*[[{]/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined; // cut, or something else that begins so
  }
  return indent(text);
}

// Strings, brackets and separators; whatever else there is between them are numbers, words and blanks.
const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g;

function indent(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  let depth = 0;
  let wasOpened = false;
  const end = () => {
    lines.push(line);
    line = "  ".repeat(Math.min(depth, deepestIndent));
  };
  for (const [word] of text.matchAll(token)) {
    const isClosing = word === "]" || word === "}";
    if (isClosing) {
      depth--;
      if (!wasOpened) end();
    } else if (wasOpened) end();
    wasOpened = word === "[" || word === "{";
    if (wasOpened) depth++;
    line += word === ":" ? ": " : word;
    if (word === ",") end();
  }
  lines.push(line);
  return lines;
}
