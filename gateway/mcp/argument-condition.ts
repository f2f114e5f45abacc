/**
 * Whether conditions hold of the arguments of a call. What cannot be told is no answer: it allows nothing, and it is
 * denied where arguments are denied.
 */

import { parseArgumentPath } from "../../crds/argument-path.ts";
import type { ArgumentStep } from "../../crds/argument-path.ts";
import type { RE2JS } from "re2js";
import type { McpCondition } from "../mcp-plan.ts";
import { compileExpression } from "../re2-expression.ts";
import type { ArgumentValue, CallArguments } from "./call-arguments.ts";
import { compareNumbers } from "./number-order.ts";

/** `unclear`: the value cannot be compared. `ambiguous`: servers could find different values; the call is refused. */
export type Truth = "yes" | "no" | "unclear" | "ambiguous";

/** A condition that can be asked. */
export interface CompiledCondition {
  readonly path: string;
  readonly steps: readonly ArgumentStep[];
  /** Of one value */
  readonly holds: Test;
}

type Test = (value: ArgumentValue, called: CallArguments) => Truth;

/** Longest text that an expression is tried on, in characters; a longer one is unclear. */
const maxMatched = 65_536;

/** Compiles a condition. An expression that `canCompile` does not take throws. */
export function compileCondition(condition: McpCondition): CompiledCondition {
  const { path } = condition;
  return { path, steps: parseArgumentPath(path), holds: createTest(condition) };
}

/** Whether a condition holds of every value that its path leads to; values that differ are unclear. */
export function evaluateCondition(
  { steps, holds }: CompiledCondition,
  called: CallArguments,
): Truth {
  let all: Truth | undefined;
  for (const value of called.find(steps)) {
    const truth = value.kind === "ambiguous" ? "ambiguous" : holds(value, called);
    if (truth === "ambiguous") return truth;
    all = all === undefined || all === truth ? truth : "unclear";
  }
  return all ?? "unclear";
}

function createTest({ operator, values, pattern, bound }: McpCondition): Test {
  switch (operator) {
    case "Exists":
      return exists;
    case "Absent":
      return (value) => not(exists(value));
    case "In":
    case "NotIn": {
      const texts = new Set(values);
      const isIn = (value: ArgumentValue) => isOneOf(value, texts);
      return operator === "In" ? isIn : (value) => ofPresent(value, not(isIn(value)));
    }
    case "Matches":
    case "NotMatches": {
      const expression = compileExpression(pattern ?? "");
      const matches: Test = (value, called) => isMatch(value, expression, called);
      return operator === "Matches"
        ? matches
        : (value, called) => ofPresent(value, not(matches(value, called)));
    }
    case "LessThan":
      return (value) => isOrdered(value, bound, (order) => order < 0);
    case "LessOrEqual":
      return (value) => isOrdered(value, bound, (order) => order <= 0);
    case "GreaterThan":
      return (value) => isOrdered(value, bound, (order) => order > 0);
    case "GreaterOrEqual":
      return (value) => isOrdered(value, bound, (order) => order >= 0);
  }
}

/** Servers take null for a value as often as for none. */
function exists({ kind }: ArgumentValue): Truth {
  switch (kind) {
    case "missing":
      return "no";
    case "null":
    case "astray":
      return "unclear";
    default:
      return "yes";
  }
}

function isOneOf(value: ArgumentValue, texts: ReadonlySet<string>): Truth {
  switch (value.kind) {
    case "missing":
      return "no";
    case "text":
    case "boolean":
      return texts.has(value.text) ? "yes" : "no";
    case "number": {
      const { text } = value;
      if (compareNumbers(text, "0") === undefined) return "unclear";
      return [...texts].some((one) => compareNumbers(text, one) === 0) ? "yes" : "no";
    }
    default:
      return "unclear";
  }
}

function isMatch(value: ArgumentValue, expression: RE2JS, called: CallArguments): Truth {
  if (value.kind === "missing") return "no";
  if (value.kind !== "text" || value.text.length > maxMatched) return "unclear";
  if (!called.spend(value.text.length)) return "unclear";
  return expression.matcher(value.text).matches() ? "yes" : "no";
}

function isOrdered(
  value: ArgumentValue,
  bound: string | undefined,
  isMeant: (order: number) => boolean,
): Truth {
  if (value.kind === "missing") return "no";
  const order = value.kind === "number" ? compareNumbers(value.text, bound ?? "") : undefined;
  if (order === undefined) return "unclear";
  return isMeant(order) ? "yes" : "no";
}

/** A server may put anything in the place of what is missing, so that it cannot be told to be something else. */
function ofPresent({ kind }: ArgumentValue, truth: Truth): Truth {
  return kind === "missing" ? "unclear" : truth;
}

function not(truth: Truth): Truth {
  return truth === "yes" ? "no" : truth === "no" ? "yes" : truth;
}
