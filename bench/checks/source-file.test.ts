/** Tests of the lexer on which every repository check stands. */
import t from "tap";
import {
  countCodeLines,
  countCommentLines,
  findClosing,
  parseSource,
  stringValue,
} from "./source-file.ts";

function kinds(text: string): string[] {
  return parseSource("sample.ts", text).tokens.map((token) => `${token.kind}:${token.text}`);
}

const samples: { name: string; text: string; tokens: string[] }[] = [
  {
    name: "a keyword in a string or comment",
    text: `const a = "import x"; // import y`,
    tokens: [
      "word:const",
      "word:a",
      "punctuation:=",
      'string:"import x"',
      "punctuation:;",
      "comment:// import y",
    ],
  },
  {
    name: "an escaped quote",
    text: String.raw`"a\"b" 'c\'d'`,
    tokens: [String.raw`string:"a\"b"`, String.raw`string:'c\'d'`],
  },
  {
    name: "comment marks in a string",
    text: `"/* no */" '// no'`,
    tokens: [`string:"/* no */"`, `string:'// no'`],
  },
  {
    name: "quotes in a comment",
    text: `/* it's "x */ a`,
    tokens: [`comment:/* it's "x */`, "word:a"],
  },
  {
    name: "a template with nested braces and templates",
    text: "`a${{ b: `c${d}e` }.b}f`",
    tokens: [
      "template:`a${",
      "punctuation:{",
      "word:b",
      "punctuation::",
      "template:`c${",
      "word:d",
      "template:}e`",
      "punctuation:}",
      "punctuation:.",
      "word:b",
      "template:}f`",
    ],
  },
  {
    name: "an escaped substitution and a lone dollar",
    text: "`\\${a} $b`",
    tokens: ["template:`\\${a} $b`"],
  },
  {
    name: "a regular expression with a slash and a quote in a class",
    text: `x = /[/"']\\//g`,
    tokens: ["word:x", "punctuation:=", `regex:/[/"']\\//g`],
  },
  {
    name: "a division",
    text: "a / b / c",
    tokens: ["word:a", "punctuation:/", "word:b", "punctuation:/", "word:c"],
  },
  {
    name: "a division after a bracket",
    text: "(a) / 2 // c",
    tokens: [
      "punctuation:(",
      "word:a",
      "punctuation:)",
      "punctuation:/",
      "number:2",
      "comment:// c",
    ],
  },
  {
    name: "a regular expression after return",
    text: "return /a'b/.test(c)",
    tokens: [
      "word:return",
      "regex:/a'b/",
      "punctuation:.",
      "word:test",
      "punctuation:(",
      "word:c",
      "punctuation:)",
    ],
  },
  {
    name: "private names and optional chains",
    text: "this.#a?.b",
    tokens: ["word:this", "punctuation:.", "word:#a", "punctuation:?.", "word:b"],
  },
  {
    name: "closing generics",
    text: "Map<a, Set<b>>",
    tokens: [
      "word:Map",
      "punctuation:<",
      "word:a",
      "punctuation:,",
      "word:Set",
      "punctuation:<",
      "word:b",
      "punctuation:>",
      "punctuation:>",
    ],
  },
  { name: "a shebang", text: "#!/usr/bin/env node\na", tokens: ["word:a"] },
  {
    name: "numbers",
    text: "0xff 1_000.5 .5",
    tokens: ["number:0xff", "number:1_000.5", "number:.5"],
  },
  { name: "nothing", text: " \n", tokens: [] },
];

for (const { name, text, tokens } of samples) {
  t.test(`parseSource() reads ${name}`, (t) => {
    t.strictSame(kinds(text), tokens);
    t.end();
  });
}

const rejected = [
  { name: "an unterminated string", text: '\n"a', message: 'unexpected "\\""' },
  { name: "an unterminated template", text: "\n`a", message: 'unexpected "`"' },
  { name: "an unterminated substitution", text: "\n`a${b", message: "unterminated template" },
  {
    name: "a template cut after its substitution",
    text: "\n`a${b}c",
    message: "unterminated template",
  },
  { name: "a character outside the language", text: "\n§", message: 'unexpected "§"' },
];

for (const { name, text, message } of rejected) {
  t.test(`parseSource() refuses ${name}`, (t) => {
    t.throws(() => parseSource("a.ts", text), {
      name: "SyntaxError",
      message: `Cannot read "a.ts" line 2: ${message}`,
    });
    t.end();
  });
}

t.test("parseSource() numbers the lines of a token that spans several", (t) => {
  const [comment, word] = parseSource("a.ts", "/*\n*/\nb").tokens;
  t.match(comment, { line: 1, endLine: 2 });
  t.match(word, { line: 3, endLine: 3 });
  t.end();
});

t.test("countCodeLines() and countCommentLines() tell code from comment and space", (t) => {
  const file = parseSource(
    "a.ts",
    "/** one\n * two */\n\nconst a = 1; // three\nconst b = `x\ny`;\n",
  );
  t.equal(countCodeLines(file), 3);
  t.equal(countCodeLines(file, 4, 4), 1);
  t.equal(countCommentLines(file), 2);
  t.end();
});

t.test("stringValue() drops quotes and escapes", (t) => {
  const [token] = parseSource("a.ts", String.raw`"a\"b"`).tokens;
  t.equal(token === undefined ? undefined : stringValue(token), 'a"b');
  t.end();
});

t.test("findClosing() finds the partner across nested brackets, or -1", (t) => {
  const code = parseSource("a.ts", "f(a[0], { b: (c) }) + 1").code;
  t.equal(findClosing(code, 1), code.length - 3);
  t.equal(findClosing(parseSource("a.ts", "f(a").code, 1), -1);
  t.end();
});
