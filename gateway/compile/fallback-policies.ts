/** FallbackRoutingPolicy on routes: which route falls back, and how. */

import { parseDuration } from "../../crds/duration.ts";
import type { FallbackRoutingPolicy } from "../../crds/fallback-routing-policy.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { ObjectIndex } from "./object-index.ts";
import { objectKey } from "./object-index.ts";
import type { FallbackSettings } from "./route-draft.ts";
import type { Finding, StatusBook } from "./status-book.ts";
import { accepted } from "./status-book.ts";

/** How routes fall back, by `objectKey` of the route. */
export type RouteFallbacks = ReadonlyMap<string, FallbackSettings>;

/** Statuses of a provider that cannot serve now; 529 is Anthropic's for being overloaded. */
const defaultStatuses = [429, 500, 502, 503, 504, 529] as const;

const defaultConnectTimeoutMs = 5_000;

const defaultMaxEjectionMs = 5 * 60_000;

/** The settings of each targeted route; the first policy in precedence decides, and the book says how all stand. */
export function fallbackRoutes(index: ObjectIndex, book: StatusBook): RouteFallbacks {
  const fallbacks = new Map<string, FallbackSettings>();
  const owners = new Map<string, string>();
  for (const policy of index.list("FallbackRoutingPolicy")) {
    const { namespace } = policy.metadata;
    const label = formatReference(referenceOf(policy));
    for (const { kind, name } of policy.spec.targetRefs) {
      const route = index.find("AIProviderRoute", namespace, name);
      const parent = { kind, namespace, name };
      if (route === undefined) {
        const message = `${formatReference(parent)} does not exist`;
        book.reportParent(policy, parent, { reason: "TargetNotFound", message });
        continue;
      }
      const key = objectKey(route);
      const owner = owners.get(key) ?? label;
      book.reportParent(policy, parent, owner === label ? accepted : conflict(owner, key));
      if (owner !== label) continue;
      owners.set(key, label);
      fallbacks.set(key, settingsOf(policy));
    }
  }
  return fallbacks;
}

function conflict(owner: string, route: string): Finding<"Accepted"> {
  return { reason: "Conflicted", message: `${owner} already decides for ${route}` };
}

function settingsOf({ spec }: FallbackRoutingPolicy): FallbackSettings {
  const { numRetries, retriableStatusCodes = [], perTryTimeout, connectTimeout } = spec.retry ?? {};
  const { maxEjectionTime } = spec.ejection ?? {};
  return {
    ...(numRetries !== undefined && { retries: numRetries }),
    statuses: retriableStatusCodes.length > 0 ? retriableStatusCodes : defaultStatuses,
    ...(perTryTimeout !== undefined && { perTryTimeoutMs: parseDuration(perTryTimeout) }),
    connectTimeoutMs:
      connectTimeout === undefined ? defaultConnectTimeoutMs : parseDuration(connectTimeout),
    maxEjectionMs:
      maxEjectionTime === undefined ? defaultMaxEjectionMs : parseDuration(maxEjectionTime),
  };
}
