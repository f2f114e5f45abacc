/**
 * Makes `dist/`, the product as plain JavaScript: the published package needs it, because Node strips no types under
 * node_modules, and `clrk dev` of a checkout starts from it while it is fresh, because it takes less memory. What the
 * code reads beside itself (generated protobuf code, preloads, manifests) is copied to the same place.
 *
 * `--quick` leaves out what only the published package needs: checking types, and the declarations for plugins.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtDirectories, readStamp, stampFile } from "../../bin/build-stamp.mjs";

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

// Read before the compiler does: what changes meanwhile makes the build stale.
const stamp = readStamp(root);
rmSync(dist, { recursive: true, force: true });
if (!process.argv.includes("--quick")) emitDeclarations();
// Comments are held in memory by every thread that loads the code.
compile(["--noCheck", "--noEmitOnError", "false", "--declaration", "false", "--removeComments"]);
for (const directory of builtDirectories) {
  const source = join(root, directory);
  if (!existsSync(source)) continue;
  cpSync(source, join(dist, directory), {
    recursive: true,
    filter: (path) => !left.has(basename(path)) && !/\.(?:ts|proto)$/.test(path),
  });
}
writeFileSync(stampFile(root), stamp);

/** Checks types, and writes those that plugins import with their comments. */
function emitDeclarations() {
  compile(["--emitDeclarationOnly"]);
  for (const path of readdirSync(dist, { recursive: true })) {
    const file = join(dist, path);
    if (file.endsWith(".d.ts") && !file.startsWith(typed)) rmSync(file);
  }
}

function compile(words) {
  const compiler = join(root, "node_modules/.bin/tsc");
  const all = ["--project", "tsconfig.build.json", ...words];
  const { status } = spawnSync(compiler, all, { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  console.error("Cannot build dist/: the compiler found problems");
  process.exit(1);
}
