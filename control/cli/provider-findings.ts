/** Findings about a provider as lines for people: a mark for each subject, and its problems below. */
import type { ConformanceFindings } from "../../providers/conformance.ts";
import type { Palette } from "./colour.ts";
import { escapeControls } from "./colour.ts";
import type { OwnTests } from "./provider-own-tests.ts";
import { wrapToWidth } from "./table.ts";

/** What lines are made for. */
export interface FindingLineOptions {
  readonly palette: Palette;
  /** Width that lines keep to */
  readonly columns: number;
}

/** More problems of one subject are usually the same one again. */
const shownProblems = 10;

const nameWidth = 24;

/** The lines for one subject. */
export function formatFindings(findings: ConformanceFindings, options: FindingLineOptions): string {
  const { subject, checks, problems } = findings;
  const { palette, columns } = options;
  const isOk = problems.length === 0;
  const mark = isOk ? palette.green("✔") : palette.red("✘");
  const count = `${checks} ${checks === 1 ? "check" : "checks"}`;
  const wrong = isOk
    ? ""
    : `, ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`;
  const shown = problems
    .slice(0, shownProblems)
    .map((problem) => withoutSubject(problem, subject))
    .flatMap((problem) => wrapToWidth(escapeControls(problem), { columns: columns - 6, indent: 2 }))
    .map((line) => `      ${line}\n`);
  const left = problems.length - shownProblems;
  const more = left > 0 ? `      and ${left} more; -o json has them all\n` : "";
  const name = escapeControls(subject).padEnd(nameWidth);
  return `  ${mark} ${name} ${count}${wrong}\n${shown.join("")}${more}`;
}

/** The lines for a plugin's own tests; what they printed only where they failed. */
export function formatOwnTests(
  { files, isOk, output }: OwnTests,
  { palette }: FindingLineOptions,
): string {
  const mark = isOk ? palette.green("✔") : palette.red("✘");
  const head = `  ${mark} ${files.map(escapeControls).join(", ")}\n`;
  if (isOk) return head;
  const lines = output.trimEnd().split("\n");
  return `${head}${lines.map((line) => `      ${escapeControls(line)}\n`).join("")}`;
}

function withoutSubject(problem: string, subject: string): string {
  return problem.startsWith(`${subject}: `) ? problem.slice(subject.length + 2) : problem;
}
