/** Size and shape budgets, on bad samples and on this repository. */
import t from "tap";
import { checkBudgets, findCasts, measure } from "./budgets.ts";
import { readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

function statements(count: number): string {
  return "a();\n".repeat(count);
}

t.test("checkBudgets() rejects a file over 400 code lines", (t) => {
  const text = `${statements(401)}// comment\n\n`;
  t.strictSame(checkBudgets([parseSource("gateway/a.ts", text)]), [
    "gateway/a.ts:1: file of 401 code lines, limit 400",
  ]);
  t.end();
});

t.test("checkBudgets() accepts 400 code lines with any number of comments", (t) => {
  const text = statements(400) + "// comment\n\n".repeat(300);
  t.strictSame(checkBudgets([parseSource("gateway/a.ts", text)]), []);
  t.end();
});

t.test("checkBudgets() rejects a function over 80 code lines, and accepts 80", (t) => {
  const text = `\nfunction f() {\n${statements(79)}}\nfunction g() {\n${statements(78)}}\n`;
  t.strictSame(checkBudgets([parseSource("gateway/a.ts", text)]), [
    "gateway/a.ts:2: function f of 81 code lines, limit 80",
  ]);
  t.end();
});

t.test("checkBudgets() gives a test more room, with an end", (t) => {
  const room = [
    parseSource("a.test.ts", `function f() {\n${statements(158)}}\n${statements(440)}`),
  ];
  t.strictSame(checkBudgets(room), []);
  const tooMuch = `function f() {\n${statements(159)}}\n${statements(440)}`;
  t.strictSame(checkBudgets([parseSource("a.test.ts", tooMuch)]), [
    "a.test.ts:1: file of 601 code lines, limit 600",
    "a.test.ts:1: function f of 161 code lines, limit 160",
  ]);
  t.end();
});

t.test("checkBudgets() rejects more than 5 casts per 1,000 lines", (t) => {
  const files = [1, 2, 3].map((n) => parseSource(`a${n}.ts`, statements(332)));
  const casts = parseSource("b.ts", "x = y as Z;\n".repeat(6));
  t.strictSame(checkBudgets([...files, casts]), ["casts: 6 per 1,000 lines, limit 5"]);
  t.end();
});

for (const text of ["a: any", "Map<any, b>", "Promise<any>", "a | any", "b as any", "() => any"]) {
  t.test(`checkBudgets() rejects ${text}`, (t) => {
    t.strictSame(checkBudgets([parseSource("a.ts", `const x = ${text};`)]), ["a.ts:1: type any"]);
    t.end();
  });
}

t.test("checkBudgets() accepts any as a name or in text", (t) => {
  const text = `import { any } from "./b.ts"; any(); a.any; const any = "any: any"; // as any
    const { any } = b; f({ resource: any });`;
  t.strictSame(checkBudgets([parseSource("a.ts", text)]), []);
  t.end();
});

t.test("findCasts() counts casts and nothing else that says as", (t) => {
  const text = [
    `import { a as b } from "./a.ts"; import * as c from "./c.ts"; export { d as e };`,
    `const f = [1] as const; g.as(); const h = { as: 1 }; const i = j satisfies K;`,
    `const l = m as N; o(p as Q); const r = { s: u as V };`,
  ].join("\n");
  t.strictSame(
    findCasts(parseSource("a.ts", text)).map((token) => token.line),
    [3, 3, 3],
  );
  t.end();
});

t.test("measure() keeps tests apart from what they test", (t) => {
  const files = [
    parseSource("a.ts", "/** x */\nfunction f() {\n  a();\n}\nb as C;\n"),
    parseSource("a.test.ts", "f as G;\n".repeat(9)),
  ];
  t.strictSame(measure(files), {
    codeLines: 4,
    testLines: 9,
    fileP90: 4,
    functionP90: 3,
    commentsPer100: 25,
    castsPer1000: 250,
  });
  t.end();
});

t.test("measure() of nothing is all zero", (t) => {
  t.ok(Object.values(measure([])).every((value) => value === 0));
  t.end();
});

t.test("the repository keeps its budgets", (t) => {
  const files = readSources(repositoryRoot());
  const { codeLines, testLines, ...figures } = measure(files);
  const ratio = (testLines / codeLines).toFixed(2);
  t.comment(`report: ${codeLines} code lines, ${ratio} test lines each`);
  t.comment(`report: p90 ${figures.fileP90} lines a file, ${figures.functionP90} a function`);
  t.comment(
    `report: ${figures.commentsPer100} comments per 100, ${figures.castsPer1000} casts per 1,000`,
  );
  t.strictSame(checkBudgets(files), []);
  t.end();
});
