/** Paths of a provider's model calls as Envoy matches them, as far as a rule is about them. */

import { globToRegex, matchGlob } from "../../crds/glob.ts";
import type { Operation } from "../../providers/operation.ts";
import type { Provider } from "../../providers/provider.ts";
import type { PathMatch } from "../snapshot.ts";

/** One path of one operation. */
export interface OperationPath {
  readonly operation: Operation;
  readonly match: PathMatch;
}

const placeholder = /\{[a-z]+\}/g;

/** The paths of all operations that the globs let through; no globs: all. */
export function operationPaths(provider: Provider, globs: readonly string[]): OperationPath[] {
  return (provider.operations ?? []).flatMap((operation) =>
    operation.paths
      .filter((path) => globs.length === 0 || globs.some((glob) => covers(glob, path)))
      .map((path) => ({ operation, match: pathMatch(path) })),
  );
}

/** Whether a glob may match a path; what stands for its placeholders is compared again when it is known. */
function covers(glob: string, path: string): boolean {
  const parts = path.split(placeholder);
  if (parts.length === 1) return matchGlob(glob, path);
  const literals = glob.split(/[*?]+/);
  return (
    mayBegin(literals[0] ?? "", parts[0] ?? "") &&
    mayBegin(reverse(literals.at(-1) ?? ""), reverse(parts.at(-1) ?? ""))
  );
}

/** Whether texts may be one, of which the begin is known. */
function mayBegin(left: string, right: string): boolean {
  return left.startsWith(right) || right.startsWith(left);
}

function reverse(text: string): string {
  return [...text].reverse().join("");
}

/** Placeholders stand for one segment, which may hold escapes. */
function pathMatch(path: string): PathMatch {
  const parts = path.split(placeholder);
  if (parts.length === 1) return { kind: "exact", value: path };
  return { kind: "regex", value: parts.map(globToRegex).join("[^/]+") };
}
