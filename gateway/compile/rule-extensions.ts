/** Policies that a rule applies by ExtensionRef filters: which of them this gateway enforces, and which are missing. */

import { parseDuration } from "../../crds/duration.ts";
import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath } from "../../crds/problem.ts";
import type { RateLimitPolicy } from "../../crds/rate-limit-policy.ts";
import { canSearch } from "../redaction/body-redaction.ts";
import type { LimitPlan } from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import { notEnforced } from "./refusal.ts";
import type { Finding } from "./status-book.ts";

/** A filter as far as it may refer to a policy. */
interface ExtensionFilter {
  readonly extensionRef?: { readonly kind: string; readonly name: string };
}

/** The policies of one rule, and what stands in the way of its filters. */
export interface ExtensionFindings {
  /** In the order of the filters */
  readonly logging: readonly LoggingPolicy[];
  readonly limits: readonly LimitPlan[];
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly missing: readonly Finding<"ResolvedRefs">[];
}

/** Where filters stand, and what the rule is about. */
export interface ExtensionScope {
  readonly index: ObjectIndex;
  readonly namespace: string;
  /** False: nobody counts what the rule matches, such as raw connections */
  readonly countsRequests: boolean;
}

/** Judges the filters of the rule at `path` in an object of `namespace`. */
export function judgeExtensions(
  filters: readonly ExtensionFilter[],
  path: Path,
  { index, namespace, countsRequests }: ExtensionScope,
): ExtensionFindings {
  const logging: LoggingPolicy[] = [];
  const limits: LimitPlan[] = [];
  const obstacles: Finding<"Accepted">[] = [];
  const missing: Finding<"ResolvedRefs">[] = [];
  for (const [position, { extensionRef }] of filters.entries()) {
    if (extensionRef === undefined) continue;
    const at = [...path, "filters", position, "extensionRef"];
    const { kind, name } = extensionRef;
    const label = `${kind} ${namespace}/${name}`;
    const isKnown = kind === "LoggingPolicy" || (kind === "RateLimitPolicy" && countsRequests);
    if (!isKnown) {
      obstacles.push(notEnforced(at, label));
      continue;
    }
    const policy = index.find(kind, namespace, name);
    if (policy === undefined) {
      const message = `${formatPath(at)}: ${label} does not exist`;
      missing.push({ reason: "ExtensionNotFound", message });
      continue;
    }
    if (policy.kind === "RateLimitPolicy") {
      limits.push(limitPlan(policy));
      continue;
    }
    logging.push(policy);
    const [field] = unenforcedLogging(policy);
    if (field !== undefined) obstacles.push(notEnforced(at, `${label} with ${formatPath(field)}`));
  }
  return { logging, limits: withoutRepeats(limits), obstacles, missing };
}

function limitPlan(policy: RateLimitPolicy): LimitPlan {
  const { requests, window, scope } = policy.spec;
  return { policy: referenceOf(policy), requests, windowMs: parseDuration(window), scope };
}

/** Named twice, a policy still counts a request once. */
function withoutRepeats(limits: readonly LimitPlan[]): LimitPlan[] {
  const byName = new Map(limits.map((limit) => [limit.policy.name, limit]));
  return [...byName.values()];
}

/** The fields of a LoggingPolicy that ask for what this gateway does not do. */
export function unenforcedLogging({ spec }: LoggingPolicy): Path[] {
  return spec.redactPatterns.flatMap((expression, index) =>
    canSearch(expression) ? [] : [["spec", "redactPatterns", index]],
  );
}
