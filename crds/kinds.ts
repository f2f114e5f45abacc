/** All kinds that are understood, in the order in which they are listed, and the way from any written object to its kind. */
import { aiProviderRouteKind } from "./ai-provider-route.ts";
import type { AIProviderRoute } from "./ai-provider-route.ts";
import { backendKind } from "./backend.ts";
import type { Backend } from "./backend.ts";
import { credentialInjectionPolicyKind } from "./credential-injection-policy.ts";
import type { CredentialInjectionPolicy } from "./credential-injection-policy.ts";
import { egressDenyPolicyKind } from "./egress-deny-policy.ts";
import type { EgressDenyPolicy } from "./egress-deny-policy.ts";
import { egressGatewayKind } from "./egress-gateway.ts";
import type { EgressGateway } from "./egress-gateway.ts";
import { egressHttpRouteKind } from "./egress-http-route.ts";
import type { EgressHTTPRoute } from "./egress-http-route.ts";
import { egressL4RouteKind } from "./egress-l4-route.ts";
import type { EgressL4Route } from "./egress-l4-route.ts";
import { fallbackRoutingPolicyKind } from "./fallback-routing-policy.ts";
import type { FallbackRoutingPolicy } from "./fallback-routing-policy.ts";
import type { KindDefinition, ParseResult } from "./kind-definition.ts";
import { loggingPolicyKind } from "./logging-policy.ts";
import type { LoggingPolicy } from "./logging-policy.ts";
import { mcpRouteKind } from "./mcp-route.ts";
import type { MCPRoute } from "./mcp-route.ts";
import { API_VERSION, GROUP } from "./meta.ts";
import { namespaceKind } from "./namespace.ts";
import type { Namespace } from "./namespace.ts";
import {
  createProblem,
  createProblemWithText,
  describeValue,
  quote,
  quoteChoice,
} from "./problem.ts";
import type { Problem } from "./problem.ts";
import { rateLimitPolicyKind } from "./rate-limit-policy.ts";
import type { RateLimitPolicy } from "./rate-limit-policy.ts";
import { secretKind } from "./secret.ts";
import type { Secret } from "./secret.ts";
import { findSuggestion } from "./suggestion.ts";

/** Any parsed object; `kind` tells which. */
export type ParsedObject =
  | EgressGateway
  | EgressHTTPRoute
  | EgressL4Route
  | AIProviderRoute
  | MCPRoute
  | Backend
  | CredentialInjectionPolicy
  | EgressDenyPolicy
  | RateLimitPolicy
  | LoggingPolicy
  | FallbackRoutingPolicy
  | Secret
  | Namespace;

/** All kinds, ours first. */
export const kinds: readonly KindDefinition<ParsedObject>[] = [
  egressGatewayKind,
  egressHttpRouteKind,
  egressL4RouteKind,
  aiProviderRouteKind,
  mcpRouteKind,
  backendKind,
  credentialInjectionPolicyKind,
  egressDenyPolicyKind,
  rateLimitPolicyKind,
  loggingPolicyKind,
  fallbackRoutingPolicyKind,
  secretKind,
  namespaceKind,
];

/** The kind of that name in exactly that group and version. */
export function findKind(
  apiVersion: string,
  kind: string,
): KindDefinition<ParsedObject> | undefined {
  return kinds.find(
    (definition) => definition.kind === kind && definition.apiVersion === apiVersion,
  );
}

/**
 * The kind that a person means by a kind, plural, singular or short name in any case (`egw`, `backends`), with or
 * without `.clrk.apoxy.dev` after it.
 */
export function findKindByAnyName(name: string): KindDefinition<ParsedObject> | undefined {
  const lower = name.toLowerCase();
  return kinds.find((definition) =>
    [definition.kind, definition.plural, ...definition.shortNames].some((known) => {
      const wanted = known.toLowerCase();
      return (
        lower === wanted || (definition.group !== "" && lower === `${wanted}.${definition.group}`)
      );
    }),
  );
}

/** Checks any object by the kind that it names. An unknown kind is a problem with the nearest known one. */
export function parseAnyObject(value: unknown): ParseResult<ParsedObject> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(
      createProblem({ path: [], found: describeValue(value, "hide"), wanted: "an object" }),
    );
  }
  const apiVersion = Object.hasOwn(value, "apiVersion")
    ? Reflect.get(value, "apiVersion")
    : undefined;
  const kind = Object.hasOwn(value, "kind") ? Reflect.get(value, "kind") : undefined;
  if (typeof kind !== "string")
    return refuse(nameProblem("kind", kind, 'a kind such as "EgressGateway"'));
  if (typeof apiVersion !== "string")
    return refuse(nameProblem("apiVersion", apiVersion, `"${API_VERSION}"`));
  const definition = findKind(apiVersion, kind);
  return definition === undefined ? refuse(unknownKind(apiVersion, kind)) : definition.parse(value);
}

function refuse(problem: Problem): ParseResult<never> {
  return { kind: "invalid", problems: [problem] };
}

function nameProblem(field: "kind" | "apiVersion", value: unknown, wanted: string): Problem {
  return createProblem({
    path: [field],
    ...(value !== undefined && { found: describeValue(value, "show") }),
    wanted,
  });
}

function unknownKind(apiVersion: string, kind: string): Problem {
  const sameName = kinds.find((definition) => definition.kind === kind);
  if (sameName !== undefined) {
    const wanted = `"${sameName.apiVersion}"`;
    return createProblem({
      path: ["apiVersion"],
      found: quote(apiVersion),
      wanted,
      detail: `the version of ${kind}`,
    });
  }
  const names = kinds.filter(({ group }) => group === GROUP).map((definition) => definition.kind);
  // A kind of another group is none of ours misspelled.
  const suggestion = apiVersion === API_VERSION ? findSuggestion(kind, names) : undefined;
  const detail = suggestion === undefined ? undefined : `did you mean "${suggestion}"?`;
  return createProblemWithText(
    ["kind"],
    quoteChoice(names),
    `no kind ${quote(kind)} in ${quote(apiVersion)}, ${detail ?? `known are ${names.join(", ")}, Secret and Namespace`}`,
  );
}
