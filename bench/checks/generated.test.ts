/** Files that are made from the kinds say what the kinds say now, and none is left of a kind that is gone. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { writeGeneratedFiles } from "../../crds/generate.ts";
import { generatedFiles, referenceFolder } from "../../crds/generated-files.ts";
import { listFiles, repositoryRoot } from "./repository.ts";

const root = repositoryRoot();
const advice = "run npm run generate, and remove files of kinds that are gone";

t.test("generatedFiles() are in the repository as the kinds would have them now", (t) => {
  const present = listFiles(root);
  const stale = [...generatedFiles()].filter(
    ([path, text]) => !present.includes(path) || readFileSync(join(root, path), "utf8") !== text,
  );
  t.strictSame(
    stale.map(([path]) => path),
    [],
    advice,
  );
  t.end();
});

t.test("generatedFiles() are the only ones of their sort", (t) => {
  const expected = generatedFiles();
  const left = listFiles(root).filter((path) => {
    const isOne = /^crds\/[^/]+\.yaml$/.test(path) || path.startsWith(`${referenceFolder}/`);
    return isOne && !expected.has(path);
  });
  t.strictSame(left, [], advice);
  t.end();
});

t.test("writeGeneratedFiles() writes what generatedFiles() gives", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "clrk-generated-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeGeneratedFiles(folder);
  for (const [path, text] of generatedFiles()) {
    if (readFileSync(join(folder, path), "utf8") !== text) t.fail(`${path} differs`);
  }
  t.end();
});
