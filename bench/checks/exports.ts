/**
 * The exported declarations of a file with their docstrings, read from its tokens.
 * A list (`export { a }`) declares nothing and is left out.
 */
import type { SourceFile, Token } from "./source-file.ts";

/** One exported declaration. */
export interface ExportedDeclaration {
  /** `default` for a default export; empty for a destructuring pattern */
  readonly name: string;
  readonly kind: "function" | "class" | "const" | "interface" | "type" | "default" | "other";
  readonly line: number;
  /** Text of the doc comment right before it, marks removed; the file's own docblock does not count */
  readonly doc: string | undefined;
}

/** Every exported declaration in order, overloads of one function once. */
export function findExports(file: SourceFile): ExportedDeclaration[] {
  const found = new Map<string, ExportedDeclaration>();
  for (const [index, token] of file.tokens.entries()) {
    if (token.kind !== "word" || token.text !== "export") continue;
    const declaration = readDeclaration(file.tokens, index);
    if (declaration === undefined) continue;
    const key = `${declaration.kind} ${declaration.name}`;
    if (!found.has(key)) found.set(key, declaration);
  }
  return [...found.values()];
}

/** The file's opening docblock, marks removed, or undefined when the file starts with anything else. */
export function findFileDoc(file: SourceFile): string | undefined {
  const first = file.tokens[0];
  return first?.text.startsWith("/**") === true ? plainText(first.text) : undefined;
}

const modifiers = new Set(["declare", "abstract", "async"]);
const keywords = new Map<string, ExportedDeclaration["kind"]>([
  ["function", "function"],
  ["class", "class"],
  ["const", "const"],
  ["let", "const"],
  ["var", "const"],
  ["interface", "interface"],
  ["type", "type"],
  ["default", "default"],
]);

function readDeclaration(tokens: readonly Token[], index: number): ExportedDeclaration | undefined {
  const previous = tokens[index - 1]?.text;
  if (previous === "." || previous === "?.") return undefined;
  const words = tokens.slice(index + 1, index + 8).filter((token) => token.kind !== "comment");
  while (modifiers.has(words[0]?.text ?? "")) words.shift();
  const keyword = words.shift();
  const name = words.find((token) => token.text !== "*");
  if (keyword === undefined || keyword.kind !== "word") return undefined;
  const kind = keywords.get(keyword.text) ?? "other";
  const isList = kind === "type" && words[0]?.kind !== "word";
  if (isList) return undefined;
  return {
    name: kind === "default" ? "default" : name?.kind === "word" ? name.text : "",
    kind,
    line: tokens[index]?.line ?? 0,
    doc: findDoc(tokens, index),
  };
}

function findDoc(tokens: readonly Token[], index: number): string | undefined {
  let at = index - 1;
  // A linter's or compiler's instruction may stand between the docstring and its declaration.
  while (tokens[at]?.text.startsWith("//") === true) at--;
  const comment = tokens[at];
  if (at <= 0 || comment?.text.startsWith("/**") !== true) return undefined;
  return plainText(comment.text);
}

function plainText(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .replace(/^\s*\*+ ?/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}
