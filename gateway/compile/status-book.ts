/**
 * What is said about each object: filled while objects are compiled, read once at the end. What nobody reported is
 * true: an object without a finding is accepted, and its references are resolved.
 */

import type { Condition, ConditionReason, ConditionType, ReasonOf } from "../../crds/conditions.ts";
import { createCondition } from "../../crds/conditions.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { ObjectName } from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import { objectKey } from "./object-index.ts";

/** A condition without its time, which only who writes status knows. */
export type CompiledCondition = Omit<Condition, "lastTransitionTime">;

/** A parent of a route, or a target of a policy, with a section of it when one was named. */
export interface ParentName extends ObjectName {
  readonly sectionName?: string;
}

/** What is said about an object with regard to one parent or target. */
export interface ParentStatus {
  readonly parent: ParentName;
  readonly conditions: readonly CompiledCondition[];
}

/** What compiling found out about one object; Programmed and Ready are for whoever runs the gateway to say. */
export interface ObjectStatus {
  readonly ref: ObjectName;
  /** Accepted, for kinds that name others ResolvedRefs, and Enforcing where it audits; none for a Secret */
  readonly conditions: readonly CompiledCondition[];
  /** Of routes and policies with targets, in the order in which they are written */
  readonly parents?: readonly ParentStatus[];
  /** Of an EgressGateway: routes that attach to each listener */
  readonly attachedRoutes?: readonly ListenerAttachments[];
  /** Sentences about what differs from what its author may expect; no secret in them */
  readonly problems: readonly string[];
}

/** How many routes attach to one listener. */
export interface ListenerAttachments {
  readonly listener: string;
  readonly count: number;
}

/** One thing found: the reason decides the status. */
export interface Finding<Type extends ConditionType = ConditionType> {
  readonly reason: ReasonOf<Type> & ConditionReason;
  /** A sentence or a clause that stands by itself; no secret, no header value */
  readonly message: string;
}

/** Kinds whose objects name others by reference, and so have ResolvedRefs. */
const referringKinds: ReadonlySet<string> = new Set([
  "AIProviderRoute",
  "CredentialInjectionPolicy",
  "EgressGateway",
  "EgressHTTPRoute",
  "EgressL4Route",
  "MCPRoute",
]);

/** Whether one failing parent makes the object fail, or only all of them do. */
const anyParentSuffices: ReadonlySet<string> = new Set([
  "AIProviderRoute",
  "EgressHTTPRoute",
  "EgressL4Route",
  "MCPRoute",
]);

interface Entry {
  accepted?: Finding<"Accepted">;
  resolved?: Finding<"ResolvedRefs">;
  /** Why it is not enforced */
  audit?: string;
  readonly parents: { readonly parent: ParentName; readonly accepted: Finding<"Accepted"> }[];
  attachedRoutes?: readonly ListenerAttachments[];
  readonly problems: string[];
}

/** A finding that all is well. */
export const accepted: Finding<"Accepted"> = { reason: "Accepted", message: "Valid and attached" };

const valid: Finding<"Accepted"> = { reason: "Accepted", message: "Valid" };

const resolved: Finding<"ResolvedRefs"> = {
  reason: "ResolvedRefs",
  message: "Every reference was found",
};

/** Collects findings. Of several on one aspect of an object the first stays, and the others become problems. */
export class StatusBook {
  readonly #entries = new Map<string, Entry>();

  /** Says that the object is not accepted. */
  reject(object: ParsedObject, finding: Finding<"Accepted">): void {
    const entry = this.#entry(object);
    if (entry.accepted === undefined) entry.accepted = finding;
    else this.note(object, finding.message);
  }

  /** Says that something the object names cannot be used. */
  reportUnresolved(object: ParsedObject, finding: Finding<"ResolvedRefs">): void {
    const entry = this.#entry(object);
    if (entry.resolved === undefined) entry.resolved = finding;
    else this.note(object, finding.message);
  }

