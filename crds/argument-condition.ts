/** What arguments of a tool must be: one value found by its path, and what it is compared with. */
import { argumentPathFormat } from "./argument-path.ts";
import { regexFormat } from "./match-formats.ts";
import { quoteChoice } from "./problem.ts";
import { invalid, valid } from "./reading.ts";
import type { Constraint } from "./open-api-constraint.ts";
import { array, emptyIfAbsent, enumeration, object, optional, refine, string } from "./schema.ts";
import type { Infer, StringFormat } from "./schema.ts";

/** Operators, and the field that each compares with; null: none. */
const operands = {
  Exists: null,
  Absent: null,
  In: "values",
  NotIn: "values",
  Matches: "pattern",
  NotMatches: "pattern",
  LessThan: "bound",
  LessOrEqual: "bound",
  GreaterThan: "bound",
  GreaterOrEqual: "bound",
} as const;

/** How a value is compared. */
export type ArgumentOperator = keyof typeof operands;

const operators = [
  ...(["Exists", "Absent", "In", "NotIn", "Matches", "NotMatches"] as const),
  ...(["LessThan", "LessOrEqual", "GreaterThan", "GreaterOrEqual"] as const),
];

/** A number as JSON writes it, of so many digits that comparing them takes no time. */
const numberFormat: StringFormat = {
  name: "number",
  wanted: 'a number such as "100" or "0.5"',
  pattern: "^-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?$",
  read: (text) =>
    /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? valid(text) : invalid("no decimal number"),
};

/** What OpenAPI says about conditions whose operators compare with that field. */
function operandConstraint(operand: (typeof operands)[ArgumentOperator], own: Constraint) {
  const others = (["pattern", "bound"] as const).filter((name) => name !== operand);
  return {
    ...own,
    properties: {
      ...own.properties,
      operator: { enum: operators.filter((operator) => operands[operator] === operand) },
      ...(operand !== "values" && { values: { maxItems: 0 } }),
    },
    not: { anyOf: others.map((name) => ({ required: [name] })) },
  } satisfies Constraint;
}

/** One condition. */
export const argumentCondition = refine(
  object({
    description: "What one argument must be",
    fields: {
      path: string({
        description: "Path to the argument",
        maxLength: 256,
        format: argumentPathFormat,
      }),
      operator: enumeration({ description: "How it is compared", values: operators }),
      values: emptyIfAbsent(
        array({
          description: "Texts, or numbers and true or false as texts",
          items: string({ description: "Value", minLength: 0, maxLength: 1_024 }),
          maxItems: 128,
          unique: "value",
        }),
      ),
      pattern: optional(
        string({
          description: "Expression for the whole text",
          maxLength: 256,
          format: regexFormat,
        }),
      ),
      bound: optional(string({ description: "Number", maxLength: 64, format: numberFormat })),
    },
  }),
  {
    description: "A condition has what its operator compares with, and nothing else",
    fields: ["operator", "values", "pattern", "bound"],
    constraint: {
      oneOf: [
        operandConstraint("values", { properties: { values: { minItems: 1 } } }),
        operandConstraint("pattern", { required: ["pattern"] }),
        operandConstraint("bound", { required: ["bound"] }),
        operandConstraint(null, {}),
      ],
    },
    check({ operator, values, pattern, bound }, report) {
      const given = {
        values: values.length > 0,
        pattern: pattern !== undefined,
        bound: bound !== undefined,
      };
      const wanted = operands[operator];
      for (const [field, isGiven] of Object.entries(given)) {
        if (isGiven === (field === wanted)) continue;
        report({
          at: [field],
          ...(isGiven && { found: "a value" }),
          wanted: `${isGiven ? "none" : "a value"}, because operator is ${quoteChoice([operator])}`,
        });
      }
    },
  },
);

/** A parsed condition. */
export type ArgumentCondition = Infer<typeof argumentCondition>;

/** A list of conditions that must all hold: at most 16. */
export const argumentConditions = array({
  description: "All of these",
  items: argumentCondition,
  maxItems: 16,
});
