/**
 * Size and shape budgets: hard stops are problems, the rest is measured for the report.
 * Lines are lines with code; comments and blank lines are free, so that nobody saves on them.
 */
import { findFunctions } from "./functions.ts";
import { isTest } from "./repository.ts";
import { countCodeLines, countCommentLines } from "./source-file.ts";
import type { SourceFile, Token } from "./source-file.ts";

/** Figures of a set of files; all are 0 for no files. */
export interface Measurement {
  readonly codeLines: number;
  readonly testLines: number;
  /** 90th percentile of code lines of a file that is no test */
  readonly fileP90: number;
  /** 90th percentile of code lines of a function outside tests */
  readonly functionP90: number;
  /** Comment lines for each 100 code lines, tests left out */
  readonly commentsPer100: number;
  /** `as` casts for each 1,000 code lines, tests left out */
  readonly castsPer1000: number;
}

const sourceLimits = { file: 400, function: 80 };
/** A test is mostly tables, which read better in one place than cut up. */
const testLimits = { file: 600, function: 160 };
const castsPer1000Limit = 5;
/** Below this much code one cast more or less swings the rate too far to mean anything. */
const castsMinLines = 1000;

/** One sentence for every hard stop that is passed: file size, function size, cast rate, `any`. */
export function checkBudgets(files: readonly SourceFile[]): string[] {
  const { castsPer1000, codeLines } = measure(files);
  const isOver = codeLines >= castsMinLines && castsPer1000 > castsPer1000Limit;
  return [
    ...files.flatMap(checkFile),
    ...(isOver ? [`casts: ${castsPer1000} per 1,000 lines, limit ${castsPer1000Limit}`] : []),
  ];
}

/** Measures files for the report. */
export function measure(files: readonly SourceFile[]): Measurement {
  const sources = files.filter((file) => !isTest(file.path));
  const sizes = sources.map((file) => countCodeLines(file));
  const functions = sources.flatMap(findFunctions).map((span) => span.codeLines);
  const codeLines = sum(sizes);
  const casts = sum(sources.map((file) => findCasts(file).length));
  return {
    codeLines,
    testLines: sum(files.filter(({ path }) => isTest(path)).map((file) => countCodeLines(file))),
    fileP90: percentile90(sizes),
    functionP90: percentile90(functions),
    commentsPer100: rate(sum(sources.map(countCommentLines)), codeLines, 100),
    castsPer1000: rate(casts, codeLines, 1000),
  };
}

/** Every type cast by `as`; `as const` and renamed imports and exports are none. */
export function findCasts(file: SourceFile): Token[] {
  return file.code.filter((token, index) => {
    const next = file.code[index + 1];
    const isCast = token.kind === "word" && token.text === "as" && next?.text !== "const";
    return isCast && !isProperty(file.code, index) && !isRename(file.code, index);
  });
}

function checkFile(file: SourceFile): string[] {
  const limits = isTest(file.path) ? testLimits : sourceLimits;
  const lines = countCodeLines(file);
  const size =
    lines > limits.file
      ? [`${file.path}:1: file of ${lines} code lines, limit ${limits.file}`]
      : [];
  const functions = findFunctions(file)
    .filter((span) => span.codeLines > limits.function)
    .map(
      ({ name, line, codeLines }) =>
        `${file.path}:${line}: function ${name} of ${codeLines} code lines, limit ${limits.function}`,
    );
  const anys = findAnys(file).map((token) => `${file.path}:${token.line}: type any`);
  return [...size, ...functions, ...anys];
}

function findAnys(file: SourceFile): Token[] {
  // After a colon stands a type or a value; where the file has a value of that name, the linter must judge.
  const isValue = file.code.some((token, index) => {
    return token.text === "any" && /^(?:[{,]|const|let)$/.test(file.code[index - 1]?.text ?? "");
  });
  const before = isValue ? /^(?:[<|&]|as|keyof)$/ : /^(?:[:<|&]|as|=>|keyof|satisfies)$/;
  return file.code.filter((token, index) => {
    const previous = file.code[index - 1]?.text ?? "";
    return token.kind === "word" && token.text === "any" && before.test(previous);
  });
}

function isProperty(code: readonly Token[], index: number): boolean {
  const previous = code[index - 1]?.text ?? "";
  const next = code[index + 1]?.text ?? "";
  return /^(?:\.|\?\.)$/.test(previous) || /^[:(,=;)]$/.test(next);
}

/** Is the `as` inside the braces (or after the star) of an import or export clause? */
function isRename(code: readonly Token[], index: number): boolean {
  for (let at = index - 1; at >= 0; at--) {
    const { text = "", kind } = code[at] ?? {};
    if (text === "import" || text === "export") return true;
    const isClause = kind === "word" || /^[{,*]$/.test(text);
    if (!isClause || /^(?:const|let|return|default)$/.test(text)) return false;
  }
  return false;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rate(part: number, whole: number, per: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * per * 10) / 10;
}

function percentile90(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.9) - 1)] ?? 0;
}
