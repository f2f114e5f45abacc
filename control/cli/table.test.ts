/** Tables align for every script and never break their lines. */
import t from "tap";
import {
  displayWidth,
  columnWidths,
  formatTable,
  padEndToWidth,
  truncateToWidth,
  wrapToWidth,
} from "./table.ts";

for (const { text, width } of [
  { text: "", width: 0 },
  { text: "api.openai.com", width: 14 },
  { text: "münchen", width: 7 },
  { text: "mu\u0308nchen", width: 7 },
  { text: "日本語", width: 6 },
  { text: "한국", width: 4 },
  { text: "ｆｕｌｌ", width: 8 },
  { text: "😀", width: 2 },
  { text: "👩‍👩‍👧", width: 2 },
  { text: "🇨🇭", width: 2 },
  { text: "☎️", width: 2 },
  { text: "✔", width: 1 },
  { text: "✘", width: 1 },
  { text: "→", width: 1 },
  { text: "\u001b[31mred\u001b[39m", width: 3 },
  { text: "\u0301", width: 0 },
]) {
  t.test(`displayWidth() of ${JSON.stringify(text)} is ${width}`, async (t) => {
    t.equal(displayWidth(text), width);
  });
}

t.test("padEndToWidth() counts columns, not code units", async (t) => {
  t.equal(padEndToWidth("日本", 6), "日本  ");
  t.equal(padEndToWidth("abc", 6), "abc   ");
  t.equal(padEndToWidth("abcdef", 3), "abcdef");
});

for (const { text, width, expected } of [
  { text: "short", width: 5, expected: "short" },
  { text: "longer", width: 5, expected: "long…" },
  { text: "日本語", width: 5, expected: "日本…" },
  { text: "日本語", width: 4, expected: "日…" },
  { text: "日本語", width: 1, expected: "…" },
]) {
  t.test(`truncateToWidth() cuts ${text} to ${width} columns as ${expected}`, async (t) => {
    t.equal(truncateToWidth(text, width), expected);
    t.ok(displayWidth(truncateToWidth(text, width)) <= width);
  });
}

t.test("formatTable() aligns like kubectl", async (t) => {
  const table = {
    headings: ["NAME", "POLICY", "READY"],
    rows: [
      ["default", "deny-all", "True"],
      ["a-longer-name", "allow-all", "False"],
    ],
  };
  t.equal(
    formatTable(table),
    [
      "NAME            POLICY      READY",
      "default         deny-all    True",
      "a-longer-name   allow-all   False",
      "",
    ].join("\n"),
  );
});

t.test("formatTable() aligns wide characters by columns", async (t) => {
  t.equal(
    formatTable({
      headings: ["NAME", "AGE"],
      rows: [
        ["日本語", "1m"],
        ["abc", "2m"],
      ],
    }),
    ["NAME     AGE", "日本語   1m", "abc      2m", ""].join("\n"),
  );
});

t.test("formatTable() shows empty and missing cells as <none>", async (t) => {
  t.equal(
    formatTable({ headings: ["A", "B", "C"], rows: [["", undefined]] }),
    "A        B        C\n<none>   <none>   <none>\n",
  );
});

t.test("formatTable() takes as many rows as a server has", async (t) => {
  const rows = Array.from({ length: 250_000 }, (_, index) => [String(index % 100)]);
  t.equal(formatTable({ headings: ["A"], rows }).length, 2 + 250_000 * 3 - 2_500 * 10);
});

t.test("formatTable() drops cells past the last heading", async (t) => {
  t.equal(formatTable({ headings: ["A"], rows: [["1", "2"]] }), "A\n1\n");
});

t.test("formatTable() keeps one row on one line", async (t) => {
  t.equal(formatTable({ headings: ["A"], rows: [["x\n\u001b[31my"]] }), "A\nx\\x0a\\x1b[31my\n");
});

t.test("formatTable() prints only rows without headings, and sizes columns by them", async (t) => {
  t.equal(
    formatTable({ headings: ["LONGHEADING", "B"], rows: [["x", "y"]] }, { hasHeadings: false }),
    "x   y\n",
  );
});

t.test("formatTable() of no rows prints the headings", async (t) => {
  t.equal(formatTable({ headings: ["NAME", "AGE"], rows: [] }), "NAME   AGE\n");
  t.equal(formatTable({ headings: ["NAME"], rows: [] }, { hasHeadings: false }), "");
});

t.test("wrapToWidth() breaks at blanks, and not where colours make a text longer", async (t) => {
  const wrap = (text: string) => wrapToWidth(text, { columns: 9, indent: 1 });
  t.strictSame(wrap("one two three four"), ["one two", " three", " four"]);
  t.strictSame(wrap("\u001b[31mone\u001b[39m two x"), ["\u001b[31mone\u001b[39m two x"]);
  t.strictSame(wrap("a-word-too-long x"), ["a-word-too-long", " x"]);
  t.strictSame(wrap(""), [""]);
});

t.test("columnWidths() keeps lines that follow below those above", async (t) => {
  const table = { headings: ["NAME", "COUNT"], rows: [["researcher", "1"]] };
  const leastWidths = columnWidths(table);
  t.same(leastWidths, [10, 5]);
  const next = { headings: table.headings, rows: [["a", "2"]] };
  t.equal(formatTable(next, { hasHeadings: false, leastWidths }), "a            2\n");
  t.same(columnWidths({ ...next, rows: [["a", "1234567"]] }, leastWidths), [10, 7]);
});
