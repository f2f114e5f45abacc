/** Conditions of arguments: each has what its operator compares with. */
import t from "tap";
import { argumentCondition } from "./argument-condition.ts";
import { parseSchema } from "./parse-schema.ts";

function parse(condition: object): string {
  const result = parseSchema(argumentCondition, { path: "a", ...condition });
  if (result.kind === "valid") return JSON.stringify(result.value);
  return result.problems.map(({ message }) => message).join("; ");
}

t.test("a condition has what its operator compares with", async (test) => {
  for (const condition of [
    { operator: "Exists" },
    { operator: "Absent" },
    { operator: "In", values: ["", "1", "true"] },
    { operator: "NotIn", values: ["x"] },
    { operator: "Matches", pattern: "[a-z]+" },
    { operator: "NotMatches", pattern: "x" },
    { operator: "LessThan", bound: "5" },
    { operator: "LessOrEqual", bound: "-0.5" },
    { operator: "GreaterThan", bound: "0" },
    { operator: "GreaterOrEqual", bound: "12345678901234567890" },
  ]) {
    test.match(JSON.parse(parse(condition)), { path: "a", ...condition });
  }
});

t.test("a condition with less or more is refused", async (test) => {
  const cases = [
    [
      { operator: "Exists", values: ["x"] },
      'values: found a value, wanted none, because operator is "Exists"',
    ],
    [{ operator: "In" }, 'values: not set, wanted a value, because operator is "In"'],
    [{ operator: "Matches" }, 'pattern: not set, wanted a value, because operator is "Matches"'],
    [{ operator: "LessThan", bound: "5", pattern: "x" }, "pattern: found a value"],
    [{ operator: "LessThan", bound: "1e5" }, 'bound: found "1e5", wanted a number'],
    [{ operator: "LessThan", bound: 5 }, "bound: found 5, wanted a number"],
    [{ operator: "Matches", pattern: "(" }, "pattern: found"],
    [{ operator: "In", values: [1] }, "values[0]: found 1, wanted a string"],
    [{ operator: "Equals", values: ["x"] }, 'operator: found "Equals", wanted "Exists", '],
    [
      { operator: "Exists", path: "a[0]" },
      'path: found "a[0]", wanted a path such as "repo.owner"',
    ],
  ] as const;
  for (const [condition, wanted] of cases) {
    const found = parse(condition);
    test.ok(found.startsWith(wanted), `${found} begins with ${wanted}`);
  }
});
