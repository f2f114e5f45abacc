import t from "tap";
import { parseJsonText, writeJson } from "../json-text.ts";
import type { JsonValue } from "../json-text.ts";
import { countOf, fieldsOf, isList, listOf, numberOf, textOrNull } from "./proto-fields.ts";

function parse(text: string): JsonValue {
  const parsed = parseJsonText(text);
  if (parsed.kind === "malformed") throw new Error(parsed.reason);
  return parsed.value;
}

const messages: readonly (readonly [string, string])[] = [
  ['{"inlineData":{"mimeType":"a/b"}}', '{"inlineData":{"mimeType":"a/b"}}'],
  ['{"inline_data":{"mime_type":"a/b"}}', '{"inlineData":{"mime_type":"a/b"}}'],
  ['{"max_output_tokens":7,"topP":1}', '{"maxOutputTokens":7,"topP":1}'],
  ['{"response_json_schema":{}}', '{"responseJsonSchema":{}}'],
  ['{"_responseJsonSchema":{}}', '{"ResponseJsonSchema":{}}'],
  ['{"top_k":null,"topK":3}', '{"topK":3}'],
  ['{"topK":3,"top_k":null}', '{"topK":3}'],
  ['{"top_k":null}', '{"topK":null}'],
  ['{"a":123456789012345678901234567890}', '{"a":123456789012345678901234567890}'],
  ["{}", "{}"],
];

for (const [text, wanted] of messages) {
  t.test(`fieldsOf() reads ${text} as ${wanted}`, async (t) => {
    const fields = fieldsOf(parse(text));
    t.equal(fields && writeJson(fields), wanted);
  });
}

t.test("fieldsOf() gives nothing for what is no object", async (t) => {
  for (const text of ["[]", "null", "1", '"a"', "true", "12345678901234567890"]) {
    t.equal(fieldsOf(parse(text)), undefined, text);
  }
  t.equal(fieldsOf(undefined), undefined);
});

t.test("fieldsOf() takes a hostile name for one like any other", async (t) => {
  const fields = fieldsOf(parse('{"__proto__":{"text":"x"},"a_b":1}'));
  t.equal(fields?.["text"], undefined);
  t.equal(fields?.["aB"], 1);
  t.equal(({} as Record<string, unknown>)["text"], undefined);
});

t.test("fieldsOf() does not change the message", async (t) => {
  const message = parse('{"a_b":1}');
  fieldsOf(message);
  t.same(message, { a_b: 1 });
});

t.test("listOf() takes one element where a list is meant", async (t) => {
  t.same(listOf([1, 2]), [1, 2]);
  t.same(listOf({ text: "a" }), [{ text: "a" }]);
  t.same(listOf("a"), ["a"]);
  t.same(listOf(null), []);
  t.same(listOf(undefined), []);
});

const numbers: readonly (readonly [string, string | null | undefined])[] = [
  ["1", "1"],
  ["0.25", "0.25"],
  ['"0.25"', "0.25"],
  ['"-3"', "-3"],
  ['"12345678901234567890"', "12345678901234567890"],
  ["12345678901234567890", "12345678901234567890"],
  ["null", null],
  ['"x"', undefined],
  ['""', undefined],
  ['"NaN"', undefined],
  ["true", undefined],
  ["[1]", undefined],
  ['{"a":1}', undefined],
];

for (const [text, wanted] of numbers) {
  t.test(`numberOf() reads ${text} as ${wanted}`, async (t) => {
    const number = numberOf(parse(text));
    t.equal(number === undefined || number === null ? number : writeJson(number), wanted);
  });
}

t.test("numberOf() is null for what is absent", async (t) => {
  t.equal(numberOf(undefined), null);
});

t.test("countOf() reads whole numbers that are not negative", async (t) => {
  t.equal(countOf(7), 7);
  t.equal(countOf("7"), 7);
  t.equal(countOf(0), 0);
  for (const value of [-1, 1.5, "x", null, undefined, true, [], {}, 2 ** 60]) {
    t.equal(countOf(value), null, JSON.stringify(value));
  }
});

t.test("textOrNull() reads text that is not empty", async (t) => {
  t.equal(textOrNull("a"), "a");
  for (const value of ["", 1, null, undefined, {}]) t.equal(textOrNull(value), null);
});

t.test("isList() is true of arrays only", async (t) => {
  t.equal(isList([]), true);
  for (const value of [{}, "a", null, undefined, 1]) t.equal(isList(value), false);
});

t.test("countOf() takes no text for a count that is not digits alone", async (t) => {
  for (const text of ["", " ", "0x10", "1e3", "-1", "1.0"]) t.equal(countOf(text), null, text);
  t.equal(countOf("12"), 12);
});
