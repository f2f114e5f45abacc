/**
 * Headers by which frameworks let a client say another method or path than the request line: where a rule decided by the
 * method or the path, they would undo it, and are taken out. Elsewhere they pass, because some APIs document them.
 */

const methodOverrides = ["x-http-method-override", "x-http-method", "x-method-override"];

const pathOverrides = [
  "x-original-url",
  "x-original-uri",
  "x-rewrite-url",
  "x-override-url",
  "x-forwarded-uri",
];

/** What the rules of a host look at. */
export interface RuleSubjects {
  readonly method: boolean;
  readonly path: boolean;
}

/** Names of headers to take out, in every spelling that CGI and its heirs take for the same name. */
export function overrideHeaders({ method, path }: RuleSubjects): string[] {
  const names = [...(method ? methodOverrides : []), ...(path ? pathOverrides : [])];
  return names.flatMap(withUnderscores);
}

/** To CGI (RFC 3875 section 4.1.18) a dash is an underscore: the first dash of a name begins a part that may have either. */
function withUnderscores(name: string): string[] {
  return name
    .split("-")
    .reduce<string[]>(
      (starts, part) =>
        starts.length === 0
          ? [part]
          : starts.flatMap((start) => [`${start}-${part}`, `${start}_${part}`]),
      [],
    );
}
