/** What a Kubernetes API server would say about a text, as far as OpenAPI goes. */
import type { Constraint } from "../open-api-constraint.ts";
import type { StringFormat } from "../schema.ts";

/** Whether the text fits pattern and constraint of the format; CEL and lengths are not looked at. */
export function fitsFormat({ pattern, constraint }: StringFormat, text: string): boolean {
  const fits = pattern === undefined || new RegExp(pattern, "u").test(text);
  return fits && (constraint === undefined || fitsConstraint(constraint, text));
}

function fitsConstraint(constraint: Constraint, text: string): boolean {
  const { pattern, not, anyOf = [], allOf = [] } = constraint;
  if (pattern !== undefined && !new RegExp(pattern, "u").test(text)) return false;
  if (not !== undefined && fitsConstraint(not, text)) return false;
  if (!allOf.every((one) => fitsConstraint(one, text))) return false;
  return anyOf.length === 0 || anyOf.some((one) => fitsConstraint(one, text));
}
