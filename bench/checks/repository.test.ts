/** Tests of how the checks list and read the repository. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { isTest, listFiles, readSources, repositoryRoot } from "./repository.ts";

const tree = {
  "a.ts": "const a = 1;",
  "a.d.ts": "declare const a: 1;",
  "note.md": "",
  inner: { "b.test.ts": "const b = 1;", testdata: { "c.ts": "§" } },
  node_modules: { x: { "x.ts": "" } },
  gateway: { proto: { gen: { "g.ts": "" } } },
};

const visible = ["a.d.ts", "a.ts", "inner/b.test.ts", "inner/testdata/c.ts", "note.md"];

t.test("listFiles() walks the tree where there is no git", (t) => {
  t.strictSame(listFiles(t.testdir(tree)), visible);
  t.end();
});

t.test("listFiles() gives new and committed files, but no ignored or deleted ones", (t) => {
  const root = t.testdir({ ...tree, ".gitignore": "node_modules\ngen\n" });
  const git = (...words: string[]) => execFileSync("git", ["-C", root, ...words]);
  git("init", "--quiet");
  git("add", "a.ts", "note.md");
  execFileSync("rm", [join(root, "note.md")]);
  t.strictSame(listFiles(root), [".gitignore", ...visible.filter((path) => path !== "note.md")]);
  t.end();
});

t.test("readSources() reads TypeScript, but no declarations and no test data", (t) => {
  const sources = readSources(t.testdir(tree));
  t.strictSame(
    sources.map((source) => source.path),
    ["a.ts", "inner/b.test.ts"],
  );
  t.end();
});

t.test("repositoryRoot() is where this file's repository starts", (t) => {
  t.ok(listFiles(repositoryRoot()).includes("bench/checks/repository.ts"));
  t.end();
});

t.test("isTest() tells tests from what they test", (t) => {
  t.strictSame(["a.ts", "a.test.ts", "b.e2e.ts", "test.ts"].map(isTest), [
    false,
    true,
    true,
    false,
  ]);
  t.end();
});
