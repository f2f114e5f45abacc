/** Shapes of `status`: what is observed about an object. Written by us and read by people and their tools; no manifest sets it. */
import { dateTimeFormat } from "./date-time.ts";
import { dnsSubdomainFormat, patternFormat } from "./name-formats.ts";
import { parentReference, policyTarget } from "./references.ts";
import { array, enumeration, integer, object, optional, string } from "./schema.ts";
import type { Fields, Infer } from "./schema.ts";

/** Most ancestors that a policy reports on (Gateway API, GEP-713). */
export const maxAncestors = 16;

/** Most conditions of one list. */
const maxConditions = 16;

const reasonFormat = patternFormat({
  name: "condition-reason",
  wanted: 'a word such as "TargetNotFound"',
  pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
});

const conditionTypeFormat = patternFormat({
  name: "condition-type",
  wanted: 'a word such as "Accepted"',
  pattern:
    "^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$",
});

const controllerNameFormat = patternFormat({
  name: "controller-name",
  wanted: 'a name such as "clrk.apoxy.dev/gateway"',
  pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9/_.~%!$&'()*+,;=:-]+$",
});

/** The fields of Kubernetes' metav1.Condition. */
export const condition = object({
  description: "One aspect of the object's state",
  fields: {
    type: string({ description: "Which aspect", maxLength: 316, format: conditionTypeFormat }),
    status: enumeration({
      description: "Whether it holds; Unknown while nobody has looked",
      values: ["True", "False", "Unknown"],
    }),
    observedGeneration: optional(
      count("The object's generation that this was found for", Number.MAX_SAFE_INTEGER),
    ),
    lastTransitionTime: time("When status last changed"),
    reason: string({ description: "Why, in one word", maxLength: 1024, format: reasonFormat }),
    message: string({
      description: "Why, in a sentence for people",
      minLength: 0,
      maxLength: 32_768,
    }),
  },
});

/** A list of conditions, one of each type. */
export const conditions = optional(
  array({
    description: "What is known about the object, one entry of each type",
    items: condition,
    maxItems: maxConditions,
    unique: { field: "type" },
  }),
);

const controllerName = string({
  description: "Who says so",
  maxLength: 253,
  format: controllerNameFormat,
});

/** The status of a route: what each of its parents makes of it. */
export const routeStatus = statusOf({
  parents: optional(
    array({
      description: "What each parent makes of the route",
      items: object({
        description: "What one parent makes of the route",
        fields: { parentRef: parentReference, controllerName, conditions },
      }),
      maxItems: 32,
    }),
  ),
});

/** The status of a policy that is about these kinds: how it goes with each of its targets. */
export function policyStatus(kinds: readonly string[]) {
  return statusOf({
    ancestors: optional(
      array({
        description: "How the policy goes with each of its targets; the last one counts the rest",
        items: object({
          description: "How the policy goes with one target",
          fields: { ancestorRef: policyTarget(kinds), controllerName, conditions },
        }),
        maxItems: maxAncestors,
      }),
    ),
  });
}

/** The status of a kind of which only conditions are known. */
export const conditionsStatus = statusOf({ conditions });

/** A status with these fields, none of which an object must have. */
export function statusOf<const F extends Fields>(fields: F) {
  return object({ description: "What is observed; written by the gateway alone", fields });
}

/** A number of things, from 0 to `max`. */
export function count(description: string, max = 2_147_483_647) {
  return integer({ description, min: 0, max });
}

/** A moment, RFC 3339 in UTC. */
export function time(description: string) {
  return string({ description, maxLength: 64, format: dateTimeFormat });
}

/** Name of an AgentSandboxRevision. */
export function revisionName(description: string) {
  return string({ description, maxLength: 253, format: dnsSubdomainFormat });
}

/** A parsed condition, of whatever type. */
export type StatusCondition = Infer<typeof condition>;
