/** Problems that `crds` finds in an object, as causes in Kubernetes' words. Problems hold no secret, so causes do not. */
import { formatPath } from "../../crds/problem.ts";
import type { Problem } from "../../crds/problem.ts";
import type { StatusCause } from "./status-error.ts";

/** Whether the problem is a field that the kind does not have. */
export function isUnknownField(problem: Problem): boolean {
  return textOf(problem).startsWith("unknown field");
}

/** `FieldValueRequired`, `FieldValueInvalid` or `FieldValueNotSupported` with the field and a sentence. */
export function causeOf(problem: Problem): StatusCause {
  const { path, found, wanted } = problem;
  const field = path.length === 0 ? "" : formatPath(path);
  const text = textOf(problem);
  if (text.startsWith("not set, ")) {
    return { reason: "FieldValueRequired", message: `Required value: ${text.slice(9)}`, field };
  }
  const start = found === undefined ? undefined : `found ${found}, `;
  if (start === undefined || !text.startsWith(start)) {
    return { reason: "FieldValueInvalid", message: `Invalid value: ${text}`, field };
  }
  const rest = text.slice(start.length);
  if (/^"(?:[^"\\]|\\.)*"(?:, "|\s*or "|$)/.test(wanted)) {
    const supported = (wanted.match(/"(?:[^"\\]|\\.)*"/g) ?? []).join(", ");
    const hint = rest.slice(`wanted ${wanted}`.length);
    return {
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${found}: supported values: ${supported}${hint}`,
      field,
    };
  }
  return { reason: "FieldValueInvalid", message: `Invalid value: ${found}: ${rest}`, field };
}

function textOf({ path, message }: Problem): string {
  return message.slice(formatPath(path).length + 2);
}
