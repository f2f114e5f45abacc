import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { createAuthorityCertificate, encodeAuthority } from "../../certs/authority-certificate.ts";
import { homeDirectory } from "../../gateway/home-directory.ts";
import { checkAuthorities, checkHome, checkRunFolders, checkSocketPath } from "./home-checks.ts";

const uid = process.getuid?.();
const homeAt = (root: string) => homeDirectory({ CLRK_HOME: root });

t.test("checkHome() is content with a home that is not there yet", async (t) => {
  const root = join(t.testdir(), "none");
  const check = await checkHome(homeAt(root), uid);
  t.equal(check.result, "ok");
  t.equal(check.message, `"${root}" is not there yet: the first start makes it`);
});

t.test("checkHome() wants a folder of the user, for the user alone", async (t) => {
  const root = t.testdir({ file: "" });
  await chmod(root, 0o700);
  t.equal((await checkHome(homeAt(root), uid)).message, `"${root}", only for you`);
  await chmod(root, 0o755);
  const open = await checkHome(homeAt(root), uid);
  t.equal(open.result, "warning");
  t.equal(open.message, `"${root}" has mode 755: others may read keys in it`);
  const other = await checkHome(homeAt(root), (uid ?? 0) + 1);
  t.equal(other.result, "failed");
  t.equal(other.next, "Set CLRK_HOME to a folder of your own");
  const file = await checkHome(homeAt(join(root, "file")), uid);
  t.equal(file.message, `"${root}/file" is no folder`);
});

t.test("checkSocketPath() knows how long a socket's path may be", (t) => {
  t.equal(checkSocketPath(homeAt("/tmp/c")).result, "ok");
  const check = checkSocketPath(homeAt(`/tmp/${"c".repeat(80)}`));
  t.equal(check.result, "failed");
  t.equal(check.message, "Paths of 112 bytes, at most 103 work");
  t.end();
});

t.test(
  "checkRunFolders() counts folders of processes that are gone, and leaves them",
  async (t) => {
    const home = homeAt(t.testdir({ run: { 12: {}, 34: {}, x: {} } }));
    const check = await checkRunFolders(home, (pid) => pid === 12);
    t.equal(check.result, "warning");
    t.equal(check.message, "2 run folders of processes that are gone");
    t.equal((await readdir(home.run)).length, 3);
    t.equal((await checkRunFolders(homeAt(t.testdir()), () => true)).result, "ok");
  },
);

const day = 24 * 60 * 60 * 1_000;
const madeMs = Date.UTC(2026, 0, 1);

for (const { name, atMs, result, message } of [
  {
    name: "that is valid",
    atMs: madeMs + day,
    result: "ok",
    message: /^default_default: valid until 20/,
  },
  {
    name: "that has ended",
    atMs: madeMs + 36_500 * day,
    result: "warning",
    message: /: ended on 20/,
  },
  {
    name: "of the future",
    atMs: madeMs - 100 * day,
    result: "failed",
    message: /: not valid yet$/,
  },
]) {
  t.test(`checkAuthorities() with one ${name}`, async (t) => {
    const home = homeAt(t.testdir());
    const directory = join(home.authorities, "default_default");
    await mkdir(directory, { recursive: true });
    const authority = createAuthorityCertificate({
      egressGateway: "default/default",
      nowMs: madeMs,
      mintFromMs: madeMs,
      lifeMs: 365 * day,
    });
    await writeFile(join(directory, "authority-1.pem"), "an old one");
    await writeFile(join(directory, "authority-12.pem"), encodeAuthority(authority));
    const [check, ...others] = await checkAuthorities(home, atMs);
    t.same(others, []);
    t.equal(check?.result, result);
    t.match(check?.message, message);
  });
}

t.test("checkAuthorities() passes over folders without one, and names a broken file", async (t) => {
  const home = homeAt(t.testdir({ ca: { a: {}, b: { "authority-1.pem": "x" } } }));
  const checks = await checkAuthorities(home, madeMs);
  t.equal(checks.length, 1);
  t.equal(checks[0]?.message, `"${home.authorities}/b/authority-1.pem" holds no certificate`);
  t.same(await checkAuthorities(homeAt(t.testdir()), madeMs), []);
});
