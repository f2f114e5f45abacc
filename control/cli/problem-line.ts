/** Problems in manifests as an editor's error list has them: `policy/route.yaml:14: spec.rules[0]: message`. */
import { isAbsolute, relative } from "node:path";
import type { SourceProblem } from "../../gateway/control-api.ts";
import { escapeControls } from "./colour.ts";

/** Returns the line for a problem; parts that are not known are left out. */
export function formatProblem(problem: SourceProblem, workingDirectory: string): string {
  const { file, line, field, message } = problem;
  const place = shortenPath(file, workingDirectory) + (line > 0 ? `:${line}` : "");
  return escapeControls([place, field, message].filter((part) => part !== "").join(": "));
}

/** Returns the path relative to the working directory where it lies in it, else as it is; `file:line` works too. */
export function shortenPath(path: string, workingDirectory: string): string {
  if (!isAbsolute(path)) return path;
  const short = relative(workingDirectory, path);
  return short === "" || short.startsWith("..") ? path : short;
}
