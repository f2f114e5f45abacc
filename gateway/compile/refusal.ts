/**
 * Why traffic of an object is refused: one text for the object's author and for the agent. What is declared but not
 * enforced, and what cannot be resolved, is refused and never silently open.
 */

import type { Path } from "../../crds/problem.ts";
import { formatPath } from "../../crds/problem.ts";
import { formatReference } from "../../crds/meta.ts";
import type { HttpAction, ObjectName } from "../snapshot.ts";
import type { Finding } from "./status-book.ts";

/** A rule's action that refuses. */
export type DenyAction = Extract<HttpAction, { readonly kind: "deny" }>;

/** The finding that a field of an object is declared but not enforced; `what` follows the field. */
export function notEnforced(path: Path, what = ""): Finding<"Accepted"> {
  const field = formatPath(path);
  return {
    reason: "NotEnforced",
    message: `${field}${what === "" ? "" : ` (${what})`} is not enforced yet`,
  };
}

/** Refuses what an object that is not enforced declares; `policy` is the object at fault when it is not the route. */
export function refuseUnenforced(
  object: ObjectName,
  finding: Finding<"Accepted">,
  policy?: ObjectName,
): DenyAction {
  return {
    kind: "deny",
    status: 403,
    reason: "not-enforced",
    message: `Refused because ${formatReference(object)} cannot be enforced: ${finding.message}`,
    ...(policy !== undefined && { policy }),
  };
}

/** Refuses requests of a rule that applies a policy which does not exist. */
export function refuseUnresolved(route: ObjectName, finding: Finding<"ResolvedRefs">): DenyAction {
  return {
    kind: "deny",
    status: 403,
    reason: "not-enforced",
    message: `Refused because ${formatReference(route)} cannot be enforced: ${finding.message}`,
  };
}

/** Refuses requests that would go out without the credential that a policy gives them. */
export function refuseWithoutCredential(policy: ObjectName, text: string): DenyAction {
  return {
    kind: "deny",
    status: 403,
    reason: "credential-missing",
    message: `Refused because ${formatReference(policy)} gives no credential: ${text}`,
    policy,
  };
}

/** Refuses requests that no backend of their rule serves, because none speaks the API that they are of. */
export function refuseUntranslatable(route: ObjectName, provider: string): DenyAction {
  return {
    kind: "deny",
    // Not 501: SDKs would try again what never works.
    status: 403,
    reason: "not-translatable",
    message: `Refused because ${formatReference(route)} has other providers serve calls to ${provider}, and only plain model calls can be translated: no WebSocket, and no other request of its API`,
  };
}

/** Refuses requests that nobody could count, where a rule has a budget. */
export function refuseUncounted(route: ObjectName, provider: string): DenyAction {
  return {
    kind: "deny",
    status: 403,
    reason: "no-rule",
    message: `Refused because ${formatReference(route)} has a budget for calls to ${provider}, and only plain model calls can be counted: no WebSocket, and no other request of its API. Another rule may allow it`,
  };
}

/** Refuses requests of a rule none of whose backends can take them. */
export function refuseWithoutBackend(route: ObjectName, text: string): DenyAction {
  return {
    kind: "deny",
    status: 503,
    reason: "backend-missing",
    message: `Refused because ${formatReference(route)} has no backend for it: ${text}`,
  };
}
