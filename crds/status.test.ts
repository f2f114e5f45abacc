/** Status as an API server accepts it. */
import t from "tap";
import { statusSchemaOf } from "./kind-definition.ts";
import { kinds } from "./kinds.ts";
import { parseSchema } from "./parse-schema.ts";
import { conditionsStatus, policyStatus, routeStatus } from "./status.ts";
import { parentRef } from "./testdata/kind-cases.ts";

const accepted = {
  type: "Accepted",
  status: "True",
  reason: "Accepted",
  message: "",
  observedGeneration: 3,
  lastTransitionTime: "2026-01-02T03:04:05Z",
};
const controllerName = "clrk.apoxy.dev/gateway";

t.test("every kind of our group has a status with conditions, parents or ancestors", (t) => {
  for (const { kind, group, schema } of kinds) {
    if (group === "") continue;
    const fields = Object.keys(statusSchemaOf(schema)?.fields ?? {});
    const isKnown = fields.some((name) => ["conditions", "parents", "ancestors"].includes(name));
    t.ok(isKnown, `${kind}: ${fields.join(", ")}`);
  }
  t.end();
});

t.test("routeStatus takes what each parent says", (t) => {
  const value = { parents: [{ parentRef, controllerName, conditions: [accepted] }] };
  t.same(parseSchema(routeStatus, value), { kind: "valid", value });
  t.same(parseSchema(routeStatus, {}), { kind: "valid", value: {} });
  t.end();
});

t.test("policyStatus takes at most 16 ancestors", (t) => {
  const status = policyStatus(["AIProviderRoute"]);
  const ancestorRef = { group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "a" };
  const ancestors = (length: number) => ({
    ancestors: Array.from({ length }, () => ({ ancestorRef, controllerName, conditions: [] })),
  });
  t.equal(parseSchema(status, ancestors(16)).kind, "valid");
  t.equal(parseSchema(status, ancestors(17)).kind, "invalid");
  t.end();
});

for (const [name, condition, message] of [
  [
    "two of one type",
    [accepted, accepted],
    'conditions[1].type: found "Accepted", wanted a different type for each: item 0 has it too',
  ],
  [
    "a status that is none",
    [{ ...accepted, status: true }],
    'conditions[0].status: found true, wanted "True", "False" or "Unknown"',
  ],
  [
    "a moment that is none",
    [{ ...accepted, lastTransitionTime: "now" }],
    'conditions[0].lastTransitionTime: found "now", wanted a moment such as "2026-01-02T03:04:05Z"',
  ],
] as const) {
  t.test(`conditionsStatus refuses ${name}`, (t) => {
    const result = parseSchema(conditionsStatus, { conditions: condition });
    t.same(result.kind === "invalid" && result.problems.map((problem) => problem.message), [
      message,
    ]);
    t.end();
  });
}
