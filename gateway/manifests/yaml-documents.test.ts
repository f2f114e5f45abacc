/** Tests of reading YAML: a list of refused inputs with line and sentence, bounds that hold, and places of fields. */
import t from "tap";
import { createLineIndex } from "./line-index.ts";
import { maxDocuments, readYaml } from "./yaml-documents.ts";

function refusal(text: string): string[] {
  const lines = createLineIndex(text);
  return readYaml(text).problems.map(({ offset, message }) => `${lines(offset)}: ${message}`);
}

const notClosed =
  'a list in "[ ]" or an object in "{ }" is not closed, or its lines are not indented';
const missingColon = 'a line that is neither a field nor a list item, wanted "field: value"';

const refused: readonly { name: string; text: string; want: readonly string[] }[] = [
  { name: "tab", text: "a:\n\tb: 1\n", want: ["2: a tab in the indentation, wanted spaces"] },
  {
    name: "indentation between two levels",
    text: "a:\n  b: 1\n c: 2\n",
    want: ["3: an indentation that fits no line above, wanted the column of the line's siblings"],
  },
  {
    name: "open double quote, told where it begins",
    text: 'x: 1\na: "abc\nb: c\n\n\n',
    want: ["2: text in quotes that is not closed, wanted the same quote at its end"],
  },
  {
    name: "open single quote",
    text: "a: 'abc\n",
    want: ["1: text in quotes that is not closed, wanted the same quote at its end"],
  },
  { name: "open brace", text: "a: {b: 1, c: 2\nd: 1\n", want: [`2: ${notClosed}`] },
  { name: "open bracket at the root", text: "[1, 2\n", want: [`2: ${notClosed}`] },
  { name: "no comma", text: "a: [b: 1 c: 2]\n", want: ["1: "] },
  {
    name: "second colon",
    text: "a: b: c\n",
    want: [
      '1: a second ":" or a list in the line of a field, wanted quotes around it if it is text',
    ],
  },
  { name: "no colon", text: "a: 1\nfoo\nb: 2\n", want: [`2: ${missingColon}`] },
  { name: "no colon at the end", text: "a: 1\nfoo\n", want: [`2: ${missingColon}`] },
  {
    name: "reserved character",
    text: "a: @foo\n",
    want: [
      "1: text that begins with a character that YAML keeps for itself, wanted quotes around it",
    ],
  },
  {
    name: "unknown escape",
    text: 'a: "\\q"\n',
    want: [
      '1: an unknown escape after "\\" in double quotes, wanted "\\\\" for a backslash, or single quotes',
    ],
  },
  {
    name: "unknown tag",
    text: "a: 1\nb: !foo 1\n",
    want: ['2: a tag ("!") that is not known, wanted none, or quotes around the text'],
  },
  {
    name: "tag of another schema",
    text: "a: !!binary aGk=\n",
    want: ['1: a tag ("!") that is not known, wanted none, or quotes around the text'],
  },
  {
    name: "alias without anchor",
    text: "a: 1\nb: *c\n",
    want: [
      '2: an alias ("*") that names no anchor, wanted an anchor ("&") above it, or quotes if it is text',
    ],
  },
  {
    name: "alias in itself",
    text: "a: &a [*a]\n",
    want: ['1: an alias ("*") inside the value that it names'],
  },
  { name: "explicit key", text: "a: 1\n? b\n: c\n", want: ['2: a "?" before a field name'] },
  {
    name: "list as key",
    text: "[a]: 1\n",
    want: ["1: a field name that is not text, wanted text"],
  },
  { name: "unknown directive", text: "%FOO bar\n---\na: 1\n", want: ['1: a directive ("%")'] },
  { name: "other version", text: "%YAML 1.1\n---\na: yes\n", want: ['2: a "%YAML" directive'] },
  {
    name: "key twice",
    text: "a:\n  b: 1\n  c: 1\n  b: 2\n",
    want: ["4: the field is there twice, wanted each field once"],
  },
  {
    name: "key twice in flow style",
    text: '{"a": 1, "a": 2}',
    want: ["1: the field is there twice, wanted each field once"],
  },
  {
    name: "extra text after block mark",
    text: "a: |x\n b\n",
    want: ["1: not valid YAML from here on"],
  },
  { name: "one mistake per document", text: "a: @b\nc: @d\n---\ne: @f\n", want: ["1: ", "4: "] },
];

for (const { name, text, want } of refused) {
  t.test(`readYaml() refuses when the text has ${name}`, (t) => {
    const found = refusal(text);
    t.equal(found.length, want.length);
    for (const [index, start] of want.entries())
      t.equal(found[index]?.slice(0, start.length), start);
    t.end();
  });
}

