/** Expressions of users, in RE2's syntax, which run in linear time whatever they are given. */

import { RE2JS } from "re2js";

/** Whether an expression can be used; what Envoy's RE2 takes can, unless the two ever differ. */
export function canCompile(expression: string): boolean {
  try {
    RE2JS.compile(expression);
    return true;
  } catch {
    return false;
  }
}
