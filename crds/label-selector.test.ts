/** Label selectors: what is refused, and which labels are meant. */
import t from "tap";
import { isEmptySelector, labelSelector, matchLabelSelector } from "./label-selector.ts";
import type { LabelSelector } from "./label-selector.ts";
import { parseSchema } from "./parse-schema.ts";

const schema = labelSelector("Things");

function selector(value: unknown): LabelSelector {
  const result = parseSchema(schema, value);
  if (result.kind === "valid") return result.value;
  throw new Error(result.problems.map(({ message }) => message).join());
}

for (const [value, ...expected] of [
  [{ matchLables: {} }, 'matchLables: unknown field, did you mean "matchLabels"?'],
  [{ matchLabels: { a: 1 } }, "matchLabels.a: found 1, wanted a label value"],
  [
    { matchExpressions: [{ key: "a", operator: "in", values: ["b"] }] },
    'matchExpressions[0].operator: found "in", wanted "In", "NotIn", "Exists" or "DoesNotExist": did you mean "In"?',
  ],
  [
    { matchExpressions: [{ key: "a", operator: "In" }] },
    'matchExpressions[0].values: found none, wanted at least one value for "In"',
  ],
  [
    { matchExpressions: [{ key: "a", operator: "NotIn", values: [] }] },
    'matchExpressions[0].values: found none, wanted at least one value for "NotIn"',
  ],
  [
    { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] },
    'matchExpressions[0].values: found a list of 1, wanted no values for "Exists"',
  ],
  [
    { matchExpressions: [{ operator: "Exists" }] },
    'matchExpressions[0].key: not set, wanted a label key such as "app" or "example.com/app"',
  ],
] as const) {
  t.test(`labelSelector() says ${expected[0].slice(0, 60)}`, (t) => {
    const result = parseSchema(schema, value);
    t.strictSame(
      result.kind === "invalid" && result.problems.map(({ message }) => message),
      expected,
    );
    t.end();
  });
}

t.test("isEmptySelector() finds selectors that ask for nothing", (t) => {
  t.ok(isEmptySelector(selector({})));
  t.notOk(isEmptySelector(selector({ matchLabels: { a: "b" } })));
  t.notOk(isEmptySelector(selector({ matchExpressions: [{ key: "a", operator: "Exists" }] })));
  t.end();
});

const labels = new Map([
  ["app", "bot"],
  ["tier", "1"],
]);
for (const [value, expected] of [
  [{}, true],
  [{ matchLabels: { app: "bot" } }, true],
  [{ matchLabels: { app: "bot", tier: "2" } }, false],
  [{ matchLabels: { other: "x" } }, false],
  [{ matchExpressions: [{ key: "app", operator: "In", values: ["a", "bot"] }] }, true],
  [{ matchExpressions: [{ key: "app", operator: "In", values: ["a"] }] }, false],
  [{ matchExpressions: [{ key: "other", operator: "In", values: ["a"] }] }, false],
  [{ matchExpressions: [{ key: "app", operator: "NotIn", values: ["a"] }] }, true],
  [{ matchExpressions: [{ key: "app", operator: "NotIn", values: ["bot"] }] }, false],
  [{ matchExpressions: [{ key: "other", operator: "NotIn", values: ["a"] }] }, true],
  [{ matchExpressions: [{ key: "app", operator: "Exists" }] }, true],
  [{ matchExpressions: [{ key: "other", operator: "Exists" }] }, false],
  [{ matchExpressions: [{ key: "other", operator: "DoesNotExist" }] }, true],
  [{ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }, false],
  [
    { matchLabels: { app: "bot" }, matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] },
    false,
  ],
] as const) {
  t.test(`matchLabelSelector() says ${expected} for ${JSON.stringify(value)}`, (t) => {
    t.equal(matchLabelSelector(selector(value), labels), expected);
    t.end();
  });
}
