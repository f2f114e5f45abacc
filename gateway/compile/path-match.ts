/** Globs of paths as the snapshot has them. */

import { globToRegex } from "../../crds/glob.ts";
import type { PathMatch } from "../snapshot.ts";

/** What a path glob matches; without `*` and `?` it is one path, and a lone `*` is no condition at all. */
export function globPathMatch(glob: string): PathMatch | undefined {
  if (/^\*+$/.test(glob)) return undefined;
  if (!/[*?]/.test(glob)) return { kind: "exact", value: glob };
  return { kind: "regex", value: globToRegex(glob) };
}
