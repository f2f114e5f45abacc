/**
 * npm's `prepare`: makes what is not in the repository, and only when it is missing or stale.
 * Plain JavaScript for any Node from 20 on. Without the development packages (`npm ci --omit=dev`)
 * it leaves out what they are needed for and says so; it never fails for that reason.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreshBuild } from "../../bin/build-stamp.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

generateProtobufCode();
buildTap();
buildProduct();

/** gateway/proto/gen: static code and typings from our .proto files. */
function generateProtobufCode() {
  const generator = join(root, "gateway/proto/generate.mjs");
  if (!existsSync(generator)) return;
  if (packageDirectory("protobufjs-cli") === undefined) {
    if (!existsSync(join(root, "gateway/proto/gen"))) {
      console.error("Left out gateway/proto/gen: its generator is a development package");
    }
    return;
  }
  run([generator], "generate gateway/proto/gen");
}

/**
 * tap with the plugins of .taprc. Only the `tap` command needs it: `node x.test.ts` and the gate work without.
 * The build takes seconds, so it is left out when the typescript plugin is out already.
 */
function buildTap() {
  const tap = packageDirectory("tap");
  const test = packageDirectory("@tapjs/test");
  if (tap === undefined || test === undefined) return;
  const built = join(test, "test-built/dist/esm/index.js");
  if (existsSync(built) && !readFileSync(built, "utf8").includes("@tapjs/typescript")) return;
  run([join(tap, "dist/esm/run.mjs"), "build"], "build tap");
}

/** The build from which `clrk dev` starts. Without one of the present sources these are started. */
function buildProduct() {
  if (packageDirectory("typescript") === undefined) return;
  const program = join(root, "bench/checks/build.mjs");
  if (isPackedNext()) run([program, "--package"], "build dist/");
  else if (findFreshBuild(root) === undefined) run([program], "build the product");
}

/** Where npm packs the folder to install it, as from git, it says so, and runs no other script; for others it runs prepack. */
function isPackedNext() {
  const { npm_package_resolved: resolved, npm_command: command = "" } = process.env;
  return resolved !== undefined && command !== "pack" && command !== "publish";
}

function packageDirectory(name) {
  const directory = join(root, "node_modules", name);
  return existsSync(join(directory, "package.json")) ? directory : undefined;
}

function run(words, what) {
  const { status, error, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: "utf8",
  });
  if (status === 0) return;
  console.error(`Cannot ${what}: ${error?.message ?? `exit code ${status}`}`);
  process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
  process.exitCode = 1;
}
