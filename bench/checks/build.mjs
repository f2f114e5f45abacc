/**
 * Makes `dist/`, the product as plain JavaScript: the published package needs it, because Node strips no types under
 * node_modules, and `clrk dev` of a checkout starts from it while it is fresh, because it takes less memory. What the
 * code reads beside itself (generated protobuf code, preloads, manifests) is copied to the same place.
 *
 * It takes the place of the one before as a whole, when it is complete: `clrk dev` may run from that, and load more of it.
 *
 * `--quick` leaves out what only the published package needs: checking types, and the declarations for plugins.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { builtDirectories, readStamp, stampFile } from "../../bin/build-stamp.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const target = join(root, "dist");
const dist = join(root, `.dist-${process.pid}`);
const before = `${dist}-before`;
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
removeUnfinished();
process.on("exit", removeUnfinished);
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
writeFileSync(join(dist, relative(target, stampFile(root))), stamp);
takePlace();

/** Another build may do the same at this moment: the later one stays. */
function takePlace() {
  for (;;) {
    rmSync(before, { recursive: true, force: true });
    tryRename(target, before, "ENOENT");
    if (tryRename(dist, target, "ENOTEMPTY")) return;
  }
}

function tryRename(from, to, expected) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (error.code === expected) return false;
    throw error;
  }
}

/** What this build has left, and others that were killed. */
function removeUnfinished() {
  for (const name of readdirSync(root)) {
    const pid = /^\.dist-(\d+)(?:-before)?$/.exec(name)?.[1];
    if (pid === undefined || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

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
  const all = ["--project", "tsconfig.build.json", "--outDir", dist, ...words];
  const { status } = spawnSync(compiler, all, { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  console.error("Cannot build dist/: the compiler found problems");
  process.exit(1);
}
