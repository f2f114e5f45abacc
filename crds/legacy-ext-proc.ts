/**
 * The old `spec.extProc {enabled, captureBody}` of an EgressGateway, which became `spec.otlp.captureBody`. Whoever had
 * it off captured no bodies, so none are captured now.
 */
import type { Conversion } from "./kind-definition.ts";
import { readAt, replaceAt, warnOldSpelling } from "./legacy.ts";
import { createProblem, createProblemWithText, describeValue } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

const from: Path = ["spec", "extProc"];
const to: Path = ["spec", "otlp", "captureBody"];
const target = "spec.otlp.captureBody";

/** Moves the old field to where it belongs today, with a warning; what cannot be understood is a problem. */
export function convertExtProc(value: unknown): Conversion {
  const old = readAt(value, from);
  if (old === undefined) return { value, warnings: [], problems: [], moves: [] };
  const cleaned = replaceAt(value, from, undefined);
  const problems = findProblems(value, old);
  if (problems.length > 0) return { value: cleaned, warnings: [], problems, moves: [] };
  const isOn = readAt(old, ["enabled"]) !== false;
  const captureBody = isOn ? readAt(old, ["captureBody"]) : undefined;
  if (captureBody === undefined) {
    const advice = "remove it: requests are always processed";
    return {
      value: cleaned,
      warnings: [warnOldSpelling(from, target, advice)],
      problems: [],
      moves: [],
    };
  }
  const place = [...from, "captureBody"];
  return {
    value: isOpen(value) ? replaceAt(cleaned, to, captureBody) : cleaned,
    warnings: [warnOldSpelling(place, target, `write ${target}`)],
    problems: [],
    moves: [{ from: place, to }],
  };
}

function findProblems(value: unknown, old: unknown): Problem[] {
  if (typeof old !== "object" || old === null || Array.isArray(old)) {
    const found = describeValue(old, "show");
    return [createProblem({ path: from, found, wanted: "an object with captureBody" })];
  }
  const problems: Problem[] = [];
  for (const [name, field] of Object.entries(old)) {
    const path = [...from, name];
    if (name === "enabled") {
      if (typeof field === "boolean") continue;
      problems.push(
        createProblem({ path, found: describeValue(field, "show"), wanted: "true or false" }),
      );
    } else if (name !== "captureBody") {
      const text = `unknown field of an old spelling; write ${target}`;
      problems.push(createProblemWithText(path, target, text));
    } else if (readAt(value, to) !== undefined) {
      const text = `old spelling of ${target}, which is set as well; remove one`;
      problems.push(createProblemWithText(path, target, text));
    }
  }
  return problems;
}

/** Whether \`spec.otlp\` can take a field: a wrong value there stays, so that it is told as a problem of its own. */
function isOpen(value: unknown): boolean {
  const otlp = readAt(value, to.slice(0, -1));
  return otlp === undefined || (typeof otlp === "object" && otlp !== null && !Array.isArray(otlp));
}
