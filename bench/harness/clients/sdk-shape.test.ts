import t from "tap";
import type { FieldRules } from "../fake/json-fields.ts";
import { findShapeProblem } from "./sdk-shape.ts";

const rules: FieldRules = {
  id: { type: "string", required: true },
  list: {
    type: "array",
    items: {
      type: "object",
      variants: { by: "type", of: { text: { text: { type: "string", required: true } } } },
    },
  },
};

t.test("findShapeProblem() ignores what the rules do not name, also within", async (test) => {
  const value = { id: "a", more: 1, list: [{ type: "text", text: "b", more: 2 }] };
  test.equal(findShapeProblem(value, rules, "answer"), undefined);
});

t.test("findShapeProblem() says what is missing or wrong", async (test) => {
  test.equal(findShapeProblem({}, rules, "answer"), "answer.id: missing {}");
  test.match(
    findShapeProblem({ id: 1 }, rules, "answer"),
    /^answer\.id: type .*"wanted":"string","received":"integer"/,
  );
  test.equal(
    findShapeProblem({ id: "a", list: [{ type: "text" }] }, rules, "answer"),
    "answer.list.0.text: missing {}",
  );
  test.match(findShapeProblem({ id: "a", list: [{ type: "b" }] }, rules, "answer"), /value/);
  test.equal(findShapeProblem(undefined, rules, "answer"), "answer is no object");
});
