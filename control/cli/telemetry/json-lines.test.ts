import t from "tap";
import { tryIndentJson } from "./json-lines.ts";

t.test("tryIndentJson() changes nothing but white space", (t) => {
  const text = '{"a":[1,12345678901234567890,{"b":"x\\"{ ,y"}],"a":[],"c":{} , "d" : null}';
  const lines = tryIndentJson(text) ?? [];
  t.strictSame(lines, [
    "{",
    '  "a": [',
    "    1,",
    "    12345678901234567890,",
    "    {",
    '      "b": "x\\"{ ,y"',
    "    }",
    "  ],",
    '  "a": [],',
    '  "c": {},',
    '  "d": null',
    "}",
  ]);
  t.strictSame(JSON.parse(lines.join("\n")), JSON.parse(text));
  t.end();
});

t.test("tryIndentJson() takes no other text", (t) => {
  for (const text of ["", "plain", '"text"', "7", "[1,", '{"a":}', "data: {}"]) {
    t.equal(tryIndentJson(text), undefined, text);
  }
  t.end();
});

t.test("tryIndentJson() bounds the blanks of deep documents", (t) => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const lines = tryIndentJson(deep) ?? [];
  t.ok(lines.length > 5_000);
  t.ok(Math.max(...lines.map((line) => line.length)) <= 70);
  t.end();
});
