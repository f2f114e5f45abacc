/**
 * Documentation that must exist: a docblock for each file, a docstring for each export, a README for each directory.
 * A docstring that only repeats its symbol's words counts as missing: it would be noise.
 */
import { findExports, findFileDoc } from "./exports.ts";
import { isTest } from "./repository.ts";
import type { SourceFile } from "./source-file.ts";

/** A README with its text. */
export interface Readme {
  /** Path from the repository root */
  readonly path: string;
  readonly text: string;
}

/** One page; a longer README hides what it wants to tell. */
const readmeMaxLines = 90;

/** Words that say nothing by themselves. */
const emptyWords = new Set(
  (
    "a an the of to for from in on at by with and or is are be it its this that these which " +
    "get gets set sets return returns given create creates new make makes build builds represent " +
    "represents type interface class function value object constant field fields"
  ).split(" "),
);

/** One sentence, led by `path:line`, for each missing or empty piece of documentation in the sources. */
export function checkDocs(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    // A test is for the file beside it, and its name says so.
    const isOpened = isTest(file.path) || Boolean(findFileDoc(file));
    const opening = isOpened ? [] : [`${file.path}:1: does not start with a docblock`];
    const exports = findExports(file).flatMap(({ name, doc, line }) => {
      if (doc === undefined || doc === "") {
        return [`${file.path}:${line}: export ${name} has no docstring`];
      }
      if (!repeatsName(name, doc)) return [];
      return [`${file.path}:${line}: docstring of ${name} only repeats its name`];
    });
    return [...opening, ...exports];
  });
}

/**
 * One sentence for each top-level directory with sources but no README, and for each README that is
 * longer than a page. The README of the root is the user's and may be longer.
 */
export function checkReadmes(files: readonly SourceFile[], readmes: readonly Readme[]): string[] {
  const sources = files.filter((file) => !isTest(file.path) && file.path.includes("/"));
  const directories = new Set(sources.map((file) => file.path.split("/")[0] ?? ""));
  const present = new Set(readmes.map((readme) => readme.path));
  const missing = [...directories]
    .filter((directory) => !present.has(`${directory}/README.md`))
    .map((directory) => `${directory}: has no README.md`);
  const long = readmes
    .filter((readme) => readme.path.includes("/"))
    .map((readme) => ({ path: readme.path, lines: readme.text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > readmeMaxLines)
    .map(({ path, lines }) => `${path}: ${lines} lines, limit ${readmeMaxLines}`);
  return [...missing, ...long];
}

function repeatsName(name: string, doc: string): boolean {
  const own = new Set(words(name.replace(/([a-z\d])([A-Z])/g, "$1 $2")).map(stem));
  return words(doc).every((word) => emptyWords.has(word) || own.has(stem(word)));
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
}

/** Cuts the commonest endings, so that "parses" and "parse" are one word. */
function stem(word: string): string {
  return word.replace(/(?:ing|ies|es|ed|s|e|y)$/, "");
}
