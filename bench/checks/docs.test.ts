/** Required documentation, on bad samples and on this repository. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { checkDocs, checkReadmes } from "./docs.ts";
import { listFiles, readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

const opening = "/** What this file is for. */\n";

function check(text: string): string[] {
  return checkDocs([parseSource("a.ts", text)]);
}

const rejected: { name: string; text: string; problem: string }[] = [
  {
    name: "a file without docblock",
    text: "const a = 1;",
    problem: "1: does not start with a docblock",
  },
  {
    name: "a line comment as docblock",
    text: "// File.",
    problem: "1: does not start with a docblock",
  },
  { name: "an empty docblock", text: "/** */", problem: "1: does not start with a docblock" },
  {
    name: "an export without docstring",
    text: `${opening}import "b"; export const a = 1;`,
    problem: "2: export a has no docstring",
  },
  {
    name: "the docblock as docstring",
    text: `${opening}export const a = 1;`,
    problem: "2: export a has no docstring",
  },
  {
    name: "an empty docstring",
    text: `${opening}/** */ export const a = 1;`,
    problem: "2: export a has no docstring",
  },
  {
    name: "a repeated name",
    text: `${opening}/** Parses the certificate. */ export function parseCertificate() {}`,
    problem: "2: docstring of parseCertificate only repeats its name",
  },
  {
    name: "a repeated type name",
    text: `${opening}/** The leaf policy type. */ export type LeafPolicy = 1;`,
    problem: "2: docstring of LeafPolicy only repeats its name",
  },
];

for (const { name, text, problem } of rejected) {
  t.test(`checkDocs() rejects ${name}`, (t) => {
    t.strictSame(check(text), [`a.ts:${problem}`]);
    t.end();
  });
}

t.test("checkDocs() asks for no docblock in a test", (t) => {
  t.strictSame(checkDocs([parseSource("a.test.ts", "const a = 1;")]), []);
  t.end();
});

t.test("checkDocs() accepts a docstring that adds a word", (t) => {
  const text = "/** The certificate in PEM, or undefined. */ export function parseCertificate() {}";
  t.strictSame(check(opening + text), []);
  t.end();
});

t.test("checkReadmes() rejects a directory without one, and one over a page", (t) => {
  const files = ["certs/a.ts", "gateway/xds/b.ts", "docs/c.test.ts"].map((path) =>
    parseSource(path, ""),
  );
  const readmes = [
    { path: "README.md", text: "\n".repeat(500) },
    { path: "certs/README.md", text: `${"x\n".repeat(91)}\n` },
    { path: "bench/README.md", text: "x\n".repeat(90) },
  ];
  t.strictSame(checkReadmes(files, readmes), [
    "gateway: has no README.md",
    "certs/README.md: 91 lines, limit 90",
  ]);
  t.end();
});

t.test("every file and export of the repository is documented", (t) => {
  t.strictSame(checkDocs(readSources(repositoryRoot())), []);
  t.end();
});

t.test("every directory of the repository has a README of at most a page", (t) => {
  const root = repositoryRoot();
  const readmes = listFiles(root)
    .filter((path) => path.endsWith("README.md") && !path.includes("testdata/"))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
  t.strictSame(checkReadmes(readSources(root), readmes), []);
  t.end();
});
