/** Unit tests of the scratch directory: it is there, and then it is not. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openScratch } from "./scratch.ts";

t.test("close() removes the directory with all in it", async (t) => {
  const before = process.listenerCount("exit");
  const scratch = await openScratch();
  writeFileSync(join(scratch.directory, "file"), "x");
  t.ok(existsSync(scratch.directory));
  await scratch.close();
  await scratch.close();
  t.notOk(existsSync(scratch.directory));
  t.equal(process.listenerCount("exit"), before, "nothing is left to do at the exit");
});
