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
  return matchGlob(glob, path.replace(placeholder, "-")) || globMayName(glob, path);
}

/** A glob that names a model where the path has its placeholder: compared without what it names. */
function globMayName(glob: string, path: string): boolean {
  const parts = path.split(placeholder);
  if (parts.length === 1) return false;
  const [first = ""] = parts;
  const last = parts.at(-1) ?? "";
  return glob.startsWith(first) && (glob.endsWith(last) || glob.endsWith("*"));
}

/** Placeholders stand for one segment, which may hold escapes. */
function pathMatch(path: string): PathMatch {
  const parts = path.split(placeholder);
  if (parts.length === 1) return { kind: "exact", value: path };
  return { kind: "regex", value: parts.map(globToRegex).join("[^/]+") };
}
