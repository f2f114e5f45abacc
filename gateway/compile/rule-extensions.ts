/** Policies that a rule applies by ExtensionRef filters: which of them this gateway enforces, and which are missing. */

import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath } from "../../crds/problem.ts";
import { canCompile } from "../re2-expression.ts";
import type { LimitPlan } from "../snapshot.ts";
import { limitPlan, unenforcedLimit, withoutRepeats } from "./gateway-limits.ts";
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
}

/** Judges the filters of the rule at `path` in an object of `namespace`. */
export function judgeExtensions(
  filters: readonly ExtensionFilter[],
  path: Path,
  { index, namespace }: ExtensionScope,
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
    const isKnown = kind === "LoggingPolicy" || kind === "RateLimitPolicy";
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
      const [field] = unenforcedLimit(policy, index);
      if (field !== undefined) {
        const found = `${label} with ${formatPath(field)}, for which the gateway needs --nats`;
        obstacles.push(notEnforced(at, found));
      }
      continue;
    }
    logging.push(policy);
    const [field] = unenforcedLogging(policy);
    if (field !== undefined) obstacles.push(notEnforced(at, `${label} with ${formatPath(field)}`));
  }
  return { logging, limits: withoutRepeats(limits), obstacles, missing };
}

/** The fields of a LoggingPolicy that ask for what this gateway does not do. */
export function unenforcedLogging({ spec }: LoggingPolicy): Path[] {
  return spec.redactPatterns.flatMap((expression, index) =>
    canCompile(expression) ? [] : [["spec", "redactPatterns", index]],
  );
}
