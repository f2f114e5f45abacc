import t from "tap";
import { anthropicSchemas, findSchemaProblem, openAiSchemas } from "./strict-schema.ts";

const closed = {
  type: "object",
  properties: { a: { type: "string" } },
  additionalProperties: false,
};

t.test("findSchemaProblem() takes closed objects", async (test) => {
  const nested = {
    ...closed,
    properties: { a: { type: "array", items: { ...closed, required: ["a"] } } },
    required: ["a"],
  };
  test.equal(findSchemaProblem(nested, openAiSchemas), undefined);
  test.equal(findSchemaProblem(nested, anthropicSchemas), undefined);
  test.equal(findSchemaProblem(closed, anthropicSchemas), undefined, "optional for Anthropic");
});

const open = { type: "object", properties: {} };
const refused = [
  { name: "a list", schema: { type: "array" }, place: "", reason: /must be of type "object"/ },
  { name: "an open object", schema: open, place: "", reason: /'additionalProperties' is required/ },
  {
    name: "an open object within",
    schema: { ...closed, properties: { a: { type: "array", items: open } }, required: ["a"] },
    place: "'properties', 'a', 'items'",
    reason: /'additionalProperties'/,
  },
  {
    name: "an open definition",
    schema: { ...closed, required: ["a"], $defs: { b: open } },
    place: "'$defs', 'b'",
    reason: /'additionalProperties'/,
  },
  { name: "an optional property", schema: closed, place: "", reason: /Missing 'a'/ },
  {
    name: "a keyword that is not enforced",
    schema: { ...closed, required: ["a"], allOf: [] },
    place: "",
    reason: "'allOf' is not permitted",
  },
];

for (const { name, schema, place, reason } of refused) {
  t.test(`findSchemaProblem() refuses ${name} for OpenAI`, async (test) => {
    test.match(findSchemaProblem(schema, openAiSchemas), { place, reason });
  });
}

t.test("findSchemaProblem() refuses bounds for Anthropic", async (test) => {
  const schema = { ...closed, properties: { a: { type: "string", minLength: 1 } } };
  test.match(findSchemaProblem(schema, anthropicSchemas), {
    reason: "'minLength' is not permitted",
  });
});
