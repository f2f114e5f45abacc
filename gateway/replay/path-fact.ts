/**
 * The path of a request as its record tells it: perhaps with parts that were taken out because they looked like keys, of
 * which only the place is known.
 */

import { redactedText } from "../secret-value.ts";
import type { envoy } from "../proto/gen/xds.js";
import type { Missing, Truth } from "./fact.ts";
import { FullMatch } from "./full-match.ts";

/** A path without its query, whole or only its beginning. */
export interface PathFact {
  readonly known: string;
  /** Present: `known` is only how it begins */
  readonly missing?: Missing;
}

const takenOut: Missing = { missing: "path, of which a part was taken out" };

/** The path as it stands in a record. */
export function recordedPath(path: string): PathFact {
  const at = path.indexOf(redactedText);
  // Where all of it was taken out it began as every path does.
  if (at === 0) return { known: "/", missing: takenOut };
  return at < 0 ? { known: path } : { known: path.slice(0, at), missing: takenOut };
}

/** The test of a route's path, as Envoy compares it: by case, without the query. */
export function matchesPath(match: envoy.config.route.v3.IRouteMatch): (path: PathFact) => Truth {
  const { prefix, path: exact, pathSeparatedPrefix: separated, safeRegex } = match;
  if (typeof prefix === "string") return (path) => begins(path, prefix);
  if (typeof separated === "string") {
    return (path) => {
      if (path.missing === undefined && path.known === separated) return true;
      const below = begins(path, `${separated}/`);
      if (below !== false || path.missing === undefined) return below;
      return separated.startsWith(path.known) ? path.missing : false;
    };
  }
  if (typeof exact === "string") {
    return ({ known, missing }) => {
      if (missing === undefined) return known === exact;
      return exact.startsWith(known) ? missing : false;
    };
  }
  if (typeof safeRegex?.regex !== "string") {
    throw new TypeError("Cannot replay a match of a path: unknown kind of match");
  }
  const expression = new FullMatch(safeRegex.regex);
  return ({ known, missing }) => missing ?? expression.fits(known);
}

function begins({ known, missing }: PathFact, prefix: string): Truth {
  if (known.startsWith(prefix)) return true;
  return missing !== undefined && prefix.startsWith(known) ? missing : false;
}

/** Whether an expression fits a path; one of which a part is missing may always hold more. */
export function fitsPath(expression: FullMatch, { known, missing }: PathFact): Truth {
  return expression.fits(known) || (missing ?? false);
}
