/** The rule that type and payload fit together. */
import t from "tap";
import { parseSchema } from "./parse-schema.ts";
import { payloadRule } from "./payload-rule.ts";
import { enumeration, object, optional, string } from "./schema.ts";

const text = optional(string({ description: "", maxLength: 9 }));
const schema = object({
  description: "",
  fields: {
    type: enumeration({ description: "", values: ["A", "B", "C", "D"] }),
    a: text,
    bc: text,
  },
  rules: [payloadRule("type", { A: "a", B: "bc", C: "bc" })],
});

for (const [value, ...expected] of [
  [{ type: "A", a: "x" }],
  [{ type: "B", bc: "x" }],
  [{ type: "C", bc: "x" }],
  [{ type: "D" }],
  [{ type: "A" }, 'a: not set, wanted a value, because type is "A"'],
  [
    { type: "A", bc: "x" },
    'a: not set, wanted a value, because type is "A"',
    'bc: found a value, wanted none, because type is "A": it goes with type "B" or "C"',
  ],
  [
    { type: "A", a: "x", bc: "y" },
    'bc: found a value, wanted none, because type is "A": it goes with type "B" or "C"',
  ],
  [
    { type: "D", a: "x" },
    'a: found a value, wanted none, because type is "D": it goes with type "A"',
  ],
  [
    { type: "E", a: "x", bc: "y" },
    'type: found "E", wanted "A", "B", "C" or "D": did you mean "A"?',
  ],
  [{ type: "A", a: 7 }, "a: found 7, wanted a string"],
] as const) {
  t.test(`payloadRule() judges ${JSON.stringify(value)}`, (t) => {
    const result = parseSchema(schema, value);
    t.strictSame(
      result.kind === "invalid" ? result.problems.map(({ message }) => message) : [],
      expected,
    );
    t.end();
  });
}

t.test("payloadRule() describes itself and names its fields", (t) => {
  const rule = payloadRule("type", { A: "a", B: "bc", C: "bc" });
  t.equal(rule.description, "a, bc: exactly the one that type asks for");
  t.strictSame(rule.fields, ["type", "a", "bc"]);
  t.end();
});
