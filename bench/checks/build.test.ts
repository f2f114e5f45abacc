/** Tests of builds: processes that run from one must find all of it, and nothing else, whatever becomes of the next one. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { buildsDirectory, builtDirectories, findFreshBuild } from "../../bin/build-stamp.mjs";
import { repositoryRoot } from "./repository.ts";

/** A checkout of one small file in each directory. */
class SmallCheckout {
  readonly root = mkdtempSync(join(tmpdir(), "clrk-build-"));

  constructor(t: Test) {
    t.teardown(() => rmSync(this.root, { recursive: true, force: true }));
    const programs = ["bench/checks/build.mjs", "bench/checks/prepare.mjs"];
    for (const part of ["bin", ...programs, "tsconfig.json", "tsconfig.build.json"]) {
      cpSync(join(repositoryRoot(), part), join(this.root, part), { recursive: true });
    }
    symlinkSync(join(repositoryRoot(), "node_modules"), join(this.root, "node_modules"));
    this.write("package.json", '{ "type": "module" }');
    for (const folder of builtDirectories) this.write(`${folder}/a.ts`, sourceOf(1));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  build(...words: readonly string[]): { readonly status: number | null; readonly stdout: string } {
    const program = join(this.root, "bench/checks/build.mjs");
    return spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
  }

  /** Builds the product with that value in it; gives the name of the build. */
  buildOf(value: number): string {
    this.write("control/a.ts", sourceOf(value));
    this.build();
    const build = findFreshBuild(this.root) ?? "";
    // Times of files are too coarse for builds that follow at once.
    if (build !== "") utimesSync(build, value, value);
    return basename(build);
  }

  get builds(): readonly string[] {
    return readdirSync(buildsDirectory(this.root));
  }
}

function sourceOf(value: number): string {
  return `export const a: number = ${value};\n`;
}

/** Says what it loads when it is asked. */
const lazy = `process.stdin.on("data", async () => {
  const { a } = await import("../a.ts");
  console.log(a);
});
console.log("up");
`;

/** Ends the process where it begins to remove what holds a whole build. */
const killed = `import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const { rmSync } = fs;
fs.rmSync = (path, options) => {
  if (fs.existsSync(path + "/control/a.js")) process.kill(process.pid, "SIGKILL");
  rmSync(path, options);
};
syncBuiltinESMExports();
`;

t.test("a process loads what it was started with, whatever is built since", async (t) => {
  const checkout = new SmallCheckout(t);
  checkout.write("control/cli/main.ts", lazy);
  const first = checkout.buildOf(1);
  const child = spawn(process.execPath, [join(checkout.root, "bin/clrk.mjs"), "dev"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.teardown(() => child.kill());
  const lines = child.stdout.setEncoding("utf8");
  t.same(await once(lines, "data"), ["up\n"]);
  const later = [2, 3, 4].map((value) => checkout.buildOf(value));
  child.stdin.write("?");
  t.same(await once(lines, "data"), ["1\n"]);
  t.same(checkout.builds.toSorted(), [first, ...later.slice(1)].toSorted());
  child.stdin.end();
  await once(child, "close");
  const last = checkout.buildOf(5);
  t.same(checkout.builds.toSorted(), [last, later.at(-1)].toSorted(), "and the one before it");
});

t.test("a build is there as a whole or not at all", async (t) => {
  const checkout = new SmallCheckout(t);
  checkout.write("control/b.ts", "export const b: number = 2;\n");
  const first = checkout.build();
  t.equal(first.status, 0, first.stdout);
  const fresh = findFreshBuild(checkout.root) ?? "";
  t.match(readFileSync(join(fresh, "control/a.js"), "utf8"), "a = 1");
  // Of a build that was killed, and of one in a container, whose process is not seen from here.
  for (const name of ["unfinished-0", "unfinished-00"]) {
    mkdirSync(join(buildsDirectory(checkout.root), name));
  }
  utimesSync(join(buildsDirectory(checkout.root), "unfinished-0"), 1, 1);

  checkout.write("control/a.ts", "export const a: number = {\n");
  t.not(checkout.build().status, 0);
  t.equal(findFreshBuild(checkout.root), undefined, "nothing is started from it");
  t.same(
    checkout.builds.toSorted(),
    [basename(fresh), "unfinished-00"].toSorted(),
    "what runs is there yet",
  );

  checkout.write("control/a.ts", sourceOf(3));
  rmSync(join(checkout.root, "control/b.ts"));
  t.equal(checkout.build().status, 0);
  const next = findFreshBuild(checkout.root) ?? "";
  t.match(readFileSync(join(next, "control/a.js"), "utf8"), "a = 3");
  t.same(readdirSync(join(next, "control")), ["a.js"]);
  t.equal(checkout.builds.filter((name) => !name.startsWith("unfinished-")).length, 2);
  t.notOk(existsSync(join(checkout.root, "dist")), "that is for a package");
});

t.test("a build that is taken away is never there in part", async (t) => {
  const checkout = new SmallCheckout(t);
  const [first] = [1, 2].map((value) => checkout.buildOf(value));
  checkout.write("control/a.ts", sourceOf(3));
  checkout.write("killed.mjs", killed);
  const preload = `--import=${join(checkout.root, "killed.mjs")}`;
  const program = join(checkout.root, "bench/checks/build.mjs");
  const { signal } = spawnSync(process.execPath, [preload, program], { encoding: "utf8" });
  t.equal(signal, "SIGKILL", "it was killed where it removes the first one");
  t.notOk(checkout.builds.includes(first ?? ""));
});

t.test("a package has plain JavaScript, and the types that plugins import", async (t) => {
  const checkout = new SmallCheckout(t);
  checkout.write("dist/stale.js", "");
  const { status, stdout } = checkout.build("--package");
  t.equal(status, 0, stdout);
  const dist = join(checkout.root, "dist");
  t.same(readdirSync(dist).toSorted(), builtDirectories.toSorted());
  t.same(readdirSync(join(dist, "providers")).toSorted(), ["a.d.ts", "a.js"]);
  t.same(readdirSync(join(dist, "control")), ["a.js"]);
  t.ok(findFreshBuild(checkout.root));
  t.equal(checkout.builds.length, 1);

  checkout.write("control/a.ts", 'export const a: number = "text";\n');
  t.not(checkout.build("--package").status, 0, "types are checked");
  t.match(readFileSync(join(dist, "control/a.js"), "utf8"), "a = 1");
});

t.test(
  "what npm packs without prepack, to install it from git, has its plain JavaScript",
  async (t) => {
    const checkout = new SmallCheckout(t);
    const prepare = (env: Readonly<Record<string, string>>) => {
      const { npm_package_resolved: _, npm_command: __, ...others } = process.env;
      const program = join(checkout.root, "bench/checks/prepare.mjs");
      const options = { env: { ...others, ...env }, encoding: "utf8" } as const;
      const { status, stderr } = spawnSync(process.execPath, [program], options);
      t.equal(status, 0, stderr);
      return existsSync(join(checkout.root, "dist/control/a.js"));
    };
    t.equal(prepare({ npm_command: "ci" }), false);
    const packed = { npm_package_resolved: checkout.root };
    t.equal(prepare({ ...packed, npm_command: "pack" }), false, "prepack has done it");
    t.equal(prepare({ ...packed, npm_command: "install" }), true);
  },
);
