/** Tests of making `dist/`: processes that run from it must find all of it, whatever becomes of the next one. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { builtDirectories, isBuildFresh } from "../../bin/build-stamp.mjs";
import { repositoryRoot } from "./repository.ts";

t.test("a build takes the place of the one before only as a whole", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "clrk-build-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const build = () =>
    spawnSync(process.execPath, [join(root, "bench/checks/build.mjs"), "--quick"], {
      encoding: "utf8",
    });
  for (const part of ["bin", "bench/checks/build.mjs", "tsconfig.json", "tsconfig.build.json"]) {
    cpSync(join(repositoryRoot(), part), join(root, part), { recursive: true });
  }
  symlinkSync(join(repositoryRoot(), "node_modules"), join(root, "node_modules"));
  write("package.json", '{ "type": "module" }');
  for (const folder of builtDirectories) write(`${folder}/a.ts`, "export const a: number = 1;\n");
  write("control/b.ts", "export const b: number = 2;\n");
  const first = build();
  t.equal(first.status, 0, first.stdout);
  t.ok(isBuildFresh(root));
  t.match(readFileSync(join(root, "dist/control/a.js"), "utf8"), "a = 1");
  // Of a build that was killed.
  mkdirSync(join(root, ".dist-0"));

  write("control/a.ts", "export const a: number = {\n");
  t.not(build().status, 0);
  t.match(readFileSync(join(root, "dist/control/a.js"), "utf8"), "a = 1", "what runs is there yet");
  t.notOk(isBuildFresh(root), "and nothing is started from it");

  write("control/a.ts", "export const a: number = 3;\n");
  rmSync(join(root, "control/b.ts"));
  t.equal(build().status, 0);
  t.ok(isBuildFresh(root));
  t.match(readFileSync(join(root, "dist/control/a.js"), "utf8"), "a = 3");
  t.same(readdirSync(join(root, "dist/control")), ["a.js"]);
  t.same(
    readdirSync(root).filter((name) => name.startsWith(".")),
    [],
  );
});
