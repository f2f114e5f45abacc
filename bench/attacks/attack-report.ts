/** What a person and a program read of a run: a line as each technique ends, its problems below it, and JSON. 80 columns. */
import type { Palette } from "../../control/cli/colour.ts";
import { escapeControls } from "../../control/cli/colour.ts";
import { isClean } from "./judge.ts";
import type { Outcome } from "./judge.ts";

const columns = 80;

/** Shown of each technique; the rest is counted. */
const shownProblems = 12;

/** The line above the outcomes, without a line end. */
export const tableHead = formatRow("technique", ["tried", "refused", "leaked"]);

/** Lines for one technique, without a final line end. */
export function formatOutcome(outcome: Outcome, palette: Palette): string {
  const { name, tried, refused, leaked, problems, leftOut } = outcome;
  if (leftOut !== undefined) {
    return palette.yellow(cut(`${formatName(name)} left out: ${leftOut}`));
  }
  const row = formatRow(name, [tried, refused, leaked].map(String));
  const verdict = isClean(outcome) ? palette.green("ok") : palette.red("FAILED");
  const shown = problems.slice(0, shownProblems).map((it) => cut(`  ${escapeControls(it)}`));
  const rest = problems.length - shown.length;
  return [`${row}  ${verdict}`, ...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])].join("\n");
}

/** The last line: whether all is well. */
export function formatSummary(outcomes: readonly Outcome[]): string {
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const failed = outcomes.filter((outcome) => !isClean(outcome)).length;
  const leftOut = outcomes.filter(({ leftOut: reason }) => reason !== undefined).length;
  const counts = `${sum((it) => it.tried)} tried, ${sum((it) => it.refused)} refused, ${sum((it) => it.leaked)} leaked`;
  return `${counts}; ${outcomes.length} techniques, ${failed} failed, ${leftOut} left out`;
}

/** `{techniques: [{name, tried, refused, leaked}]}`; what was left out is not among them. */
export function renderJson(outcomes: readonly Outcome[]): string {
  const techniques = outcomes
    .filter(({ leftOut }) => leftOut === undefined)
    .map(({ name, tried, refused, leaked }) => ({ name, tried, refused, leaked }));
  return `${JSON.stringify({ techniques }, undefined, 2)}\n`;
}

function formatRow(name: string, numbers: readonly string[]): string {
  return `${formatName(name)}${numbers.map((text) => text.padStart(10)).join("")}`;
}

function formatName(name: string): string {
  return name.padEnd(24);
}

function cut(line: string): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
