/** The `status` of an object as its kind has it, made of what a gateway reports. A pure function. */
import type { Condition } from "../../crds/conditions.ts";
import { replaceConditions } from "../../crds/conditions.ts";
import { GROUP } from "../../crds/meta.ts";
import { maxAncestors } from "../../crds/status.ts";
import type { ReportedObject } from "../../gateway/object-report.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { isRecord } from "../apiserver/kube-object.ts";

/** Who writes these parts of `status` (Gateway API's `controllerName`). */
export const gatewayControllerName = `${GROUP}/gateway`;

const routeKinds: ReadonlySet<string> = new Set([
  "AIProviderRoute",
  "EgressHTTPRoute",
  "EgressL4Route",
  "MCPRoute",
]);

const policyKinds: ReadonlySet<string> = new Set([
  "CredentialInjectionPolicy",
  "EgressDenyPolicy",
  "FallbackRoutingPolicy",
]);

/** Types that gateways set and take away. */
const gatewayConditions: ReadonlySet<string> = new Set([
  ...["Accepted", "ResolvedRefs", "Enforcing", "Programmed", "Ready", "TranslationUnsupported"],
]);

type Reported = ReportedObject["conditions"];

/**
 * The new status; conditions whose `status` did not change keep their time. What others wrote into it stays, but the
 * entries of parents and ancestors that are ours are replaced as a whole. `now` is RFC 3339.
 */
export function statusOf(object: KubeObject, reported: ReportedObject, now: string): object {
  const before = isRecord(object["status"]) ? object["status"] : {};
  if (routeKinds.has(object.kind)) {
    return {
      ...before,
      parents: mergeParents(before["parents"], reported, { now, of: "parentRef" }),
    };
  }
  if (policyKinds.has(object.kind)) {
    const ancestors = mergeParents(before["ancestors"], reported, { now, of: "ancestorRef" });
    return { ...before, ancestors: cut(ancestors) };
  }
  const conditions = merge(before["conditions"], reported.conditions, now);
  if (object.kind !== "EgressGateway") return { ...before, conditions };
  return { ...before, conditions, ...listenersOf(object, reported) };
}

interface MergeOptions {
  readonly now: string;
  readonly of: "parentRef" | "ancestorRef";
}

function mergeParents(before: unknown, reported: ReportedObject, { now, of }: MergeOptions) {
  const entries = Array.isArray(before) ? before.filter(isRecord) : [];
  const others = entries.filter((entry) => entry["controllerName"] !== gatewayControllerName);
  const byKey = new Map<string, ReportedParent & { readonly reference: object }>();
  for (const entry of reported.parents ?? []) {
    const reference = referenceOf(entry, of);
    const key = JSON.stringify(reference);
    // A target that is named twice has one entry.
    if (!byKey.has(key)) byKey.set(key, { ...entry, reference });
  }
  const ours = [...byKey].map(([key, { reference, conditions }]) => {
    const known = entries.find(
      (entry) => entry["controllerName"] === gatewayControllerName && sameReference(entry[of], key),
    );
    return {
      [of]: reference,
      controllerName: gatewayControllerName,
      conditions: merge(known?.["conditions"], conditions, now),
    };
  });
  return [...others, ...ours];
}

type ReportedParent = NonNullable<ReportedObject["parents"]>[number];

function referenceOf({ parent }: ReportedParent, of: MergeOptions["of"]): object {
  const { kind, namespace, name, sectionName } = parent;
  return {
    ...{ group: GROUP, kind, name },
    // Targets of policies are in the policy's own namespace, and their references have none.
    ...(of === "parentRef" && { namespace }),
    ...(sectionName !== undefined && { sectionName }),
  };
}

function sameReference(reference: unknown, key: string): boolean {
  if (!isRecord(reference)) return false;
  const { group, kind, name, namespace, sectionName } = reference;
  // In the order in which they are written above; members that are absent are left out.
  return JSON.stringify({ group, kind, name, namespace, sectionName }) === key;
}

/** Gateway API: at most 16 ancestors; sorted, so that those that are cut off are always the same. */
function cut<T extends object>(ancestors: readonly T[]): readonly T[] {
  const textOf = (one: T) => JSON.stringify(Reflect.get(one, "ancestorRef"));
  const sorted = ancestors.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  return sorted.slice(0, maxAncestors);
}

function merge(before: unknown, reported: Reported, now: string): readonly Condition[] {
  const known = Array.isArray(before) ? (before as readonly Condition[]) : [];
  const next = reported.map((condition) => ({ ...condition, lastTransitionTime: now }));
  // One of ours that is not reported any more, such as of an audit that has ended, goes; those of others stay.
  return replaceConditions(known, next, gatewayConditions);
}

function listenersOf(
  { spec }: KubeObject,
  { listeners = [], attachedRoutes = [] }: ReportedObject,
) {
  const declared = isRecord(spec) && Array.isArray(spec["listeners"]) ? spec["listeners"] : [];
  const rows = declared.filter(isRecord).map((listener) => {
    const name = String(listener["name"]);
    const served = listeners.find((one) => one.name === name);
    const attached = attachedRoutes.find((one) => one.listener === name)?.count ?? 0;
    const address = served?.address;
    return {
      name,
      ...(address !== undefined && {
        port: Number(address.slice(address.lastIndexOf(":") + 1)),
        backendAddress: address,
      }),
      attachedRoutes: served?.attachedRoutes ?? attached,
    };
  });
  return { listenerCount: declared.length, listeners: rows };
}
