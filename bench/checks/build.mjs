/**
 * Makes dist/ for the published package: Node strips no types under node_modules, so emitted JavaScript is shipped.
 * What the code reads beside itself (generated protobuf code, preloads, manifests) is copied to the same place.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const dist = join(root, "dist");
const left = new Set([
  "testdata",
  "node_modules",
  ".tap",
  "README.md",
  "generate",
  "generate.mjs",
  "stamp",
]);
/** Whose types plugins import (`exports` of package.json). */
const typed = join(dist, "providers");

rmSync(dist, { recursive: true, force: true });
const compiler = join(root, "node_modules/.bin/tsc");
const { status } = spawnSync(compiler, ["--project", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) {
  console.error("Cannot build dist/: the compiler found problems");
  process.exit(1);
}
for (const path of readdirSync(dist, { recursive: true })) {
  const file = join(dist, path);
  if (file.endsWith(".d.ts") && !file.startsWith(typed)) rmSync(file);
}
for (const directory of ["crds", "providers", "gateway", "extproc", "certs", "control"]) {
  const source = join(root, directory);
  if (!existsSync(source)) continue;
  cpSync(source, join(dist, directory), {
    recursive: true,
    filter: (path) => !left.has(basename(path)) && !/\.(?:ts|proto)$/.test(path),
  });
}
