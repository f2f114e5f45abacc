/** Tests of bin/clrk.mjs in small made-up installations: which entry, which Node, what is passed through. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Test } from "tap";
import { buildDirectory, builtDirectories } from "../../bin/build-stamp.mjs";
import { processFlags } from "../../gateway/process-flags.ts";
import { userEnvironment } from "../../control/cli/user-environment.ts";
import { repositoryRoot } from "./repository.ts";

const report = `console.log(JSON.stringify({
  words: process.argv.slice(2), cwd: process.cwd(), env: process.env,
  entry: process.argv[1], node: process.execPath, flags: process.execArgv }));`;

/** Makes Node look like one of release 20: too old for types, and without process.execve. */
const old = `data:text/javascript,${encodeURIComponent(
  `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } });
   process.execve = undefined;`,
)}`;
const withoutExec = `data:text/javascript,${encodeURIComponent("process.execve = undefined;")}`;

/** An installation outside the repository, so that no package of ours is found from it. */
function installation(t: Test, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "clrk-launcher-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const all = { "package.json": `{ "type": "module" }`, ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  cpSync(join(repositoryRoot(), "bin"), join(root, "bin"), { recursive: true });
  return root;
}

interface Launch {
  readonly words?: string[];
  readonly imports?: string[];
  readonly env?: Record<string, string>;
  readonly input?: string;
}

function start(root: string, { words = [], imports = [], env = {} }: Launch): ChildProcess {
  const flags = imports.flatMap((one) => ["--import", one]);
  return spawn(process.execPath, [...flags, join(root, "bin/clrk.mjs"), ...words], {
    env: { PATH: process.env["PATH"], HOME: root, ...env },
    stdio: "pipe",
  });
}

async function launch(root: string, options: Launch = {}) {
  const child = start(root, options);
  const outputs = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    outputs.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    outputs.stderr += chunk;
  });
  child.stdin?.end(options.input ?? "");
  const [code, signal] = await once(child, "close");
  return { code, signal, ...outputs };
}

const main = "control/cli/main.ts";
const typed = "const typed: string = 'yes';\n";

for (const { name, imports } of [
  { name: "by replacing its process", imports: [] },
  { name: "as a child", imports: [withoutExec] },
]) {
  t.test(`the launcher runs a checkout ${name}`, async (t) => {
    const root = installation(t, { [main]: typed + report });
    const words = ["run", "--", "a b", "--flag"];
    const { code, stdout, stderr } = await launch(root, { words, imports });
    t.equal(stderr, "");
    t.equal(code, 0);
    t.match(JSON.parse(stdout), { words, cwd: process.cwd(), entry: join(root, main) });
  });

  t.test(`the launcher passes input, output and exit code ${name}`, async (t) => {
    const echo = `process.stdin.pipe(process.stdout); console.error("err"); process.exitCode = 7;`;
    const root = installation(t, { [main]: echo });
    const result = await launch(root, { input: "hello", imports });
    t.strictSame(result, { code: 7, signal: null, stdout: "hello", stderr: "err\n" });
  });

  t.test(`the launcher passes SIGTERM, and ends by the signal, ${name}`, async (t) => {
    const wait = `console.log("up"); setInterval(() => {}, 1000);`;
    const child = start(installation(t, { [main]: wait }), { imports });
    if (child.stdout !== null) await once(child.stdout, "data");
    child.kill("SIGTERM");
    t.strictSame(await once(child, "close"), [null, "SIGTERM"]);
  });

  t.test(`the launcher passes SIGINT once where there is no terminal, ${name}`, async (t) => {
    const count = `let n = 0; process.on("SIGINT", () => { n++; setTimeout(() => process.exit(n), 300); });
      console.log("up"); setInterval(() => {}, 1000);`;
    const child = start(installation(t, { [main]: count }), { imports });
    if (child.stdout !== null) await once(child.stdout, "data");
    child.kill("SIGINT");
    t.strictSame(await once(child, "close"), [1, null]);
  });
}

t.test("the launcher keeps compiled code in the user's cache and records that", async (t) => {
  const root = installation(t, { [main]: report });
  const env = { XDG_CACHE_HOME: join(root, "cache"), NODE_OPTIONS: "--no-warnings" };
  const { stdout } = await launch(root, { env });
  const seen = JSON.parse(stdout).env;
  t.equal(seen.NODE_COMPILE_CACHE, join(root, "cache/clrk/node"));
  t.equal(seen.CLRK_LAUNCHER_ENV, `{"NODE_COMPILE_CACHE":null}`);
  t.strictSame(userEnvironment(seen), { PATH: process.env["PATH"], HOME: root, ...env });
});

t.test("the launcher records the user's own value, also when clrk starts clrk", async (t) => {
  const root = installation(t, { [main]: report });
  const first = JSON.parse((await launch(root, { env: { NODE_COMPILE_CACHE: "/mine" } })).stdout);
  t.equal(first.env.CLRK_LAUNCHER_ENV, `{"NODE_COMPILE_CACHE":"/mine"}`);
  const second = JSON.parse((await launch(root, { env: first.env })).stdout);
  t.equal(second.env.CLRK_LAUNCHER_ENV, `{"NODE_COMPILE_CACHE":"/mine"}`);
  t.equal(userEnvironment(second.env)["NODE_COMPILE_CACHE"], "/mine");
});