t.test("readYaml() gives plain values without prototypes", (t) => {
  const text = "__proto__: { a: 1 }\nconstructor: x\n1: a\nnull: b\nc: [yes, 0o17, 1.5, ~, '2']\n";
  const value = readYaml(text).documents[0]?.value;
  t.equal(
    JSON.stringify(value),
    '{"1":"a","__proto__":{"a":1},"constructor":"x","null":"b","c":["yes",15,1.5,null,"2"]}',
  );
  t.equal(Object.getPrototypeOf(value), null);
  t.end();
});

t.test("readYaml() resolves aliases to the last anchor of that name above", (t) => {
  const value = readYaml("a: &x 1\nb: *x\nc: &y [*x, 2]\nd: *y\ne: &x 3\nf: *x\n").documents[0]
    ?.value;
  t.equal(JSON.stringify(value), '{"a":1,"b":1,"c":[1,2],"d":[1,2],"e":3,"f":3}');
  t.end();
});

t.test("readYaml() bounds what aliases expand to", (t) => {
  const laughs = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 10; level++) {
    const items = Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ");
    laughs.push(`k${level}: &a${level} [${items}]`);
  }
  t.same(refusal(laughs.join("\n")), ['6: aliases ("*") that expand to more than 1000000 values']);
  const quadratic = `a: &a [${"x, ".repeat(5_000)}]\nb: [${"*a, ".repeat(5_000)}]\n`;
  t.same(refusal(quadratic), ['2: aliases ("*") that expand to more than 1000000 values']);
  t.end();
});

t.test("readYaml() ends soon on texts that are made to be slow", (t) => {
  const texts: readonly (readonly [name: string, text: string, want: string | undefined])[] = [
    ["explicit keys", "? ".repeat(100_000), '1: a "?" before a field name, wanted "field: value"'],
    ["brackets", "[".repeat(20_000), "1: nested too deeply"],
    ["dashes", "- ".repeat(20_000), "1: nested too deeply"],
    ["many keys", Array.from({ length: 30_000 }, (_, at) => `k${at}: 1`).join("\n"), undefined],
    ["many aliases", `a: &a x\nb: [${"*a, ".repeat(30_000)}]`, undefined],
    ["depth", `a: ${"[".repeat(100)}${"]".repeat(100)}`, "1: nested more than 64 levels deep"],
  ];
  for (const [name, text, want] of texts) {
    const startMs = performance.now();
    t.equal(refusal(text)[0], want, name);
    t.ok(performance.now() - startMs < 20_000, name);
  }
  t.end();
});

t.test("readYaml() bounds the number of documents", (t) => {
  const { documents, problems } = readYaml("a\n---\n".repeat(maxDocuments + 5));
  t.equal(documents.length, maxDocuments);
  t.same(
    problems.map(({ message }) => message),
    [`more than ${maxDocuments} documents in a file`],
  );
  t.end();
});

t.test("readYaml() never throws, however a text is cut or damaged", (t) => {
  const text =
    "%YAML 1.2\n---\na: &x {b: [1, 'c', \"d\\n\"], ? e : *x}\nf: |\n  g\n- !!str h # i\n...\n";
  for (let at = 0; at <= text.length; at++) {
    t.doesNotThrow(() => readYaml(text.slice(0, at)));
    for (const damage of ["\u0000", "\t", ":", '"', "[", "}", "&", "\ud800"]) {
      t.doesNotThrow(() => readYaml(text.slice(0, at) + damage + text.slice(at + 1)));
    }
  }
  t.end();
});

t.test("findOffset() gives the field, or the nearest parent that is written", (t) => {
  const text = "a:\n  - b: 1\n    c: &x\n      d: 2\n  -\n    e: *x\nf:\n";
  const lines = createLineIndex(text);
  const [document] = readYaml(text).documents;
  const lineOf = (...path: (string | number)[]) => lines(document?.findOffset(path) ?? -1);
  t.equal(lineOf(), 1);
  t.equal(lineOf("a"), 1);
  t.equal(lineOf("a", 0), 2);
  t.equal(lineOf("a", 0, "c", "d"), 4);
  t.equal(lineOf("a", 1, "e"), 6);
  t.equal(lineOf("a", 1, "e", "d"), 4, "where the alias leads");
  t.equal(lineOf("a", 1, "z", "y"), 6);
  t.equal(lineOf("a", 7), 1);
  t.equal(lineOf("f"), 7);
  t.equal(lineOf("f", "g"), 7);
  t.equal(lineOf("z"), 1);
  t.end();
});
