import t from "tap";
import { skipSpace, skipString, skipValue } from "./json-splice-value.ts";
import { randomJson } from "./testdata/json-documents.ts";
import { seededRandom } from "./testdata/seeded-random.ts";

/** Whether a text is one value and nothing else. */
function isValue(text: string): boolean {
  const bytes = Buffer.from(text);
  return skipValue(bytes, 0) === bytes.length;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

for (const text of [
  '"a"',
  '"\\u003c\\"\\\\"',
  "0",
  "-0",
  "10",
  "-1.5",
  "1e5",
  "1E+5",
  "0.25e-2",
  "9007199254740993",
  "true",
  "false",
  "null",
  "[]",
  "[ ]",
  "[1,[2,{}]]",
  "{}",
  '{ "a" : 1 , "b" : [ ] }',
]) {
  t.test(`skipValue() finds the end of ${text}`, async (t) => {
    const bytes = Buffer.from(`${text} ,`);
    t.equal(skipValue(bytes, 0), Buffer.byteLength(text));
    t.equal(isJson(text), true);
  });
}

for (const text of [
  "",
  " 1",
  "+1",
  ".5",
  "1.",
  "1.e2",
  "1e",
  "1e+",
  "-",
  "tru",
  "True",
  "nul",
  "undefined",
  "NaN",
  "'a'",
  '"a',
  '"a\\',
  '"\\x41"',
  '"\\u12"',
  '"\\u12g4"',
  '"\n"',
  '"\t"',
  '"\u0000"',
  "[1,]",
  "[,1]",
  "[1 2]",
  "[1",
  "]",
  "{",
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{"a" 1}',
  "{a:1}",
  '{"a":1 "b":2}',
  '{"a":1]',
  "[1}",
  "/* */1",
]) {
  t.test(`skipValue() refuses ${JSON.stringify(text)}`, async (t) => {
    t.equal(skipValue(Buffer.from(text), 0), -1);
    t.equal(isJson(text.trimStart()), text === " 1");
  });
}

t.test("skipValue() stops where a number does, when more digits would be wrong", async (t) => {
  t.equal(skipValue(Buffer.from("01"), 0), 1);
  t.equal(skipValue(Buffer.from("-01"), 0), 2);
});

t.test("skipValue() gives up on what nests too deep", async (t) => {
  t.equal(isValue("[".repeat(1_000) + "]".repeat(1_000)), true);
  t.equal(isValue("[".repeat(1_001) + "]".repeat(1_001)), false);
  t.equal(isValue(`${'{"a":'.repeat(1_001)}1${"}".repeat(1_001)}`), false);
  t.equal(isValue("[".repeat(1_000_000)), false);
});

t.test("skipValue() accepts what JSON.parse does, for random documents", async (t) => {
  const random = seededRandom(11);
  for (let left = 500; left > 0; left--) {
    const text = randomJson(random, 4);
    if (!isValue(text)) t.fail(text);
  }
  t.pass("all of them");
});

t.test("skipValue() judges as JSON.parse does when one byte is changed", async (t) => {
  const random = seededRandom(12);
  const marks = '{}[],:"\\0-.eE+truefalsn x\n\u0001';
  let refused = 0;
  for (let left = 3_000; left > 0; left--) {
    const text = randomJson(random, 3);
    const at = Math.floor(random() * text.length);
    const mark = marks[Math.floor(random() * marks.length)] ?? "";
    const changed = text.slice(0, at) + mark + text.slice(at + 1);
    // White space around the value is another's business
    const trimmed = changed.replace(/^[ \n\r\t]+|[ \n\r\t]+$/g, "");
    const isSame = isValue(trimmed) === isJson(trimmed);
    if (!isJson(trimmed)) refused++;
    if (!isSame) t.fail(JSON.stringify(trimmed));
  }
  t.ok(refused > 300, `${refused} of them refused`);
});

t.test("skipString() finds the closing quote behind escapes", async (t) => {
  const bytes = Buffer.from('x"a\\"b\\\\"c"');
  t.equal(skipString(bytes, 1), 9);
  t.equal(skipString(bytes, 0), -1);
});

t.test("skipSpace() passes the four characters of JSON's white space only", async (t) => {
  t.equal(skipSpace(Buffer.from(" \t\r\n1"), 0), 4);
  t.equal(skipSpace(Buffer.from("\f1"), 0), 0);
  t.equal(skipSpace(Buffer.from("\u00a01"), 0), 0);
  t.equal(skipSpace(Buffer.from("  "), 0), 2);
});