  /** Says that what the object would refuse is let by. */
  reportAudit(object: ParsedObject, message: string): void {
    this.#entry(object).audit ??= message;
  }

  /** Says how the object stands with one parent or target. */
  reportParent(object: ParsedObject, parent: ParentName, finding: Finding<"Accepted">): void {
    this.#entry(object).parents.push({ parent, accepted: finding });
  }

  /** Sets how many routes attach to the listeners of an EgressGateway. */
  reportAttachedRoutes(object: ParsedObject, attached: readonly ListenerAttachments[]): void {
    this.#entry(object).attachedRoutes = attached;
  }

  /** Adds a sentence for the author of the object, once. */
  note(object: ParsedObject, problem: string): void {
    const { problems } = this.#entry(object);
    if (!problems.includes(problem)) problems.push(problem);
  }

  /** The status of every object of the index, in its order. */
  build({ all, duplicates }: ObjectIndex): ObjectStatus[] {
    return all.map((object) => {
      const count = duplicates.get(objectKey(object));
      if (count !== undefined) {
        this.note(object, `${count} objects are ${objectKey(object)}: only one of them is used`);
      }
      return statusOf(object, this.#entry(object));
    });
  }

  #entry(object: ParsedObject): Entry {
    const key = objectKey(object);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry: Entry = { parents: [], problems: [] };
    this.#entries.set(key, entry);
    return entry;
  }
}

function statusOf(object: ParsedObject, entry: Entry): ObjectStatus {
  const { generation } = object.metadata;
  const refersToOthers = referringKinds.has(object.kind);
  const resolution = refersToOthers
    ? [condition("ResolvedRefs", entry.resolved ?? resolved, generation)]
    : [];
  // What only others look into is neither accepted nor not.
  const isCore = object.kind === "Secret" || object.kind === "Namespace";
  return {
    ref: referenceOf(object),
    conditions: [
      ...(isCore ? [] : [condition("Accepted", acceptanceOf(object, entry), generation)]),
      ...resolution,
      ...(entry.audit === undefined
        ? []
        : [condition("Enforcing", { reason: "Audit", message: entry.audit }, generation)]),
    ],
    ...(entry.parents.length > 0 && {
      parents: entry.parents.map((parent) => ({
        parent: parent.parent,
        conditions: [
          condition("Accepted", stricter(parent.accepted, entry.accepted), generation),
          ...resolution,
        ],
      })),
    }),
    ...(entry.attachedRoutes !== undefined && { attachedRoutes: entry.attachedRoutes }),
    problems: entry.problems,
  };
}

/** A route needs one parent that takes it; a policy is only fine when it applies to all its targets. */
function acceptanceOf(
  object: ParsedObject,
  { accepted: own, parents }: Entry,
): Finding<"Accepted"> {
  const failed = parents.map((parent) => parent.accepted).filter(isFailure);
  const [first] = failed;
  if (first === undefined) return own ?? (parents.length > 0 ? accepted : valid);
  if (anyParentSuffices.has(object.kind)) {
    return failed.length === parents.length ? first : (own ?? accepted);
  }
  return own ?? first;
}

function stricter(
  parent: Finding<"Accepted">,
  own: Finding<"Accepted"> | undefined,
): Finding<"Accepted"> {
  return isFailure(parent) ? parent : (own ?? parent);
}

function isFailure({ reason }: Finding<"Accepted">): boolean {
  return reason !== "Accepted";
}

function condition<Type extends "Accepted" | "ResolvedRefs" | "Enforcing">(
  type: Type,
  { reason, message }: Finding<Type>,
  observedGeneration: number | undefined,
): CompiledCondition {
  const created = createCondition({ type, reason, message, observedGeneration, now: "" });
  return {
    type,
    status: created.status,
    reason,
    message,
    ...(observedGeneration !== undefined && { observedGeneration }),
  };
}
