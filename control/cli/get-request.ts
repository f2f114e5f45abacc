/** What `clrk get`, `describe` and `delete` are asked for: kinds and names out of the words of a command line. */
import { CliError, EXIT_CODE } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";

/** Objects of one kind, as the user wrote it. */
export interface WantedObjects {
  readonly kindWord: string;
  /** All of the kind when empty */
  readonly names: readonly string[];
}

/**
 * Reads `KIND[,KIND…] [NAME…]` or `KIND/NAME…`; names of one kind are put together. Throws a `CliError` (wrong usage)
 * where both are mixed or a part is empty. `verb` begins the sentence.
 */
export function parseWanted(words: readonly string[], verb: string): readonly WantedObjects[] {
  const [first = "", ...names] = words;
  if (!first.includes("/")) {
    const kindWords = [...new Set(first.split(","))];
    const isEmpty = first !== "" && kindWords.includes("");
    const odd = isEmpty ? first : names.find((name) => name.includes("/") || name === "");
    if (odd === undefined) {
      return kindWords.map((kindWord) => ({ kindWord, names: [...new Set(names)] }));
    }
    if (isEmpty)
      throw usage(`Cannot ${verb} "${escapeControls(odd)}": a kind beside a comma is missing`);
    throw usage(
      `Cannot ${verb} "${escapeControls(odd)}": wanted names after KIND, or only KIND/NAME`,
    );
  }
  const byKind = new Map<string, Set<string>>();
  for (const word of words) {
    const [kindWord = "", name = "", ...rest] = word.split("/");
    if (kindWord === "" || name === "" || rest.length > 0) {
      throw usage(`Cannot ${verb} "${escapeControls(word)}": wanted KIND/NAME`);
    }
    byKind.set(kindWord, (byKind.get(kindWord) ?? new Set()).add(name));
  }
  return [...byKind].map(([kindWord, found]) => ({ kindWord, names: [...found] }));
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}
