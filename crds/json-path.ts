/**
 * Paths to values in JSON, the part of RFC 9535 that names places and asks nothing about values:
 *
 *     path = "$" 1*( "." name / "[" ( quoted / index / "*" ) "]" / ".*" / ".." ( name / "*" / "[" … "]" ) )
 *
 * Filters, slices, unions and indexes from the end are not in it: what they mean cannot be known while a text is read.
 */
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** One step of a path. */
export interface JsonPathStep {
  /** Whether it also means places any number of levels further down (`..`) */
  readonly isDeep: boolean;
  /** A member's name, an element's index, or `*` for every member and element */
  readonly selector:
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "index"; readonly index: number }
    | { readonly kind: "all" };
}

/** More steps than any schema of a provider nests. */
const maxSteps = 16;

const plain = "(?:[A-Za-z_]|[^\\x00-\\x7f])(?:[A-Za-z0-9_]|[^\\x00-\\x7f])*";

const bracket = "\\[\\s*(?:[0-9]{1,9}|\\*|\"[^\"\\\\]*\"|'[^'\\\\]*')\\s*\\]";

const plainName = /[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*/uy;
const bracketed = /\[\s*(?:(\d{1,9})|(\*)|"([^"\\]*)"|'([^'\\]*)')\s*\]/y;

/** A path as it is written. */
export const jsonPathFormat: StringFormat = {
  name: "json-path",
  wanted: 'a JSON path such as "$.messages[*].content" or "$..email"',
  pattern: `^\\$(?:\\.\\.?(?:${plain}|\\*)|(?:\\.\\.)?${bracket}){1,${maxSteps}}$`,
  read(text) {
    const reading = readJsonPath(text);
    return reading.kind === "valid" ? valid(text) : reading;
  },
};

/** The steps of a path, at least one and at most 16, or what is wrong with it and where. */
export function readJsonPath(path: string): Reading<readonly JsonPathStep[]> {
  if (!path.startsWith("$")) return invalid('it does not begin with "$"');
  const steps: JsonPathStep[] = [];
  let position = 1;
  while (position < path.length) {
    const step = readStep(path, position);
    if (step === undefined) {
      return invalid(
        `no name, index or "*" at position ${position}; filters and slices are not known`,
      );
    }
    steps.push(step.step);
    position = step.end;
  }
  if (steps.length === 0) return invalid('"$" alone is the whole text: do not keep it at all');
  if (steps.length > maxSteps) return invalid(`more than ${maxSteps} steps`);
  return valid(steps);
}

function readStep(
  path: string,
  start: number,
): { readonly step: JsonPathStep; readonly end: number } | undefined {
  const isDeep = path.startsWith("..", start);
  const hasDot = isDeep || path[start] === ".";
  const at = start + (isDeep ? 2 : hasDot ? 1 : 0);
  if (hasDot) {
    const name = matchAt(plainName, path, at);
    if (name !== undefined) {
      return {
        step: { isDeep, selector: { kind: "name", name: name[0] } },
        end: at + name[0].length,
      };
    }
    if (path[at] === "*") return { step: { isDeep, selector: { kind: "all" } }, end: at + 1 };
  }
  if (hasDot && !isDeep) return undefined;
  const found = matchAt(bracketed, path, at);
  if (found === undefined) return undefined;
  const [whole, index, all, double, single = ""] = found;
  const selector: JsonPathStep["selector"] =
    index !== undefined
      ? { kind: "index", index: Number(index) }
      : all !== undefined
        ? { kind: "all" }
        : { kind: "name", name: double ?? single };
  return { step: { isDeep, selector }, end: at + whole.length };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
