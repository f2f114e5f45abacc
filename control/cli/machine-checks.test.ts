import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { checkClock, checkDisk, checkJava, checkNode, findOnPath } from "./machine-checks.ts";

t.test("checkNode() wants Node 24 or later", (t) => {
  t.same(checkNode("26.10.0"), { name: "node", result: "ok", message: "Node 26.10.0" });
  t.equal(checkNode("24.0.0").result, "ok");
  t.equal(checkNode("22.21.0").result, "failed");
  t.equal(checkNode("22.21.0").message, "Node 22.21.0 is too old, wanted 24 or later");
  t.end();
});

for (const { name, nowMs, result } of [
  { name: "a clock that is right", nowMs: Date.UTC(2026, 10, 24), result: "ok" },
  { name: "a clock that was never set", nowMs: 0, result: "failed" },
  { name: "a clock far ahead", nowMs: Date.UTC(2099, 0), result: "failed" },
  { name: "no clock at all", nowMs: Number.NaN, result: "failed" },
]) {
  t.test(`checkClock() with ${name}`, (t) => {
    t.equal(checkClock(nowMs).result, result);
    t.end();
  });
}

t.test("checkDisk() looks at the nearest folder that is there", async (t) => {
  const path = join(t.testdir(), "not", "there");
  const check = await checkDisk(path);
  t.equal(check.name, "disk");
  t.match(check.message, /^\d+ MiB free for ".*not\/there"$/);
});

t.test("checkJava() says nothing without a Java", async (t) => {
  t.same(await checkJava(t.testdir()), []);
});

t.test("checkJava() names the Java, and keytool where it is there too", async (t) => {
  const directory = t.testdir({ java: "", keytool: "" });
  await chmod(join(directory, "java"), 0o755);
  const [without] = await checkJava(directory);
  t.equal(without?.message, `${directory}/java: clrk run gives it a trust store of its own`);
  await chmod(join(directory, "keytool"), 0o755);
  const [check] = await checkJava(`:${directory}`);
  t.match(check?.message, /; look at it with keytool -list$/);
});

t.test("findOnPath() takes the first that can be executed", async (t) => {
  const directory = t.testdir({ a: { x: "" }, b: {} });
  await writeFile(join(directory, "b", "x"), "", { mode: 0o755 });
  await mkdir(join(directory, "c"));
  const path = ["a", "b", "c"].map((name) => join(directory, name)).join(":");
  t.equal(await findOnPath("x", path), join(directory, "b", "x"));
  t.equal(await findOnPath("y", path), undefined);
});
