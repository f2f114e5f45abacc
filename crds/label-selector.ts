/** Kubernetes' LabelSelector: which labelled things a rule means. All its requirements must hold. */
import { labelKeyFormat, labelValueFormat } from "./name-formats.ts";
import { cel } from "./open-api-constraint.ts";
import { array, emptyIfAbsent, enumeration, map, object, refine, string } from "./schema.ts";
import type { Infer } from "./schema.ts";

/** A parsed selector. Without any requirement it means everything. */
export type LabelSelector = Infer<ReturnType<typeof labelSelector>>;

const labelValue = string({
  description: "Label value",
  minLength: 0,
  maxLength: 63,
  format: labelValueFormat,
});

const requirement = refine(
  object({
    description: "One requirement on a label",
    fields: {
      key: string({ description: "Label key", maxLength: 317, format: labelKeyFormat }),
      operator: enumeration({
        description: "How the label relates to the values",
        values: ["In", "NotIn", "Exists", "DoesNotExist"],
      }),
      values: emptyIfAbsent(
        array({ description: "Values to compare with", items: labelValue, maxItems: 64 }),
      ),
    },
  }),
  {
    description: "In and NotIn need values; Exists and DoesNotExist have none",
    fields: ["operator", "values"],
    cel: [
      cel(
        "(self.operator == 'In' || self.operator == 'NotIn') == (self.values.size() > 0)",
        "In and NotIn need values; Exists and DoesNotExist have none",
      ),
    ],
    check({ operator, values }, report) {
      const needed = operator === "In" || operator === "NotIn";
      if (needed === values.length > 0) return;
      const wanted = needed
        ? `at least one value for "${operator}"`
        : `no values for "${operator}"`;
      report({ at: ["values"], found: needed ? "none" : `a list of ${values.length}`, wanted });
    },
  },
);

/** The schema of a selector. */
export function labelSelector(description: string) {
  return object({
    description,
    fields: {
      matchLabels: emptyIfAbsent(
        map({
          description: "Labels to have",
          keys: labelKeyFormat,
          values: labelValue,
          maxProperties: 32,
        }),
      ),
      matchExpressions: emptyIfAbsent(
        array({ description: "Further requirements", items: requirement, maxItems: 32 }),
      ),
    },
  });
}

/** Whether a selector asks for nothing, and so means everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return selector.matchExpressions.length === 0 && Object.keys(selector.matchLabels).length === 0;
}

/** Whether things with these labels are meant. */
export function matchLabelSelector(
  selector: LabelSelector,
  labels: ReadonlyMap<string, string>,
): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels)) {
    if (labels.get(key) !== value) return false;
  }
  return selector.matchExpressions.every((requirement) => {
    const value = labels.get(requirement.key);
    const listed = value !== undefined && requirement.values.includes(value);
    const outcome = {
      In: listed,
      NotIn: !listed,
      Exists: value !== undefined,
      DoesNotExist: value === undefined,
    };
    return outcome[requirement.operator];
  });
}
