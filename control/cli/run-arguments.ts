/**
 * Where the options of `clrk run` end and the command begins: at `--`, or at the first word that is no option, as
 * with sudo and docker. Invariant: no word of the command is ever taken for an option of ours.
 */

/** Options of `clrk run` that take the next word; a test holds them against the command's definition. */
export const runOptionsWithValue: ReadonlySet<string> = new Set([
  "--agent",
  "--gateway",
  "--file",
  "-f",
  "--secret",
  "--provider",
  "--placeholder",
]);

/** Returns the words with `--` before the command, for `run`; all others as they are. */
export function escapeRunCommand(words: readonly string[]): readonly string[] {
  if (words[0] !== "run") return words;
  let index = 1;
  while (index < words.length) {
    const word = words[index] ?? "";
    if (word === "--") return words;
    if (!word.startsWith("-")) return [...words.slice(0, index), "--", ...words.slice(index)];
    index += runOptionsWithValue.has(word) ? 2 : 1;
  }
  return words;
}
