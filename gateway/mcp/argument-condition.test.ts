/** What conditions say of values: yes, no, or that it cannot be told. */
import t from "tap";
import type { McpCondition } from "../mcp-plan.ts";
import { compileCondition, evaluateCondition } from "./argument-condition.ts";
import { CallArguments } from "./call-arguments.ts";

function truth(condition: Partial<McpCondition>, json: string): string {
  const body = Buffer.from(json);
  const called = new CallArguments(body, { start: 0, end: body.length });
  const whole: McpCondition = { path: "a", operator: "Exists", values: [], ...condition };
  return evaluateCondition(compileCondition(whole), called);
}

const values = ["missing", '"x"', '"y"', "5", "5.0", '"5"', "true", "null", "[]", "{}"] as const;

/** By operator, for each of the values above: Yes, No or Unclear. */
const table: readonly (readonly [Partial<McpCondition>, string])[] = [
  [{ operator: "Exists" }, "NYYYYYYUYY"],
  [{ operator: "Absent" }, "YNNNNNNUNN"],
  [{ operator: "In", values: ["x", "5", "true"] }, "NYNYYYYUUU"],
  [{ operator: "NotIn", values: ["x", "5", "true"] }, "UNYNNNNUUU"],
  [{ operator: "Matches", pattern: "[a-x]" }, "NYNUUNUUUU"],
  [{ operator: "NotMatches", pattern: "[a-x]" }, "UNYUUYUUUU"],
  [{ operator: "LessThan", bound: "5" }, "NUUNNUUUUU"],
  [{ operator: "LessOrEqual", bound: "5" }, "NUUYYUUUUU"],
  [{ operator: "GreaterThan", bound: "4.9" }, "NUUYYUUUUU"],
  [{ operator: "GreaterOrEqual", bound: "5.01" }, "NUUNNUUUUU"],
];
const words = { Y: "yes", N: "no", U: "unclear" } as const;

t.test("evaluateCondition() says of every sort of value what can be told", async (test) => {
  for (const [condition, wanted] of table) {
    for (const [index, value] of values.entries()) {
      const json = value === "missing" ? "{}" : `{"a":${value}}`;
      const letter = wanted[index] as keyof typeof words;
      test.equal(truth(condition, json), words[letter], `${condition.operator} ${value}`);
    }
  }
});

t.test(
  "evaluateCondition() is about every element, and cannot tell where they differ",
  async (test) => {
    const condition = { path: "a[*]", operator: "In", values: ["x", "y"] } as const;
    test.equal(truth(condition, '{"a":["x","y"]}'), "yes");
    test.equal(truth(condition, '{"a":["z","w"]}'), "no");
    test.equal(truth(condition, '{"a":["x","z"]}'), "unclear");
    test.equal(truth(condition, '{"a":[]}'), "no");
    test.equal(truth(condition, '{"a":"x"}'), "unclear");
  },
);

t.test("evaluateCondition() tells ambiguity before all else", async (test) => {
  test.equal(truth({ operator: "Absent" }, '{"A":1}'), "ambiguous");
  test.equal(truth({ path: "a[*].b" }, '{"a":[{"b":1},{"b":1,"B":2}]}'), "ambiguous");
});

t.test("evaluateCondition() matches whole texts, and none that are too long", async (test) => {
  const letters = { operator: "Matches", pattern: "[a-z]+" } as const;
  test.equal(truth(letters, '{"a":"abc"}'), "yes");
  test.equal(truth(letters, '{"a":"abc\\n"}'), "no");
  test.equal(truth(letters, `{"a":"${"x".repeat(65_537)}"}`), "unclear");
  test.equal(
    truth({ ...letters, operator: "NotMatches" }, `{"a":"${"x".repeat(65_537)}"}`),
    "unclear",
  );
});

t.test("evaluateCondition() compares numbers by their digits", async (test) => {
  const below = { operator: "LessThan", bound: "9007199254740993" } as const;
  test.equal(truth(below, '{"a":9007199254740992}'), "yes");
  test.equal(truth(below, '{"a":9007199254740993}'), "no");
  test.equal(truth(below, '{"a":1e400}'), "no");
  test.equal(truth({ operator: "In", values: ["100"] }, '{"a":1e2}'), "yes");
  test.equal(truth({ operator: "In", values: ["100"] }, `{"a":1${"0".repeat(200)}}`), "unclear");
});
