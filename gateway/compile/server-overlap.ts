/** Whether two lists of globs of MCP servers may mean the same server. */

import { matchGlob } from "../../crds/glob.ts";
import { splitServerGlob } from "../mcp/server-match.ts";

/** Pairs of globs that are compared; routes have a handful, and more count as if they met. */
const mostPairs = 4_096;

/** True where some server could be meant by both, and where that would take too long to tell. No globs: every server. */
export function serversMayMeet(left: readonly string[], right: readonly string[]): boolean {
  if (left.length === 0 || right.length === 0) return true;
  if (left.length * right.length > mostPairs) return true;
  return left.some((one) => right.some((other) => oneMayMeet(partsOf(one), partsOf(other))));
}

interface ServerParts {
  readonly scheme: string;
  /** Any of which is the server's host, with a port or without */
  readonly hosts: readonly string[];
  readonly path: string;
}

/** A glob of hosts is about all ports and schemes. */
function partsOf(glob: string): ServerParts {
  const scheme = glob.indexOf("://");
  if (scheme < 0) return { scheme: "*", hosts: [glob, `${glob}:*`], path: "*" };
  const { origin, path } = splitServerGlob(glob, scheme);
  return {
    scheme: glob.slice(0, scheme),
    hosts: [origin.slice(scheme + 3)],
    path: path === "" ? "*" : path,
  };
}

function oneMayMeet(left: ServerParts, right: ServerParts): boolean {
  const isElsewhere =
    !globsMayMeet(left.scheme, right.scheme) || !globsMayMeet(left.path, right.path);
  if (isElsewhere) return false;
  return left.hosts.some((one) => right.hosts.some((other) => globsMayMeet(one, other)));
}

/** Whether some text is meant by both globs. */
function globsMayMeet(left: string, right: string): boolean {
  if (!/[*?]/.test(left)) return matchGlob(right, left);
  if (!/[*?]/.test(right)) return matchGlob(left, right);
  // Row by row: whether the rest of `left` from here and the rest of `right` from there have a text in common.
  let below: boolean[] = [];
  for (let at = left.length; at >= 0; at--) {
    const row: boolean[] = [];
    for (let there = right.length; there >= 0; there--) {
      row[there] = restsMeet(left[at], right[there], {
        skipLeft: below[there] ?? false,
        skipRight: row[there + 1] ?? false,
        skipBoth: below[there + 1] ?? false,
      });
    }
    below = row;
  }
  return below[0] ?? true;
}

function restsMeet(
  left: string | undefined,
  right: string | undefined,
  rest: { readonly skipLeft: boolean; readonly skipRight: boolean; readonly skipBoth: boolean },
): boolean {
  if (left === undefined && right === undefined) return true;
  // A star takes nothing, or one more of what the other one has.
  if (left === "*" && rest.skipLeft) return true;
  if (right === "*" && rest.skipRight) return true;
  if (left === "*") return right !== undefined && right !== "*" && rest.skipRight;
  if (right === "*") return left !== undefined && rest.skipLeft;
  if (left === undefined || right === undefined) return false;
  return (left === right || left === "?" || right === "?") && rest.skipBoth;
}
