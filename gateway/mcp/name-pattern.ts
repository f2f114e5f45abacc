/**
 * Names of tools as rules mean them: globs and RE2 expressions over whole names. Expressions run in linear time, so that
 * no name that an agent makes up holds a thread.
 */

import { matchGlob } from "../../crds/glob.ts";
import type { NamePattern } from "../mcp-plan.ts";
import { compileExpression } from "../re2-expression.ts";

/** Names that a rule means. */
export interface NameMatcher {
  /** Nothing was listed */
  readonly isEmpty: boolean;
  matches(name: string): boolean;
}

/** Compiles a pattern. An expression that `canCompile` does not take throws. */
export function createNameMatcher({ globs, expressions }: NamePattern): NameMatcher {
  const compiled = expressions.map((expression) => compileExpression(expression));
  return {
    isEmpty: globs.length + expressions.length === 0,
    matches: (name) =>
      globs.some((glob) => matchGlob(glob, name)) ||
      compiled.some((expression) => expression.matcher(name).matches()),
  };
}
