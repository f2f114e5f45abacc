/**
 * Which source files have a test file of their own beside them.
 * `main.ts` only wires, and a file that declares nothing but types has no behaviour: both are exempt.
 */
import { isTest } from "./repository.ts";
import type { SourceFile } from "./source-file.ts";

/** How many files have their own test, and which do not. */
export interface Pairs {
  /** Files that should have one */
  readonly total: number;
  readonly lonely: readonly string[];
  /** Whole percent, 100 for no files */
  readonly percent: number;
}

/** Pairs each source file with `<name>.test.ts` beside it; the bench's own parts are tested by what runs on them. */
export function measurePairs(files: readonly SourceFile[]): Pairs {
  const paths = new Set(files.map((file) => file.path));
  const sources = files.filter(needsTest).map((file) => file.path);
  const lonely = sources.filter((path) => !paths.has(path.replace(/\.ts$/, ".test.ts")));
  const percent =
    sources.length === 0
      ? 100
      : Math.floor(((sources.length - lonely.length) / sources.length) * 100);
  return { total: sources.length, lonely, percent };
}

function needsTest(file: SourceFile): boolean {
  const isExempt = isTest(file.path) || /(?:^|\/)main\.ts$/.test(file.path);
  const isBehaviour = !/^(?:examples|bench\/(?:harness|load|compare|attacks))\//.test(file.path);
  return !isExempt && isBehaviour && !isTypeOnly(file);
}

/** A file without any function, class, constant or call: what remains is types and imports. */
function isTypeOnly(file: SourceFile): boolean {
  const values = new Set(["function", "class", "const", "let", "var", "new", "await"]);
  return !file.code.some((token, index) => {
    const previous = file.code[index - 1];
    return token.kind === "word" && values.has(token.text) && previous?.text !== ".";
  });
}
