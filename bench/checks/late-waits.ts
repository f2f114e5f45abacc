/**
 * Waits of a test file that stand between its tests. tap ends a file that has a teardown as soon as no test of it is open:
 * a test that is told of after such a wait comes too late wherever the wait outlasts the tests before it.
 */
import type { SourceFile, Token } from "./source-file.ts";

/**
 * `path:line: problem` for each `await` outside of functions and blocks that stands between two calls of `t`, other than
 * the wait for such a call itself.
 */
export function findLateWaits({ path, code }: SourceFile): string[] {
  const calls = code.flatMap((_, index) => (isTestCall(code, index) ? [index] : []));
  const first = calls[0] ?? code.length;
  const last = calls.at(-1) ?? 0;
  return outermost(code).flatMap((index) => {
    const token = code[index];
    const isLate = token?.text === "await" && index > first && index < last;
    if (!isLate || isTestCall(code, index + 1)) return [];
    return [`${path}:${token.line}: waits between tests: wait before the first of them`];
  });
}

function isTestCall(code: readonly Token[], index: number): boolean {
  return ["t", ".", "test", "("].every((text, offset) => code[index + offset]?.text === text);
}

/** Indices of the tokens in no brace, no template's substitution and no arrow's body. */
function outermost(code: readonly Token[]): number[] {
  let depth = 0;
  let isArrow = false;
  return code.flatMap(({ kind, text }, index) => {
    const isMark = kind === "punctuation";
    const isTemplate = kind === "template";
    if ((isMark && text === "}") || (isTemplate && text.startsWith("}"))) depth--;
    const isOutermost = depth === 0;
    if ((isMark && text === "{") || (isTemplate && text.endsWith("${"))) depth++;
    if (isMark && text === "=>") isArrow = true;
    if (isMark && isOutermost && (text === ";" || text === "}")) isArrow = false;
    return isOutermost && !isArrow ? [index] : [];
  });
}
