/**
 * What a test file says in TAP, counted by leaf asserts: an assert that only closes a subtest is not counted again.
 * The format: https://testanything.org/tap-version-14-specification.html
 */
import { inspect } from "node:util";
import { Parser } from "tap-parser";
import type { Result } from "tap-parser";

/** One failed assert, or a failure of the file itself. */
export interface Failure {
  /** Names of the tests around it, outermost first, and its own */
  readonly name: string;
  /** Lines that explain it; may be empty */
  readonly detail: readonly string[];
}

/** One assert, test or file that was left out. */
export interface Skip {
  readonly name: string;
  /** As the test gives it; empty when it gives none */
  readonly reason: string;
}

/** The counts and findings of one TAP stream. */
export interface TapOutcome {
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** A test that is marked as to do counts as skipped */
  readonly skips: readonly Skip[];
  /** Comments that begin with `report: `, without that word: figures for the reader */
  readonly reports: readonly string[];
}

/** Counts a whole TAP stream; one that breaks off or contradicts its plan has a failure for it. */
export function readTap(text: string): TapOutcome {
  const results: Result[] = [];
  const reports: string[] = [];
  const parser = new Parser();
  parser.on("result", (result: Result) => results.push(result));
  parser.end(text);
  for (const line of text.split("\n")) {
    const report = /^\s*# report: (.*)$/.exec(line)?.[1];
    if (report !== undefined) reports.push(report);
  }
  const skipped = results.filter((result) => result.skip !== false || result.todo !== false);
  const failures = results
    .filter((result) => !result.ok && !skipped.includes(result))
    .map((result) => ({ name: result.fullname, detail: describe(result.diag) }));
  return {
    passed: results.length - skipped.length - failures.length,
    failures: [...failures, ...protocolFailures(parser, failures.length)],
    skips: [...skipped.map(toSkip), ...wholeFileSkip(parser)],
    reports,
  };
}

function toSkip(result: Result): Skip {
  const reason = result.skip === false ? `todo ${textOf(result.todo)}`.trim() : textOf(result.skip);
  return { name: result.fullname, reason };
}

function textOf(directive: boolean | string): string {
  return typeof directive === "string" ? directive : "";
}

/** `1..0 # SKIP reason` leaves out the whole file. */
function wholeFileSkip(parser: Parser): Skip[] {
  const plan = parser.results?.plan;
  // The parser's own words for a stream without any asserts, which is a failure and no choice.
  const isChosen = plan?.skipAll === true && !/^(?:no tests found)?$/.test(plan.skipReason);
  if (!isChosen) return [];
  return [{ name: "(whole file)", reason: plan.skipReason }];
}

/** Failures that are no assert: a bail-out, a plan that was not kept, a stream that broke off. */
function protocolFailures(parser: Parser, failedAsserts: number): Failure[] {
  const { results } = parser;
  if (results === null || results.ok) return [];
  if (results.bailout !== false) {
    return [{ name: `Bail out! ${textOf(results.bailout)}`.trim(), detail: [] }];
  }
  // A missing plan after failed asserts is their consequence, and so is one without any asserts.
  if (failedAsserts > 0 || results.count === 0) return [];
  const errors = results.failures.map((failure) => failure.tapError).filter(Boolean);
  return [{ name: "(whole file)", detail: errors.map((error) => `TAP: ${error}`) }];
}

const maxDetailLines = 40;

/** The parts of a diagnosis that help a reader; the excerpt of the source and the bare stack help less. */
function describe(diagnosis: unknown): string[] {
  if (typeof diagnosis !== "object" || diagnosis === null) return [];
  const fields = new Map<string, unknown>(Object.entries(diagnosis));
  const at = fields.get("at");
  const place =
    typeof at === "object" && at !== null && "fileName" in at && "lineNumber" in at
      ? [`at ${at.fileName}:${at.lineNumber}`]
      : [];
  const hidden = new Set(["at", "source", "compare", "tapCaught", "isToplevel"]);
  if (fields.has("diff") || place.length > 0) hidden.add("stack");
  const lines = [...fields]
    .filter(([name]) => !hidden.has(name))
    .flatMap(([name, value]) => {
      const text = typeof value === "string" ? value : inspect(value, { depth: 6 });
      const body = text.trimEnd().split("\n");
      return body.length === 1 ? [`${name}: ${body[0]}`] : [`${name}:`, ...body];
    });
  const shown = [...place, ...lines];
  const left = shown.length - maxDetailLines;
  return left > 0 ? [...shown.slice(0, maxDetailLines), `… ${left} more lines`] : shown;
}
