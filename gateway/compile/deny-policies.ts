/**
 * Policies that refuse what a route would allow: EgressDenyPolicy.
 */

import type { EgressDenyPolicy } from "../../crds/egress-deny-policy.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { ObjectName } from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import { objectKey } from "./object-index.ts";
import type { DenyAction } from "./refusal.ts";
import { notEnforced, refuseUnenforced } from "./refusal.ts";
import type { Finding, ParentName, StatusBook } from "./status-book.ts";
import { accepted } from "./status-book.ts";

/** Refusals by `objectKey` of the route. */
export type RouteDenials = ReadonlyMap<string, DenyAction>;

type Target = EgressDenyPolicy["spec"]["targetRefs"][number];

/** The refusal of each targeted route; the first policy in precedence answers, and the book says how all stand. */
export function denyRoutes(index: ObjectIndex, book: StatusBook): RouteDenials {
  const denials = new Map<string, DenyAction>();
  for (const policy of index.list("EgressDenyPolicy")) {
    for (const [position, target] of policy.spec.targetRefs.entries()) {
      const finding = deny(policy, target, { position, index, denials });
      book.reportParent(policy, targetName(policy.metadata.namespace, target), finding);
    }
  }
  return denials;
}

function deny(
  policy: EgressDenyPolicy,
  target: Target,
  options: {
    readonly position: number;
    readonly index: ObjectIndex;
    readonly denials: Map<string, DenyAction>;
  },
): Finding<"Accepted"> {
  const { position, index, denials } = options;
  const name = referenceOf(policy);
  const parent = targetName(name.namespace, target);
  const route = index.find(target.kind, parent.namespace, parent.name);
  if (route === undefined) return notFound(parent);
  const label = formatReference(parent);
  const key = objectKey(route);
  const earlier = denials.get(key)?.policy;
  if (earlier !== undefined && formatReference(earlier) !== formatReference(name)) {
    return { reason: "Conflicted", message: `${formatReference(earlier)} already denies ${label}` };
  }
  if (target.sectionName !== undefined) {
    const finding = notEnforced(["spec", "targetRefs", position, "sectionName"]);
    if (earlier === undefined) denials.set(key, refuseUnenforced(name, finding, name));
    return finding;
  }
  denials.set(key, denyAction(policy, name));
  return accepted;
}

/** Whether audit mode lets by what the refusal of a route is about: that of a policy, not what cannot be enforced. */
export function isDeniedByPolicy({ reason }: DenyAction): boolean {
  return reason === "deny-policy";
}

function denyAction({ spec }: EgressDenyPolicy, policy: ObjectName): DenyAction {
  const { statusCode: status = 403, message } = spec.denyResponse ?? {};
  return {
    kind: "deny",
    status,
    reason: "deny-policy",
    message: message ?? `Denied by ${formatReference(policy)}`,
    policy,
  };
}

function targetName(
  namespace: string,
  { kind, name, sectionName }: { kind: string; name: string; sectionName?: string },
): ParentName {
  return { kind, namespace, name, ...(sectionName !== undefined && { sectionName }) };
}

function notFound(parent: ParentName): Finding<"Accepted"> {
  return { reason: "TargetNotFound", message: `${formatReference(parent)} does not exist` };
}
