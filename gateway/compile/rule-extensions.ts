/** Policies that a rule applies by ExtensionRef filters: which of them this gateway enforces, and which are missing. */

import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath } from "../../crds/problem.ts";
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
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly missing: readonly Finding<"ResolvedRefs">[];
}

/** Judges the filters of the rule at `path` in an object of `namespace`. */
export function judgeExtensions(
  filters: readonly ExtensionFilter[],
  path: Path,
  { index, namespace }: { readonly index: ObjectIndex; readonly namespace: string },
): ExtensionFindings {
  const logging: LoggingPolicy[] = [];
  const obstacles: Finding<"Accepted">[] = [];
  const missing: Finding<"ResolvedRefs">[] = [];
  for (const [position, { extensionRef }] of filters.entries()) {
    if (extensionRef === undefined) continue;
    const at = [...path, "filters", position, "extensionRef"];
    const { kind, name } = extensionRef;
    const label = `${kind} ${namespace}/${name}`;
    if (kind !== "LoggingPolicy") {
      obstacles.push(notEnforced(at, label));
      continue;
    }
    const policy = index.find("LoggingPolicy", namespace, name);
    if (policy === undefined) {
      const message = `${formatPath(at)}: ${label} does not exist`;
      missing.push({ reason: "ExtensionNotFound", message });
      continue;
    }
    logging.push(policy);
    const [field] = unenforcedLogging(policy);
    if (field !== undefined) obstacles.push(notEnforced(at, `${label} with ${formatPath(field)}`));
  }
  return { logging, obstacles, missing };
}

/** The fields of a LoggingPolicy that ask for what this gateway does not do. */
export function unenforcedLogging({ spec }: LoggingPolicy): Path[] {
  return spec.sinkRef === undefined ? [] : [["spec", "sinkRef"]];
}
