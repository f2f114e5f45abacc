import t from "tap";
import { readTopLevel } from "../../providers/json-splice-members.ts";
import { findVariant, readName, readText } from "./members.ts";

function open(text: string) {
  const body = Buffer.from(text);
  const read = readTopLevel(body);
  if (read.kind === "malformed") throw new Error(read.reason);
  return { body, members: read.members };
}

t.test("findVariant() finds keys that differ from a wanted one by case alone", async (test) => {
  test.equal(findVariant(open('{"name":1,"x":2}').members, ["name"]), undefined);
  test.equal(findVariant(open('{"NAME":1}').members, ["name"]), "NAME");
  test.equal(findVariant(open('{"\u212aey":1}').members, ["key"]), "\u212aey");
});

t.test("readName() reads texts that every server reads alike", async (test) => {
  const cases = [
    ['"a\\/b"', "a/b"],
    ['"\\ud83d\\ude00"', "\u{1f600}"],
    ['""', undefined],
    ['"a\\u0000"', undefined],
    ['"a\\u0085"', undefined],
    [`"${"x".repeat(8_192)}"`, "x".repeat(8_192)],
    [`"${"x".repeat(8_193)}"`, undefined],
    ['"\\udc00"', undefined],
    ["1", undefined],
    ["null", undefined],
  ] as const;
  for (const [json, name] of cases) {
    const { body, members } = open(`{"x":${json}}`);
    test.equal(readName(body, members.get("x")), name, json);
  }
});

t.test("readText() reads strings only", async (test) => {
  const { body, members } = open('{"x":"","y":[]}');
  test.equal(readText(body, members.get("x")), "");
  test.equal(readText(body, members.get("y")), undefined);
  test.equal(readText(body, members.get("z")), undefined);
});
