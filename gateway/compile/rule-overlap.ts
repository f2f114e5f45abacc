/** Whether two rules of one host may be about the same request. */

import type { HttpMatch, HttpRule, PathMatch } from "../snapshot.ts";

type Rule = Pick<HttpRule, "match" | "sections">;

/** False when no request can come to both; true also where it is not known. Headers are not compared. */
export function mayOverlap(left: Rule, right: Rule): boolean {
  return (
    mayMethodsOverlap(left.match, right.match) &&
    maySectionsOverlap(left.sections, right.sections) &&
    mayPathsOverlap(left.match.path, right.match.path)
  );
}

function mayMethodsOverlap(left: HttpMatch, right: HttpMatch): boolean {
  return left.method === undefined || right.method === undefined || left.method === right.method;
}

function maySectionsOverlap(left: Rule["sections"], right: Rule["sections"]): boolean {
  return left === undefined || right === undefined || left.some((name) => right.includes(name));
}

function mayPathsOverlap(left: PathMatch | undefined, right: PathMatch | undefined): boolean {
  if (left === undefined || right === undefined) return true;
  if (left.kind === "exact") return mayPathMatch(left.value, right);
  if (right.kind === "exact") return mayPathMatch(right.value, left);
  return true;
}

/** A prefix ends where a segment does. What an expression matches only Envoy knows. */
function mayPathMatch(path: string, { kind, value }: PathMatch): boolean {
  switch (kind) {
    case "exact":
      return path === value;
    case "prefix": {
      const prefix = value.replace(/\/+$/, "");
      return path === prefix || path.startsWith(`${prefix}/`);
    }
    case "regex":
      return true;
  }
}
