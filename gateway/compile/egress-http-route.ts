/** EgressHTTPRoute to draft: hosts × matches, with the header changes of each rule. */

import type { EgressHTTPRoute } from "../../crds/egress-http-route.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { HeaderMatch, HttpMatch, PathMatch } from "../snapshot.ts";
import { mergeHeaderModifiers } from "./header-rewrite.ts";
import { anyHost, hostMatch } from "./host-match.ts";
import type { ObjectIndex } from "./object-index.ts";
import { globPathMatch } from "./path-match.ts";
import { refuseUnresolved } from "./refusal.ts";
import { requestBound } from "./request-bound.ts";
import type { RouteDraft, RuleDraft } from "./route-draft.ts";
import { judgeExtensions } from "./rule-extensions.ts";

type Rule = EgressHTTPRoute["spec"]["rules"][number];
type Match = Rule["matches"][number];

/** Drafts one route. A route without host names is about every host. */
export function draftEgressHttpRoute(route: EgressHTTPRoute, index: ObjectIndex): RouteDraft {
  const name = referenceOf(route);
  const { hostnames, rules } = route.spec;
  const hosts = hostnames.length === 0 ? [anyHost] : hostnames.map(hostMatch);
  const findings = rules.map((rule, position) =>
    judgeExtensions(rule.filters, ["spec", "rules", position], {
      index,
      namespace: name.namespace,
    }),
  );
  const addresses = hosts.filter(({ kind }) => kind === "ip").map(({ value }) => value);
  return {
    object: route,
    name,
    obstacles: findings.flatMap(({ obstacles }) => obstacles),
    unresolved: findings.flatMap(({ missing }) => missing),
    problems: addresses.map(
      (address) =>
        `Host ${address} is allowed on plain HTTP only: TLS to a bare address names no server`,
    ),
    rules: rules.map((rule, ruleIndex): RuleDraft => {
      const missing = findings[ruleIndex]?.missing ?? [];
      return {
        ruleIndex,
        hosts,
        matches: rule.matches.length === 0 ? [{}] : rule.matches.map(httpMatch),
        requestHeaders: mergeHeaderModifiers(
          rule.filters.flatMap(({ requestHeaderModifier: it }) => (it === undefined ? [] : [it])),
        ),
        responseHeaders: mergeHeaderModifiers(
          rule.filters.flatMap(({ responseHeaderModifier: it }) => (it === undefined ? [] : [it])),
        ),
        logging: findings[ruleIndex]?.logging ?? [],
        limits: findings[ruleIndex]?.limits ?? [],
        backends: [],
        ...requestBound(rule.filters),
        ...(missing[0] !== undefined && { deny: refuseUnresolved(name, missing[0]) }),
      };
    }),
    logging: findings.map(({ logging }) => logging),
    l4Rules: [],
  };
}

function httpMatch({ method, path, headers }: Match): HttpMatch {
  const pathMatch = path === undefined ? undefined : pathMatchOf(path);
  return {
    ...(method !== undefined && { method }),
    ...(pathMatch !== undefined && { path: pathMatch }),
    ...(headers.length > 0 && { headers: headers.map(headerMatch) }),
  };
}

function pathMatchOf({ type, value }: NonNullable<Match["path"]>): PathMatch | undefined {
  switch (type) {
    case "Exact":
      return { kind: "exact", value };
    case "PathPrefix":
      // Every path begins with it: no condition, so that no path is too ambiguous for it.
      return value === "/" ? undefined : { kind: "prefix", value };
    case "Glob":
      return globPathMatch(value);
  }
}

function headerMatch({ type, name, value }: Match["headers"][number]): HeaderMatch {
  const kind = type === "Exact" ? "exact" : "regex";
  return { kind, name: name.toLowerCase(), value };
}