t.test("the launcher survives a foreign CLRK_LAUNCHER_ENV", async (t) => {
  const root = installation(t, { [main]: report });
  const { stdout } = await launch(root, { env: { CLRK_LAUNCHER_ENV: "{" } });
  t.equal(JSON.parse(stdout).env.CLRK_LAUNCHER_ENV, `{"NODE_COMPILE_CACHE":null}`);
});

t.test("the launcher prefers the pinned Node to the one that runs it", async (t) => {
  const name = `node-${process.platform}-${process.arch}`;
  const root = installation(t, {
    [main]: report,
    [`node_modules/${name}/package.json`]: `{ "name": "${name}" }`,
  });
  const pinned = join(root, `node_modules/${name}/bin/node`);
  mkdirSync(dirname(pinned), { recursive: true });
  symlinkSync(process.execPath, pinned);
  const { code, stdout } = await launch(root, { imports: [old] });
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { flags: ["--disable-warning=ExperimentalWarning"] });
});

t.test("the launcher runs the emitted code of an installed package", async (t) => {
  const root = installation(t, {
    "node_modules/clrk/package.json": `{ "type": "module" }`,
    "node_modules/clrk/control/cli/main.ts": "throw new Error('Types under node_modules');",
    "node_modules/clrk/dist/control/cli/main.js": report,
  });
  cpSync(join(root, "bin"), join(root, "node_modules/clrk/bin"), { recursive: true });
  const { code, stdout } = await launch(join(root, "node_modules/clrk"));
  t.equal(code, 0);
  t.match(JSON.parse(stdout).entry, /node_modules\/clrk\/dist\/control\/cli\/main\.js$/);
});

t.test("the launcher starts what stays from emitted code only while that is fresh", async (t) => {
  const files = { [main]: typed + report, "dist/control/cli/main.js": report };
  const root = installation(t, files);
  for (const directory of builtDirectories) mkdirSync(join(root, directory), { recursive: true });
  const entryOf = async (...words: string[]) => {
    const { stdout } = await launch(root, { words });
    return JSON.parse(stdout);
  };
  t.equal(
    (await entryOf("dev")).entry,
    join(root, main),
    "what is for a package stands for nothing",
  );
  const emitted = join(buildDirectory(root), "control/cli/main.js");
  mkdirSync(dirname(emitted), { recursive: true });
  writeFileSync(emitted, report);
  const fresh = await entryOf("dev", "-f", "x");
  t.equal(fresh.entry, emitted);
  t.strictSame(fresh.words, ["dev", "-f", "x"]);
  t.equal(fresh.env.NODE_COMPILE_CACHE, undefined);
  t.equal((await entryOf("status")).entry, join(root, main), "it does not stay");
  writeFileSync(join(root, "crds/new.ts"), "");
  t.equal((await entryOf("dev")).entry, join(root, main), "a file is new");
  rmSync(join(root, "crds/new.ts"));
  t.equal((await entryOf("dev")).entry, emitted);
  rmSync(emitted);
  t.equal((await entryOf("dev")).entry, join(root, main), "it is damaged");
  writeFileSync(join(root, main), `${typed}${report}\n`);
  t.equal((await entryOf("dev")).entry, join(root, main), "a file has changed");
});

t.test("the launcher starts what stays with the flags of our other processes", async (t) => {
  const root = installation(t, { [main]: report });
  const { flags } = JSON.parse((await launch(root, { words: ["dev"] })).stdout);
  const wanted = processFlags("control", process.versions.node);
  t.strictSame(flags, ["--disable-warning=ExperimentalWarning", ...wanted]);
});

t.test("the launcher is found through a symbolic link", async (t) => {
  const root = installation(t, { [main]: report });
  symlinkSync(join(root, "bin/clrk.mjs"), join(root, "link"));
  const child = spawn(process.execPath, [join(root, "link")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [chunk] = await once(child.stdout, "data");
  t.equal(JSON.parse(String(chunk)).entry, join(root, main));
});

t.test("the launcher says what to do when Node is too old", async (t) => {
  const { code, stderr } = await launch(installation(t, { [main]: report }), { imports: [old] });
  t.equal(code, 1);
  t.equal(
    stderr,
    [
      "Cannot start clrk: Node 20.19.0 is too old, wanted 24 or later",
      "Install the optional packages too (`npm install --include=optional`): on Linux",
      "they bring the right Node; elsewhere install Node 24 or later yourself",
      "",
    ].join("\n"),
  );
});

t.test("the launcher says what to do when there is nothing to run", async (t) => {
  const root = installation(t, {});
  const { code, stderr } = await launch(root);
  t.equal(code, 1);
  t.match(stderr, `Cannot start clrk: "${root}" holds neither control/cli/main.ts nor dist/\n`);
});

t.test("the launcher itself takes little time", async (t) => {
  const root = installation(t, { [main]: "" });
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const startedMs = performance.now();
    await launch(root);
    times.push(performance.now() - startedMs);
  }
  // Two starts of Node at most; a wide margin, because the machine is busy with other tests.
  t.ok(Math.min(...times) < 1000, `fastest of five: ${Math.min(...times).toFixed(0)} ms`);
});

t.test("the launcher is a file that can be executed and says which Node to use", (t) => {
  const path = fileURLToPath(import.meta.resolve("../../bin/clrk.mjs"));
  t.match(readFileSync(path, "utf8"), /^#!\/usr\/bin\/env node\n/);
  t.equal(statSync(path).mode & 0o111, 0o111);
  t.end();
});
