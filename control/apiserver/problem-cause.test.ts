/** Tests of problems as causes: made by the real checker, so that a change of its words shows here. */
import t from "tap";
import { parseAnyObject } from "../../crds/kinds.ts";
import { causeOf, isUnknownField } from "./problem-cause.ts";

function problemsOf(spec: object) {
  const result = parseAnyObject({
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "RateLimitPolicy",
    metadata: { name: "a" },
    spec,
  });
  return result.kind === "invalid" ? result.problems : [];
}

t.test(
  "causeOf() tells what is missing, what is wrong, and what is not among the choices",
  async (t) => {
    const causes = problemsOf({ requests: "x", scope: "PerAgnt" }).map(causeOf);
    t.same(causes, [
      {
        reason: "FieldValueInvalid",
        message: 'Invalid value: "x": wanted an integer from 1 to 2147483647',
        field: "spec.requests",
      },
      {
        reason: "FieldValueRequired",
        message: causes[1]?.message,
        field: "spec.window",
      },
      {
        reason: "FieldValueNotSupported",
        message:
          'Unsupported value: "PerAgnt": supported values: "PerAgent", "PerExecution", "PerRoute": did you mean "PerAgent"?',
        field: "spec.scope",
      },
    ]);
    t.match(causes[1]?.message, /^Required value: wanted /);
  },
);

t.test("isUnknownField() knows the fields that a kind does not have", async (t) => {
  const problems = problemsOf({ requests: 1, window: "1m", other: 1, wndow: 2 });
  t.same(problems.map(isUnknownField), [true, true]);
  t.same(problemsOf({ requests: 0, window: "1m" }).map(isUnknownField), [false]);
});
