/**
 * How objects name each other. Group and kind are always written out: left out, Gateway API gives them a
 * meaning of its own. Whether the named object exists is not checked here, so that objects may come in any order.
 */
import { dnsLabelFormat, dnsSubdomainFormat, kindFormat } from "./name-formats.ts";
import { GROUP } from "./meta.ts";
import { array, defaulted, enumeration, integer, object, optional, string } from "./schema.ts";
import type { Infer, Schema, StringFormat, StringSchema } from "./schema.ts";

/** Most parents of one route, as in Gateway API. */
const maxParents = 32;

/** Most targets of one policy: a policy status reports on at most 16. */
const maxTargets = 16;

/** A route's parent: the EgressGateway, or one listener of it, whose traffic the route is about. */
export type ParentReference = Infer<typeof parentReference>;

/** A Backend among the candidates of a rule. */
export type BackendReference = Infer<typeof backendReference>;

/** A Secret; always in the namespace of the object that names it. */
export type SecretReference = Infer<ReturnType<typeof secretReference>>;

const group = enumeration({ description: "API group of the object named", values: [GROUP] });

/** One entry of `parentRefs`. */
export const parentReference = object({
  description: "An EgressGateway whose traffic the route is about",
  fields: {
    group,
    kind: enumeration({ description: "Kind of the parent", values: ["EgressGateway"] }),
    name: objectName("Name of the EgressGateway", dnsLabelFormat),
    namespace: optional(
      namespaceName("Namespace of the EgressGateway; the route's own when absent"),
    ),
    sectionName: optional(objectName("Name of one listener; all when absent", dnsLabelFormat)),
    port: optional(port("Port of the listeners meant; all when absent")),
  },
});

/** `parentRefs`: at least one, because a route without a parent decides nothing. */
export const parentReferences = array({
  description: "The EgressGateways whose traffic the route is about",
  items: parentReference,
  minItems: 1,
  maxItems: maxParents,
});

/** One entry of `backendRefs`. */
export const backendReference = object({
  description: "A Backend among the candidates",
  fields: {
    group,
    kind: enumeration({ description: "Kind of the candidate", values: ["Backend"] }),
    name: objectName("Name of the Backend"),
    namespace: optional(namespaceName("Namespace of the Backend; the route's own when absent")),
    port: optional(port("Port to use instead of the Backend's own")),
    weight: defaulted(
      integer({
        description: "Share of the requests, relative to the others'",
        min: 0,
        max: 1_000_000,
      }),
      1,
    ),
    priority: optional(
      integer({
        description:
          "Tier with a FallbackRoutingPolicy: lower ones are tried first; the position in the list when no candidate has one",
        min: 0,
        max: 15,
      }),
    ),
  },
});

/** `backendRefs`: none means the original destination. */
export const backendReferences = array({
  description: "Candidates for the request; none means its original destination",
  items: backendReference,
  maxItems: 16,
});

/** One entry of `targetRefs`, for a policy that can be about these kinds, in its own namespace. */
export function policyTarget<const Kind extends string>(kinds: readonly Kind[]) {
  return object({
    description: "What the policy is about",
    fields: {
      group,
      kind: enumeration({ description: "Kind of the target", values: kinds }),
      name: objectName("Name of the target, in the policy's namespace"),
      sectionName: optional(objectName("Name of a part of the target; the whole when absent")),
    },
  });
}

/** `targetRefs` of such entries: 1 to 16. */
export function policyTargets<Target extends Schema>(target: Target) {
  return array({
    description: "What the policy is about",
    items: target,
    minItems: 1,
    maxItems: maxTargets,
  });
}

/** `extensionRef` of a filter, to one of these kinds in the route's namespace. */
export function extensionReference<const Kind extends string>(kinds: readonly Kind[]) {
  return object({
    description: "A policy that the rule applies",
    fields: {
      group,
      kind: enumeration({ description: "Kind of the policy", values: kinds }),
      name: objectName("Name of the policy, in the route's namespace"),
    },
  });
}

/** `extensionRef` of a filter, to any kind of our group: plugins bring their own. */
export const openExtensionReference = object({
  description: "A policy that the rule applies",
  fields: {
    group,
    kind: string({ description: "Kind of the policy", maxLength: 63, format: kindFormat }),
    name: objectName("Name of the policy, in the route's namespace"),
  },
});

/**
 * A reference to a Secret. A namespace may be written but must then be the object's own (see
 * `findForeignNamespace`): following it elsewhere would let any namespace read any Secret.
 */
export function secretReference(description: string) {
  return object({
    description,
    fields: {
      group: defaulted(secretGroup, ""),
      kind: defaulted(enumeration({ description: "Always Secret", values: ["Secret"] }), "Secret"),
      name: objectName("Name of the Secret, in the object's namespace"),
      namespace: optional(namespaceName("The object's own namespace, if written at all")),
    },
  });
}

/** What is wrong with the namespace of a Secret reference in an object of `own` namespace, if anything. */
export function findForeignNamespace(
  reference: { readonly namespace?: string } | undefined,
  own: string,
): { readonly found: string; readonly wanted: string; readonly detail: string } | undefined {
  if (reference?.namespace === undefined || reference.namespace === own) return undefined;
  return {
    found: `"${reference.namespace}"`,
    wanted: `"${own}"`,
    detail: "a Secret is only ever read from the namespace of the object that names it",
  };
}

/** A port number from 1 to 65535. */
export function port(description: string) {
  return integer({ description, min: 1, max: 65_535 });
}

const secretGroup = enumeration({ description: "The core group", values: [""] });

function objectName(description: string, format: StringFormat = dnsSubdomainFormat): StringSchema {
  return string({ description, maxLength: 253, format });
}

function namespaceName(description: string): StringSchema {
  return string({ description, maxLength: 63, format: dnsLabelFormat });
}
