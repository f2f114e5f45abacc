import t from "tap";
import type { JsonObject } from "../json-text.ts";
import { parseJsonText, writeJson } from "../json-text.ts";
import type { ToolOutput } from "./function-responses.ts";
import { fromResponse, parseObject, toResponse } from "./function-responses.ts";

const outputs: readonly {
  readonly name: string;
  readonly output: ToolOutput;
  readonly response: string;
}[] = [
  { name: "text", output: { text: "sunny", isError: false }, response: '{"output":"sunny"}' },
  { name: "no text", output: { text: "", isError: false }, response: '{"output":""}' },
  { name: "an object", output: { text: '{"a":1}', isError: false }, response: '{"a":1}' },
  {
    name: "an object with more digits than a double has",
    output: { text: '{"a":12345678901234567890.10}', isError: false },
    response: '{"a":12345678901234567890.10}',
  },
  { name: "a list", output: { text: "[1]", isError: false }, response: '{"output":"[1]"}' },
  {
    name: "half an object",
    output: { text: '{"a":', isError: false },
    response: '{"output":"{\\"a\\":"}',
  },
  {
    name: "an object with the reserved output",
    output: { text: '{"output":"x"}', isError: false },
    response: '{"output":{"output":"x"}}',
  },
  {
    name: "an object with the reserved error",
    output: { text: '{"error":null,"data":1}', isError: false },
    response: '{"output":{"error":null,"data":1}}',
  },
  { name: "an error", output: { text: "no city", isError: true }, response: '{"error":"no city"}' },
  {
    name: "an error that is an object",
    output: { text: '{"code":7}', isError: true },
    response: '{"error":"{\\"code\\":7}"}',
  },
];

for (const { name, output, response } of outputs) {
  t.test(`toResponse() says ${name}`, async (t) => {
    t.equal(writeJson(toResponse(output)), response);
  });

  t.test(`fromResponse() reads ${name}`, async (t) => {
    t.same(fromResponse(objectOf(response)), output);
  });
}

const others: readonly (readonly [string, ToolOutput])[] = [
  ['{"result":"x"}', { text: '{"result":"x"}', isError: false }],
  ["{}", { text: "{}", isError: false }],
  ['{"output":[1,2]}', { text: "[1,2]", isError: false }],
  ['{"output":null}', { text: "null", isError: false }],
  ['{"error":{"code":7}}', { text: '{"code":7}', isError: true }],
  ['{"output":"a","error":"b"}', { text: '{"output":"a","error":"b"}', isError: false }],
];

for (const [response, output] of others) {
  t.test(`fromResponse() reads ${response}`, async (t) => {
    t.same(fromResponse(objectOf(response)), output);
  });
}

t.test("parseObject() reads objects only", async (t) => {
  t.same(parseObject(' {"a":1}\n'), { a: 1 });
  for (const text of ["", "{", "[]", "null", '"{}"', "{}{}", "x{}"]) {
    t.equal(parseObject(text), undefined, text);
  }
});

function objectOf(text: string): JsonObject {
  const parsed = parseJsonText(text);
  if (parsed.kind === "malformed") throw new Error(parsed.reason);
  return parsed.value as JsonObject;
}
