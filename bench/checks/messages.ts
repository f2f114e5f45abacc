/**
 * The sentence rules for error messages: capital first, no full stop at the end, no contractions.
 * Only the text that stands in the source is judged; what a variable brings is not known here.
 */
import { isTest } from "./repository.ts";
import { findClosing, stringValue } from "./source-file.ts";
import type { SourceFile, Token } from "./source-file.ts";

const errorClass = /^(?:Error|(?:Aggregate|Type|Range|Syntax)Error|[A-Z]\w*Error)$/;
const contraction = /\b(?:\w+n't|(?:it|that|there|what)'s|\w+'(?:re|ve|ll))\b/i;

/** One sentence, led by `path:line`, for each message that breaks a rule; tests may say what they like. */
export function checkMessages(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !isTest(file.path))
    .flatMap((file) => {
      return findMessages(file).flatMap(({ line, text }) => {
        return judge(text).map((problem) => `${file.path}:${line}: ${problem}: ${text}`);
      });
    });
}

interface Message {
  readonly line: number;
  /** The literal text; each substitution of a template stands as `…` */
  readonly text: string;
}

/** Lint of one sentence: what is wrong with it. */
function judge(text: string): string[] {
  const problems: string[] = [];
  if (/^[^\p{Lu}…"]/u.test(text)) problems.push("message does not start with a capital");
  if (/\.$/.test(text) && !text.endsWith("…")) problems.push("message ends with a full stop");
  if (contraction.test(text)) problems.push("message has a contraction");
  return problems;
}

/** The first literal with a blank in each `new …Error(…)`: a code or a lone word is no sentence. */
function findMessages(file: SourceFile): Message[] {
  return file.code.flatMap((token, index) => {
    const isError = file.code[index - 1]?.text === "new" && errorClass.test(token.text);
    if (!isError || file.code[index + 1]?.text !== "(") return [];
    const end = findClosing(file.code, index + 1);
    const message = firstSentence(file.code.slice(index + 2, end));
    return message === undefined ? [] : [message];
  });
}

function firstSentence(argument: readonly Token[]): Message | undefined {
  for (const [index, token] of argument.entries()) {
    if (token.kind !== "string" && !(token.kind === "template" && token.text.startsWith("`"))) {
      continue;
    }
    const text = joinLiterals(argument.slice(index));
    if (/\s/.test(text)) return { line: token.line, text };
  }
  return undefined;
}

/** One literal, or several joined by `+`, up to the end of the argument. */
function joinLiterals(tokens: readonly Token[]): string {
  let text = "";
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    const previous = tokens[index - 1];
    if (token.kind === "template") {
      if (token.text.startsWith("}")) depth--;
      if (depth === 0) text += token.text.slice(1).replace(/`$/, "").replace(/\$\{$/, "…");
      if (token.text.endsWith("${")) depth++;
    } else if (depth > 0) continue;
    else if (token.kind === "string") text += stringValue(token);
    else if (token.text !== "+") {
      // A variable that is added belongs to the sentence; anything else ends it.
      if (previous?.text !== "+") break;
      text += "…";
    }
  }
  return text;
}
