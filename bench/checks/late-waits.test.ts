/** Waits between tests, on samples and on this repository. */
import t from "tap";
import { findLateWaits } from "./late-waits.ts";
import { isTest, readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

const before = `t.test("a", async () => { await a(); });\n`;
const problem = "a.test.ts:2: waits between tests: wait before the first of them";

for (const { name, text, problems } of [
  { name: "before all tests", text: `const a = await b();\n${before}`, problems: [] },
  { name: "after all tests", text: `${before}await b();`, problems: [] },
  { name: "for a test", text: `${before}await t.test("b", () => {});\n${before}`, problems: [] },
  {
    name: "in a function",
    text: `${before}async function a() { return [\`\${await b()}\`]; }\n${before}`,
    problems: [],
  },
  {
    name: "in an arrow",
    text: `${before}const a = async () => (await b());\n${before}`,
    problems: [],
  },
  {
    name: "in brackets",
    text: `${before}const a = (await b()) ? c : d;\n${before}`,
    problems: [problem],
  },
  { name: "in no test", text: `await a();\nawait b();`, problems: [] },
  { name: "between tests", text: `${before}const a = await b();\n${before}`, problems: [problem] },
  {
    name: "of a loop after a template",
    text: `t.test(\`\${a}\`, () => \`\${b} \${c}\`);\nfor await (const a of b) c(a);\n${before}`,
    problems: [problem],
  },
  {
    name: "before tests of a loop",
    text: `${before}await a();\nfor (const a of b) {\n${before}}`,
    problems: [problem],
  },
]) {
  t.test(`findLateWaits(): ${name}`, (t) => {
    t.same(findLateWaits(parseSource("a.test.ts", text)), problems);
    t.end();
  });
}

t.test("no test of this repository waits between tests", (t) => {
  const files = readSources(repositoryRoot()).filter(({ path }) => isTest(path));
  t.ok(files.length > 1_000);
  t.same(files.flatMap(findLateWaits), []);
  t.end();
});
