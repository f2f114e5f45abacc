/** Tests of a value in a file of its own. */
import { chmodSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { identifyValueFile, readValueFile } from "./value-file.ts";

t.test(
  "readValueFile() gives the value without its line end, and warns of open files",
  async (t) => {
    const path = join(t.testdir({ key: "first-value\n" }), "key");
    chmodSync(path, 0o600);
    const outcome = await readValueFile({ path, key: "token" });
    t.same(outcome, {
      kind: "values",
      values: new Map([["token", Buffer.from("first-value")]]),
      warning: "",
    });
    chmodSync(path, 0o644);
    t.match(await readValueFile({ path, key: "token" }), {
      warning: `file "${path}" can be read by other users: chmod 600 it`,
    });
  },
);

t.test("readValueFile() fails with the path where there is no value", async (t) => {
  const path = join(t.testdir({ key: "\n" }), "key");
  t.same(await readValueFile({ path, key: "a" }), {
    kind: "failed",
    message: `file "${path}": empty`,
  });
  t.same(await readValueFile({ path: `${path}.gone`, key: "a" }), {
    kind: "failed",
    message: `file "${path}.gone": no such file or directory`,
  });
});

t.test(
  "identifyValueFile() differs when the file is replaced, written to or led elsewhere",
  async (t) => {
    const directory = t.testdir({ a: "first", b: "second" });
    const path = join(directory, "link");
    t.equal(await identifyValueFile(path), "ENOENT");
    symlinkSync("a", path);
    const seen = [await identifyValueFile(path)];
    t.equal(await identifyValueFile(path), seen[0]);
    symlinkSync("b", `${path}.new`);
    renameSync(`${path}.new`, path);
    seen.push(await identifyValueFile(path));
    writeFileSync(join(directory, "c"), "second");
    renameSync(join(directory, "c"), join(directory, "b"));
    seen.push(await identifyValueFile(path));
    writeFileSync(join(directory, "b"), "longer than before");
    seen.push(await identifyValueFile(path));
    t.equal(new Set(seen).size, 4);
  },
);
