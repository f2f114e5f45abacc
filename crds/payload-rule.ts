/** The rule of objects whose `type` says which one of several fields must be there: exactly that one, no other. */
import { cel, celField } from "./open-api-constraint.ts";
import { quoteChoice } from "./problem.ts";
import type { Rule } from "./schema.ts";

/**
 * A rule that asks for the field belonging to the value of `discriminator`, and refuses the others' fields.
 * `payloads` maps each value to its field.
 */
export function payloadRule(
  discriminator: string,
  payloads: Readonly<Record<string, string>>,
): Rule {
  const all = [...new Set(Object.values(payloads))];
  return {
    cel: all.map((field) => {
      const owners = Object.keys(payloads).filter((key) => payloads[key] === field);
      const isOwner = owners
        .map((owner) => `${celField(discriminator)} == '${owner}'`)
        .join(" || ");
      return cel(
        `has(${celField(field)}) == (${isOwner})`,
        `${field} goes with ${discriminator} ${quoteChoice(owners)}, and is needed there`,
      );
    }),
    description: `${all.join(", ")}: exactly the one that ${discriminator} asks for`,
    fields: [discriminator, ...all],
    check(value, report) {
      const type = String(value[discriminator]);
      const needed = Object.hasOwn(payloads, type) ? payloads[type] : undefined;
      for (const field of all) {
        const present = value[field] !== undefined;
        if (field === needed && !present) {
          report({ at: [field], wanted: `a value, because ${discriminator} is "${type}"` });
        } else if (field !== needed && present) {
          const owners = Object.keys(payloads).filter((key) => payloads[key] === field);
          report({
            at: [field],
            found: "a value",
            wanted: `none, because ${discriminator} is "${type}"`,
            detail: `it goes with ${discriminator} ${quoteChoice(owners)}`,
          });
        }
      }
    },
  };
}
