/**
 * A route configuration as Envoy searches it: the virtual host of the request's host, then its routes in order. Made of the
 * very configuration that Envoy gets; what it holds beyond what is known here is refused, never passed over.
 */

import type { envoy } from "../proto/gen/xds.js";
import { ENGINE_METADATA } from "../xds/filter-state.ts";
import type { Missing, TextFact, Truth } from "./fact.ts";
import { allTrue, isMissing } from "./fact.ts";
import { FullMatch } from "./full-match.ts";
import type { PathFact } from "./path-fact.ts";
import { matchesPath } from "./path-fact.ts";

type Route = envoy.config.route.v3.IRoute;
type RouteMatch = envoy.config.route.v3.IRouteMatch;
type HeaderMatcher = envoy.config.route.v3.IHeaderMatcher;
type MetadataMatcher = envoy.type.matcher.v3.IMetadataMatcher;
type StringMatcher = envoy.type.matcher.v3.IStringMatcher;

/** What routes are matched with. */
export interface RequestFacts {
  readonly path: PathFact;
  /** Values of headers by lower-case name, `:method` among them */
  readonly header: (name: string) => TextFact;
  /** The way that the engine picked; undefined: it was not asked */
  readonly pick: string | undefined;
}

/** One route with its test. */
export interface TestedRoute {
  readonly route: Route;
  readonly test: (facts: RequestFacts) => Truth;
}

/** Routes of one virtual host. */
export interface HostRoutes {
  /** Its domains */
  readonly domains: readonly string[];
  readonly routes: readonly TestedRoute[];
}

/** A route that a request may take; `route` is undefined where none matches. */
export interface PossibleRoute {
  readonly route: Route | undefined;
  /** What would have to be known; absent for the one that it takes for sure, if those before it are not taken */
  readonly missing?: Missing;
}

/** The virtual hosts of one configuration. */
export class RouteTable {
  readonly #exact = new Map<string, HostRoutes>();
  /** By what comes after the `*`, the longest first */
  readonly #suffixes: { readonly suffix: string; readonly host: HostRoutes }[] = [];
  #rest: HostRoutes | undefined;

  constructor({ virtualHosts = [] }: envoy.config.route.v3.IRouteConfiguration) {
    for (const { domains, routes } of virtualHosts ?? []) {
      const host = { domains: domains ?? [], routes: (routes ?? []).map(compileRoute) };
      for (const domain of host.domains) this.#add(domain, host);
    }
    this.#suffixes.sort((left, right) => right.suffix.length - left.suffix.length);
  }

  #add(domain: string, host: HostRoutes): void {
    if (domain === "*") this.#rest = host;
    else if (domain.startsWith("*")) this.#suffixes.push({ suffix: domain.slice(1), host });
    else this.#exact.set(domain, host);
  }

  /** The virtual host of a host without port, lower case; undefined: none. */
  find(host: string): HostRoutes | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    const found = this.#suffixes.find(
      ({ suffix }) => host.length > suffix.length && host.endsWith(suffix),
    );
    return found?.host ?? this.#rest;
  }
}

/** The routes that a request may take, in order, up to the first that it takes for sure. */
export function possibleRoutes(
  { routes }: HostRoutes,
  facts: RequestFacts,
): readonly PossibleRoute[] {
  let possible: PossibleRoute[] | undefined;
  for (const { route, test } of routes) {
    const truth = test(facts);
    if (truth === false) continue;
    if (truth === true) return possible === undefined ? [{ route }] : [...possible, { route }];
    possible ??= [];
    possible.push({ route, missing: truth });
  }
  return [...(possible ?? []), { route: undefined }];
}

const knownMembers: ReadonlySet<string> = new Set([
  "prefix",
  "path",
  "pathSeparatedPrefix",
  "safeRegex",
  "headers",
  "dynamicMetadata",
]);

function compileRoute(route: Route): TestedRoute {
  const match = route.match ?? {};
  const strange = Object.keys(match).find((member) => !knownMembers.has(member));
  if (strange !== undefined) {
    throw new TypeError(`Cannot replay route "${route.name ?? ""}": unknown match "${strange}"`);
  }
  const tests = [
    compilePath(match),
    ...(match.headers ?? []).map(compileHeader),
    ...(match.dynamicMetadata ?? []).map(compileMetadata),
  ];
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return { route, test: only };
  return { route, test: (facts) => allTrue(tests, (test) => test(facts)) };
}

function compilePath(match: RouteMatch): (facts: RequestFacts) => Truth {
  const test = matchesPath(match);
  return ({ path }) => test(path);
}

function compileHeader({ name, ...rest }: HeaderMatcher): (facts: RequestFacts) => Truth {
  const { stringMatch, ...more } = rest;
  if (typeof name !== "string" || !stringMatch || Object.keys(more).length > 0) {
    throw new TypeError(`Cannot replay a match of header "${name ?? ""}": unknown kind of match`);
  }
  const fits = compileText(stringMatch);
  return ({ header }) => {
    const value = header(name);
    if (value === undefined) return false;
    return isMissing(value) ? value : fits(value);
  };
}

function compileText({ exact, safeRegex, ignoreCase }: StringMatcher): (text: string) => boolean {
  if (typeof exact === "string") {
    if (ignoreCase !== true) return (text) => text === exact;
    const lower = exact.toLowerCase();
    return (text) => text.toLowerCase() === lower;
  }
  if (typeof safeRegex?.regex !== "string" || ignoreCase === true) {
    throw new TypeError("Cannot replay a match of text: unknown kind of match");
  }
  const expression = new FullMatch(safeRegex.regex);
  return (text) => expression.fits(text);
}

/** Of dynamic metadata only the engine's pick is there. */
function compileMetadata({ filter, path, value, invert }: MetadataMatcher) {
  const isPick =
    filter === ENGINE_METADATA.namespace &&
    path?.length === 1 &&
    path[0]?.key === ENGINE_METADATA.pick;
  if (!isPick || !value) throw new TypeError("Cannot replay a match of metadata: unknown key");
  const isInverted = invert === true;
  if (value.presentMatch === true) {
    return ({ pick }: RequestFacts): Truth => (pick !== undefined) !== isInverted;
  }
  if (!value.stringMatch) throw new TypeError("Cannot replay a match of metadata: unknown kind");
  const fits = compileText(value.stringMatch);
  return ({ pick }: RequestFacts): Truth => (pick !== undefined && fits(pick)) !== isInverted;
}
