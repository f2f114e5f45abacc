/**
 * Makes the product as plain JavaScript, because that takes less memory: a directory below `.dist/` for the sources as they
 * are, from which `clrk dev` of a checkout starts. What the code reads beside itself (generated protobuf code, preloads,
 * manifests) is copied to the same place. A build is there when it is complete, and stays as it is; older ones go when
 * no process runs from them.
 *
 * `--package` makes `dist/` besides, which is what is published, because Node strips no types under node_modules: with
 * types checked, and with the declarations for plugins.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDirectory, builtDirectories, buildsDirectory } from "../../bin/build-stamp.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const builds = buildsDirectory(root);
/** Processes of two containers may have the same id. */
const mark = randomBytes(4).toString("hex");
const unfinished = join(builds, `unfinished-${process.pid}-${mark}`);
const emitted = join(unfinished, "emitted");
const packed = join(unfinished, "packed");
const left = new Set([
  "testdata",
  "node_modules",
  ".tap",
  "README.md",
  "generate",
  "generate.mjs",
  "stamp",
]);
/** It takes seconds. */
const longestBuildMs = 3_600_000;
/** Whose types plugins import (`exports` of package.json). */
const typed = join(packed, "providers");

// Asked before the compiler reads them: what changes meanwhile is another build.
const target = buildDirectory(root);
removeUnfinished();
process.on("exit", removeUnfinished);
if (process.argv.includes("--package")) {
  emitDeclarations();
  emit();
  cpSync(emitted, packed, { recursive: true });
  replacePackage();
} else if (!existsSync(target)) emit();
if (existsSync(emitted)) finish();
removeUnused();

function emit() {
  // Comments are held in memory by every thread that loads the code.
  const words = ["--noCheck", "--noEmitOnError", "false", "--declaration", "false"];
  compile(emitted, [...words, "--removeComments"]);
  for (const directory of builtDirectories) {
    const source = join(root, directory);
    if (!existsSync(source)) continue;
    cpSync(source, join(emitted, directory), {
      recursive: true,
      filter: (path) => !left.has(basename(path)) && !/\.(?:ts|proto)$/.test(path),
    });
  }
}

/** One of the same sources may be there by now: processes may run from it. */
function finish() {
  if (!existsSync(target)) tryRename(emitted, target, "ENOTEMPTY");
}

/** Another build may do the same at this moment: the later one stays. */
function replacePackage() {
  const dist = join(root, "dist");
  const before = join(unfinished, "before");
  for (;;) {
    rmSync(before, { recursive: true, force: true });
    tryRename(dist, before, "ENOENT");
    if (tryRename(packed, dist, "ENOTEMPTY")) return;
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

/** Removes older builds but the newest of them, from which somebody may be about to start, and those that are run from. */
function removeUnused() {
  const others = readdirSync(builds)
    .filter((name) => !name.startsWith("unfinished-") && join(builds, name) !== target)
    .toSorted((a, b) => timeOf(b) - timeOf(a))
    .slice(1);
  const commands = others.length === 0 ? [] : readCommands();
  for (const name of others) {
    // Whoever cannot be asked may run from any of them.
    const isUsed = commands?.some((command) => command.includes(`/.dist/${name}/`)) ?? true;
    if (!isUsed) removeBuild(name);
  }
}

/** First from its place: half of one must not be there under its name, whenever this ends. */
function removeBuild(name) {
  const away = join(unfinished, `removed-${name}`);
  mkdirSync(unfinished, { recursive: true });
  // Another build may remove the same one.
  if (tryRename(join(builds, name), away, "ENOENT")) rmSync(away, { recursive: true, force: true });
}

/** Command lines of all processes; undefined where they cannot be told. */
function readCommands() {
  if (process.platform !== "linux") {
    const { status, stdout } = spawnSync("ps", ["-A", "-o", "args="], { encoding: "utf8" });
    return status === 0 ? stdout.split("\n") : undefined;
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        // It has ended since.
        return "";
      }
    });
}

/** What this build has left, and others that were killed long ago: one in a container is not seen to live. */
function removeUnfinished() {
  for (const name of existsSync(builds) ? readdirSync(builds) : []) {
    const pid = /^unfinished-(\d+)(?:-[0-9a-f]+)?$/.exec(name)?.[1];
    if (pid === undefined) continue;
    const isOther = join(builds, name) !== unfinished;
    if (isOther && (isAlive(Number(pid)) || Date.now() - timeOf(name) < longestBuildMs)) continue;
    rmSync(join(builds, name), { recursive: true, force: true });
  }
}

/** When something was put into a directory of builds, or taken from it; 0 where it has gone. */
function timeOf(name) {
  return statSync(join(builds, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
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
  compile(packed, ["--emitDeclarationOnly"]);
  for (const path of readdirSync(packed, { recursive: true })) {
    const file = join(packed, path);
    if (file.endsWith(".d.ts") && !file.startsWith(typed)) rmSync(file);
  }
}

function compile(directory, words) {
  const compiler = join(root, "node_modules/.bin/tsc");
  const all = ["--project", "tsconfig.build.json", "--outDir", directory, ...words];
  const { status } = spawnSync(compiler, all, { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  console.error("Cannot build the product: the compiler found problems");
  process.exit(1);
}
