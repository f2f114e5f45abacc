/** Tests where state lives: paths, permissions, sockets that fit, and folders of processes that are gone. */
import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import {
  controlSocketPath,
  findGatewayProcesses,
  homeDirectory,
  openHomeDirectory,
  openRunDirectory,
} from "./home-directory.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

async function openHome(t: Test) {
  const home = homeDirectory({ CLRK_HOME: path.join(await temporaryDirectory(t), "home") });
  await openHomeDirectory(home);
  return home;
}

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o777;
}

t.test("homeDirectory() is CLRK_HOME, else below HOME", async (t) => {
  t.equal(homeDirectory({ CLRK_HOME: "/srv/clrk", HOME: "/srv/a" }).root, "/srv/clrk");
  t.equal(homeDirectory({ CLRK_HOME: "", HOME: "/srv/a" }).root, "/srv/a/.clrk");
  t.match(homeDirectory({ HOME: "" }).root, /\/\.clrk$/);
  t.same(homeDirectory({ CLRK_HOME: "/x" }), {
    root: "/x",
    authorities: "/x/ca",
    trust: "/x/trust",
    run: "/x/run",
    records: "/x/records",
    budgets: "/x/budgets",
    grants: "/x/grants",
    otlpSpool: "/x/otlp-spool",
    prices: "/x/prices.json",
    placeholderKey: "/x/placeholder.key",
    secrets: "/x/secrets.yaml",
  });
});

t.test("openHomeDirectory() makes folders for this user only", async (t) => {
  const home = await openHome(t);
  const { prices: _prices, placeholderKey: _key, secrets: _secrets, ...folders } = home;
  for (const folder of Object.values(folders)) t.equal(await modeOf(folder), 0o700, folder);
  await openHomeDirectory(home);
});

t.test("openHomeDirectory() closes a folder that others could read", async (t) => {
  const root = await temporaryDirectory(t);
  await chmod(root, 0o755);
  await openHomeDirectory(homeDirectory({ CLRK_HOME: root }));
  t.equal(await modeOf(root), 0o700);
});

t.test(
  "openHomeDirectory() refuses a folder of another user",
  { skip: process.getuid?.() === 0 ? false : "needs root" },
  async (t) => {
    const root = await temporaryDirectory(t);
    const { chown } = await import("node:fs/promises");
    await chown(root, 12_345, 12_345);
    await t.rejects(openHomeDirectory(homeDirectory({ CLRK_HOME: root })), {
      code: "CLRK_PRECONDITION_FAILED",
      message: `Cannot use "${root}": it belongs to user 12345, wanted 0; set CLRK_HOME to a folder of your own`,
    });
  },
);

t.test("openRunDirectory() makes an empty private folder", async (t) => {
  const home = await openHome(t);
  const directory = await openRunDirectory(home, 42);
  t.equal(directory, path.join(home.run, "42"));
  t.equal(await modeOf(directory), 0o700);
  await writeFile(path.join(directory, "control.sock"), "stale");
  await openRunDirectory(home, 42);
  await t.rejects(stat(path.join(directory, "control.sock")), { code: "ENOENT" });
});

t.test("openRunDirectory() refuses a path that no socket fits in", async (t) => {
  const home = homeDirectory({ CLRK_HOME: `/tmp/${"a".repeat(90)}` });
  await t.rejects(openRunDirectory(home, 42), {
    code: "CLRK_PRECONDITION_FAILED",
    message:
      /^Cannot create sockets under "\/tmp\/a+\/run\/42": their paths would have 117 bytes, at most 103 work; set CLRK_HOME to a shorter path$/,
  });
});

t.test("findGatewayProcesses() finds who lives and removes what the others left", async (t) => {
  const home = await openHome(t);
  await openRunDirectory(home, process.pid);
  await openRunDirectory(home, 2 ** 22 + 1);
  await mkdir(path.join(home.run, "no-pid"));
  t.same(await findGatewayProcesses(home), [process.pid]);
  await t.rejects(stat(path.join(home.run, String(2 ** 22 + 1))), { code: "ENOENT" });
  await t.rejects(stat(path.join(home.run, "no-pid")), { code: "ENOENT" });
});

t.test("findGatewayProcesses() of a home that is not there finds nobody", async (t) => {
  t.same(await findGatewayProcesses(homeDirectory({ CLRK_HOME: "/nonexistent/clrk" })), []);
});

t.test("controlSocketPath() is in the folder of the process", async (t) => {
  t.equal(controlSocketPath(homeDirectory({ CLRK_HOME: "/x" }), 7), "/x/run/7/control.sock");
});
