/**
 * Expressions of users, in RE2's syntax, which run in linear time whatever they are given. The library is loaded with the
 * first one: most policies have none, and each thread would hold 2 MB of it.
 */

import { createRequire } from "node:module";
import type { RE2JS } from "re2js";

interface Library {
  readonly RE2JS: typeof RE2JS;
}

let library: Library | undefined;

/** Compiles an expression; throws what RE2JS throws for one that is none. */
export function compileExpression(expression: string): RE2JS {
  // The module's own exports are what the interface says.
  library ??= createRequire(import.meta.url)("re2js") as Library;
  return library.RE2JS.compile(expression);
}

/** Whether an expression can be used; what Envoy's RE2 takes can, unless the two ever differ. */
export function canCompile(expression: string): boolean {
  try {
    compileExpression(expression);
    return true;
  } catch {
    return false;
  }
}
