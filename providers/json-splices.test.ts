import t from "tap";
import { readTopLevel } from "./json-splice-members.ts";
import { appendMember, applySplices } from "./json-splices.ts";

function append(text: string): string {
  const body = Buffer.from(text);
  const read = readTopLevel(body);
  if (read.kind === "malformed") throw new TypeError(read.reason);
  return applySplices(body, [appendMember(read, "n", "1")]).toString();
}

t.test("a member is put behind the last one, before white space", async (test) => {
  test.equal(append("{}"), '{"n":1}');
  test.equal(append(' { "a" : [1] \n}'), ' { "a" : [1],"n":1 \n}');
});

t.test("replacements are done wherever they stand, in any order", async (test) => {
  const body = Buffer.from("abcdef");
  const splices = [
    { start: 4, end: 6, text: "YZ!" },
    { start: 0, end: 1, text: "" },
    { start: 2, end: 2, text: "+" },
  ];
  test.equal(applySplices(body, splices).toString(), "b+cdYZ!");
  test.equal(body.toString(), "abcdef", "the body before is another's");
});
