/** Which expressions Envoy's RE2 compiles. The verdicts were compared with Envoy 1.40's own. */
import t from "tap";
import { maxRegexLength, readRegex } from "./regex.ts";

for (const text of [
  "a",
  "^a$",
  "a|b",
  "|",
  "()",
  "(?:)",
  "(?i)abc",
  "(?i-s:a)",
  "(?-s)a",
  "(?P<name>a)",
  "(?<name>a)",
  "a*?",
  "a+?",
  "a??",
  "a{2}",
  "a{2,}",
  "a{2,5}?",
  "a{,5}",
  "{",
  "a{",
  "a{01}",
  "}",
  "a]",
  "[]a]",
  "[^]a]",
  "[a-z]",
  "[a-]",
  "[-a]",
  "[\\d-z]",
  "[[:alpha:]]",
  "[[:^space:]x]",
  "[\\]\\-]",
  "[&&]",
  "\\d\\D\\s\\S\\w\\W",
  "\\b\\B\\A\\z",
  "\\x41",
  "\\x{ff}",
  "\\12",
  "\\012",
  "\\0",
  "\\n\\t\\r\\f\\v\\a",
  "\\.",
  "\\_",
  "\\ ",
  "^*",
  "\\b*",
  "a-b&c",
  "(a)(b(c))",
]) {
  t.test(`readRegex() accepts ${text}`, (t) => {
    t.strictSame(readRegex(text), { kind: "valid", value: text });
    t.end();
  });
}

for (const [text, detail] of [
  ["", "empty"],
  ["a".repeat(maxRegexLength + 1), "longer than 256 characters"],
  ["é", "character at position 0 is not printable ASCII"],
  ["a\nb", "character at position 1 is not printable ASCII"],
  ["(?=a)", 'RE2 has no lookaround ("(?=") at position 0'],
  ["a(?!b)", 'RE2 has no lookaround ("(?!") at position 1'],
  ["(?<=a)b", 'RE2 has no lookaround ("(?<=") at position 0'],
  ["(?<!a)b", 'RE2 has no lookaround ("(?<!") at position 0'],
  ["(a)\\1", 'RE2 has no backreferences ("\\1") at position 3'],
  ["\\8", 'RE2 has no backreferences ("\\8") at position 0'],
  ["(?<n>a)\\k<n>", 'RE2 has no escape "\\k" at position 7'],
  ["(?>a)", 'RE2 has no group "(?>a" at position 0'],
  ["(?#c)", 'RE2 has no group "(?#c" at position 0'],
  ["(?x)a", 'RE2 has no group "(?x)" at position 0'],
  ["(?)", 'RE2 has no group "(?)" at position 0'],
  ["(?", 'RE2 has no group "(?" at position 0'],
  ["(?P=n)", 'RE2 has no group "(?P=" at position 0'],
  ["(?P<1>a)", 'RE2 has no group "(?P<" at position 0'],
  ["(?<n>a)(?<n>b)", 'group name "n" is used twice at position 7'],
  ["*", 'nothing to repeat before "*" at position 0'],
  ["a|*", 'nothing to repeat before "*" at position 2'],
  ["(+)", 'nothing to repeat before "+" at position 1'],
  ["(?i)*", 'nothing to repeat before "*" at position 4'],
  ["{2}", 'nothing to repeat before "{2}" at position 0'],
  ["a**", '"*" after another repetition; RE2 has no possessive or double repetition at position 2'],
  ["a++", '"+" after another repetition; RE2 has no possessive or double repetition at position 2'],
  [
    "a{2}{3}",
    '"{3}" after another repetition; RE2 has no possessive or double repetition at position 4',
  ],
  [
    "a*??",
    '"?" after another repetition; RE2 has no possessive or double repetition at position 3',
  ],
  ["a{2,1}", '"{2,1}" counts backwards at position 1'],
  ["a{1001}", '"{1001}" repeats more than 1000 times, with what it nests in at position 1'],
  ["a{1,99999}", '"{1,99999}" repeats more than 1000 times, with what it nests in at position 1'],
  ["(a{100}){11}", '"{11}" repeats more than 1000 times, with what it nests in at position 8'],
  ["(a{10}){100}", "too large once its repetitions are written out"],
  ["[a-z0-9]{200}", "too large once its repetitions are written out"],
  ["((((a{5}){5}){5}){5})", "too large once its repetitions are written out"],
  ["(a", 'missing ")" for the group at position 0'],
  ["a)", 'unexpected ")" at position 1'],
  ["a)b(", 'unexpected ")" at position 1'],
  ["[a", 'missing "]" for the class at position 0'],
  ["[", 'missing "]" for the class at position 0'],
  ["x[]", 'missing "]" for the class at position 1'],
  ["[a-", 'missing "]" for the class at position 0'],
  ["[z-a]", 'range "z-a" runs backwards at position 1'],
  ["[a-\\d]", 'RE2 has no escape "\\d" at position 3'],
  ["[[:foo:]]", 'no class named "[:foo:]" at position 1'],
  ["[\\b]", 'RE2 has no escape "\\b" at position 1'],
  ["\\", 'RE2 has no escape "\\" at position 0'],
  ["\\h", 'RE2 has no escape "\\h" at position 0'],
  ["\\Z", 'RE2 has no escape "\\Z" at position 0'],
  ["\\C", 'RE2 has no escape "\\C" at position 0'],
  ["\\Qa\\E", 'RE2 has no escape "\\Q" at position 0'],
  ["\\u0041", 'RE2 has no escape "\\u" at position 0'],
  ["\\cA", 'RE2 has no escape "\\c" at position 0'],
  ["\\x4", 'RE2 has no escape "\\x" at position 0'],
  ["\\x{}", 'RE2 has no escape "\\x" at position 0'],
  ["\\x{100}", '"\\x{100}" is more than one byte at position 0'],
  ["\\777", '"\\777" is more than one byte at position 0'],
  ["\\p{Greek}", "Unicode classes are not available: Envoy matches bytes at position 0"],
  ["[\\pL]", "Unicode classes are not available: Envoy matches bytes at position 1"],
  ["(".repeat(33) + ")".repeat(33), "groups nested deeper than 32 at position 32"],
] as const) {
  t.test(`readRegex() refuses ${text.slice(0, 30)}`, (t) => {
    t.strictSame(readRegex(text), { kind: "invalid", detail });
    t.end();
  });
}

t.test("readRegex() gives a verdict on any text", (t) => {
  const parts = [
    "a",
    "[",
    "]",
    "^",
    "-",
    "(",
    ")",
    "(?",
    ":",
    "{1,",
    "}",
    "\\",
    "|",
    "*",
    "+",
    "?",
    "<",
    ">",
    "P",
    "0",
  ];
  let seed = 3;
  for (let round = 0; round < 5000; round++) {
    let text = "";
    for (let length = 0; length < 1 + (round % 10); length++) {
      seed = (seed * 48_271) % 2_147_483_647;
      text += parts[seed % parts.length];
    }
    const { kind } = readRegex(text);
    if (kind !== "valid" && kind !== "invalid") t.fail(text);
  }
  t.end();
});
