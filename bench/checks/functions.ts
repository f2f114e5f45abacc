/**
 * The functions of a file with their sizes, read from its tokens: declarations, methods and arrows with a body.
 * Where a body cannot be told for sure, the span is rather left out than guessed.
 */
import { countCodeLines, findClosing } from "./source-file.ts";
import type { SourceFile, Token } from "./source-file.ts";

/** One function with a body. */
export interface FunctionSpan {
  /** The declared or called name nearest to it, or `arrow` */
  readonly name: string;
  readonly line: number;
  /** Lines with code from its parameters to its closing brace, nested functions included */
  readonly codeLines: number;
}

/** Every function with a body, in the order of their opening. */
export function findFunctions(file: SourceFile): FunctionSpan[] {
  return file.code.flatMap((token, index) => {
    if (token.kind !== "punctuation") return [];
    const body = token.text === "(" ? findBody(file.code, index) : arrowBody(file.code, index);
    const end = body === -1 ? -1 : findClosing(file.code, body);
    const last = file.code[end];
    if (last === undefined) return [];
    return [
      {
        name: nameOf(file.code, index),
        line: token.line,
        codeLines: countCodeLines(file, token.line, last.endLine),
      },
    ];
  });
}

/** Words before a parenthesis that opens a statement's head and no parameter list. */
const statements = new Set("if for while switch catch with return await typeof".split(" "));

/** Tokens after which a brace opens a type literal and no function body. */
const beforeTypeLiteral = new Set([
  ":",
  "|",
  "&",
  "<",
  ",",
  "(",
  "[",
  "=",
  "is",
  "extends",
  "keyof",
]);

/** Tokens that cannot stand in a return type: what follows the parameters is then no function. */
const endOfType = new Set(
  "; , ) ] } ? ?? && || + - * / ! ~ return if for while case const throw await new".split(" "),
);

/** Index of the `{` that opens the body of the function whose parameters open at `open`, or -1. */
function findBody(code: readonly Token[], open: number): number {
  const before = code[open - 1];
  if (before?.kind === "word" && statements.has(before.text)) return -1;
  const close = findClosing(code, open);
  if (close === -1) return -1;
  const next = code[close + 1]?.text;
  if (next === "{" || next === "=>") return next === "{" ? close + 1 : blockAfter(code, close + 1);
  return next === ":" ? skipReturnType(code, close + 2) : -1;
}

function skipReturnType(code: readonly Token[], start: number): number {
  for (let at = start; at < code.length; at++) {
    const token = code[at];
    const previous = code[at - 1];
    if (token === undefined || previous === undefined) return -1;
    if (token.text === "{") {
      if (!beforeTypeLiteral.has(previous.text)) return at;
      at = findClosing(code, at);
    } else if (token.text === "(" || token.text === "[") at = findClosing(code, at);
    else if (token.text === "=>" && code[at + 1]?.text === "{") return at + 1;
    else if (token.text === "<") at = closingAngle(code, at);
    else if (endOfType.has(token.text)) return -1;
    if (at === -1) return -1;
  }
  return -1;
}

/** Index of the `>` that closes the type arguments opened at `open`, or -1. */
function closingAngle(code: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    const text = code[at]?.text;
    if (text === "<") depth++;
    else if (text === ">" && --depth === 0) return at;
    else if (text === ";") return -1;
  }
  return -1;
}

function blockAfter(code: readonly Token[], arrow: number): number {
  return code[arrow + 1]?.text === "{" ? arrow + 1 : -1;
}

/** The body of `x => {`; an arrow after a parenthesis is found by its parameters. */
function arrowBody(code: readonly Token[], index: number): number {
  if (code[index]?.text !== "=>" || code[index - 1]?.kind !== "word") return -1;
  const beforeName = code[index - 2]?.text;
  // `): Type => {` ends in a word too, and was found at its parameters.
  const isReturnType = /^(?:[.|&:>]|is|keyof|extends|readonly)$/.test(beforeName ?? "");
  return isReturnType ? -1 : blockAfter(code, index);
}

function nameOf(code: readonly Token[], index: number): string {
  const start = code[index]?.text === "=>" ? index - 1 : index;
  const end = code[start - 1]?.text === ">" ? openingAngle(code, start - 1) : start;
  const before = code[end - 1];
  if (before?.kind === "word" && before.text !== "async" && before.text !== "function") {
    return before.text;
  }
  for (let at = end - 1; at > end - 4; at--) {
    const isTarget = code[at]?.text === "=" || code[at]?.text === ":";
    if (isTarget && code[at - 1]?.kind === "word") return code[at - 1]?.text ?? "arrow";
  }
  return "arrow";
}

function openingAngle(code: readonly Token[], close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    const text = code[at]?.text;
    if (text === ">") depth++;
    else if (text === "<" && --depth === 0) return at;
  }
  return close;
}
