/** Links of documents, on bad samples and on this repository. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { checkLinks, checkQuotedTests } from "./links.ts";
import type { LinkTargets } from "./links.ts";
import { listFiles, repositoryRoot } from "./repository.ts";

const files: Readonly<Record<string, string>> = {
  "docs/b.md": "# What is it?\n\n## A `code` word\n",
  "bench/a.e2e.ts": 't.test("it works", () => {});',
};
const sample: LinkTargets = {
  exists: (path) => path === "docs" || Object.hasOwn(files, path),
  read: (path) => files[path] ?? "",
};

const accepted = [
  "[b](b.md)",
  "[b](./b.md) and [folder](../docs)",
  "[heading](b.md#what-is-it) [heading](b.md#a-code-word)",
  "[site](https://example.com/x) [mail](mailto:a@example.com)",
  "`[code](nowhere.md)`",
  "```\n[fenced](nowhere.md)\n```",
];

for (const text of accepted) {
  t.test(`checkLinks() accepts ${JSON.stringify(text)}`, (t) => {
    t.strictSame(checkLinks([{ path: "docs/a.md", text }], sample), []);
    t.end();
  });
}

const rejected = [
  { text: "\n[x](nowhere.md)", problem: 'docs/a.md:2: link "nowhere.md" leads to no file' },
  { text: "[x](/docs/b.md)", problem: 'docs/a.md:1: link "/docs/b.md" leads to no file' },
  { text: "[x](b.md#else)", problem: 'docs/a.md:1: link "b.md#else" leads to no heading' },
];

for (const { text, problem } of rejected) {
  t.test(`checkLinks() rejects ${JSON.stringify(text)}`, (t) => {
    t.strictSame(checkLinks([{ path: "docs/a.md", text }], sample), [problem]);
    t.end();
  });
}

t.test("checkQuotedTests() rejects a test that the linked file does not hold", (t) => {
  const text = [
    "| row | test |",
    '| one | [a](../bench/a.e2e.ts) "it works" |',
    '| two | same, "it fails" |',
    'no table: "it fails"',
  ].join("\n");
  t.strictSame(checkQuotedTests({ path: "docs/a.md", text }, sample), [
    'docs/a.md:3: "it fails" is no test of bench/a.e2e.ts',
  ]);
  t.end();
});

const root = repositoryRoot();
const targets: LinkTargets = {
  exists: (path) => existsSync(join(root, path)),
  read: (path) => readFileSync(join(root, path), "utf8"),
};
const documents = listFiles(root)
  .filter((path) => path.endsWith(".md") && !path.split("/").includes("testdata"))
  .map((path) => ({ path, text: targets.read(path) }));

t.test("every relative link of the repository's documents leads somewhere", (t) => {
  t.ok(documents.length > 10);
  t.strictSame(checkLinks(documents, targets), []);
  t.end();
});

t.test("every test that docs/security.md quotes is there", (t) => {
  const security = documents.find(({ path }) => path === "docs/security.md");
  t.strictSame(security && checkQuotedTests(security, targets), []);
  t.end();
});
