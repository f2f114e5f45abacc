/**
 * Routes of model calls for which the engine chooses: an entry at which the request waits, and the walk from candidate
 * to candidate. Which way was picked stands in dynamic metadata, which no agent can write.
 */

import type { Provider } from "../../providers/provider.ts";
import { typedExtension } from "../any.ts";
import { duration, uint32, uint64 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { FallbackPlan } from "../routing-plan.ts";
import { candidateCluster } from "../routing-plan.ts";
import type { BackendTarget, EnginePlan, HttpAction } from "../snapshot.ts";
import { choiceRouteConfig, swapEntryConfig, swapRouteConfig } from "./engine-filter.ts";
import { ENGINE_METADATA } from "./filter-state.ts";
import { servedHeader, streamIdleMs } from "./forward-route.ts";
import { mutationConfig } from "./header-injection.ts";
import { headerRewrites } from "./header-rewrites.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";
import { modelCallBytes } from "./model-call-body.ts";
import { unwatchedConfig } from "./placeholder-watch.ts";
import { RESOURCE } from "./resource-names.ts";

type Route = envoy.config.route.v3.IRoute;
type Match = envoy.config.route.v3.IRouteMatch;
type Fallback = Extract<HttpAction, { readonly kind: "forward" }> & {
  readonly fallback: FallbackPlan;
};

/** Attempts follow each other at once: the next one goes to somebody else. */
const backOffMs = 1;

/** What an entry is made from. */
export interface EntryOptions {
  readonly name: string;
  readonly match: Match;
  readonly engine: EnginePlan;
  readonly requestTimeoutMs: number;
  /** Most bytes of a body that are held meanwhile */
  readonly heldBytes?: number;
  /** Some rule of the gateway has something written over, perhaps one that is picked here */
  readonly swaps: boolean;
}

/** Where requests wait for the engine's choice. One that gets past it without a choice goes nowhere. */
export function entryRoute(options: EntryOptions): Route {
  const { name, match, engine, requestTimeoutMs, swaps, heldBytes = modelCallBytes } = options;
  return {
    name,
    match: unreadMatch(match),
    route: {
      cluster: RESOURCE.refused,
      timeout: duration(0),
      idleTimeout: duration(streamIdleMs(requestTimeoutMs)),
    },
    requestBodyBufferLimit: uint64(heldBytes),
    typedPerFilterConfig: { ...choiceRouteConfig(engine), ...(swaps && swapEntryConfig()) },
  };
}

/** Matches requests that no entry has let by so far. */
export function unreadMatch(match: Match): Match {
  return { ...match, dynamicMetadata: [{ ...pickMatch({ presentMatch: true }), invert: true }] };
}

/** Matches requests that an entry has let by: the engine has read them, and reads no request twice. */
export function letByMatch(match: Match): Match {
  return { ...match, dynamicMetadata: [pickMatch({ presentMatch: true })] };
}

/** Matches requests for which the engine picked a way. */
export function pickedMatch(pick: string): Match {
  return { prefix: "/", dynamicMetadata: [pickMatch({ stringMatch: { exact: pick } })] };
}

function pickMatch(value: envoy.type.matcher.v3.IValueMatcher) {
  return { filter: ENGINE_METADATA.namespace, path: [{ key: ENGINE_METADATA.pick }], value };
}

/** What a walk is made from. */
export interface WalkOptions {
  readonly name: string;
  readonly pick: string;
  readonly action: Fallback;
  readonly provider: Provider | undefined;
  readonly requestTimeoutMs: number;
}

/** Tries candidates in the order that the engine wrote; without one nothing is tried. */
export function walkRoute(options: WalkOptions): Route {
  const { name, pick, action, requestTimeoutMs } = options;
  const { requestHeaders, responseHeaders, backends, fallback, swap } = action;
  const { PriorityGroupClusterSpecifier } =
    envoy.extensions.router.cluster_specifiers.priority_group.v3;
  return {
    name,
    match: pickedMatch(pick),
    responseHeadersToAdd: [servedHeader()],
    requestBodyBufferLimit: uint64(modelCallBytes),
    typedPerFilterConfig: {
      ...mutationConfig(headerRewrites(requestHeaders), headerRewrites(responseHeaders), []),
      ...(swap !== undefined && { [HTTP_FILTER.swap]: swapRouteConfig(swap, "any") }),
      // Which attempt takes them, the engine knows.
      ...(backends.some((target) => target.swap !== undefined) && unwatchedConfig()),
    },
    route: {
      timeout: duration(0),
      idleTimeout: duration(streamIdleMs(requestTimeoutMs)),
      retryPolicy: retryPolicy(fallback),
      inlineClusterSpecifierPlugin: {
        extension: typedExtension(
          "envoy.router.cluster_specifier_plugin.priority_group",
          PriorityGroupClusterSpecifier,
          {
            overrideMetadataNamespace: ENGINE_METADATA.order,
            priorityGroups: [
              group(ENGINE_METADATA.order, RESOURCE.refused),
              ...backends.flatMap(candidateGroup),
            ],
          },
        ),
      },
    },
  };
}

function candidateGroup({ attempt }: BackendTarget) {
  const { rule, candidate: position = -1 } = attempt?.fallback ?? {};
  const candidate = rule?.candidates[position];
  if (rule?.fallback === undefined || candidate === undefined) return [];
  return [group(candidate.pick, candidateCluster(rule.fallback, candidate.pick))];
}

function group(name: string, clusterName: string) {
  return { name, clusters: [{ clusterName, weight: uint32(1) }] };
}

function retryPolicy(fallback: FallbackPlan): envoy.config.route.v3.IRetryPolicy {
  const { retries, statuses, perTryTimeoutMs } = fallback;
  return {
    retryOn: "connect-failure,refused-stream,reset,retriable-status-codes",
    retriableStatusCodes: [...statuses],
    numRetries: uint32(retries),
    perTryTimeout: duration(perTryTimeoutMs),
    retryBackOff: { baseInterval: duration(backOffMs), maxInterval: duration(backOffMs) },
    refreshClusterOnRetry: true,
  };
}
