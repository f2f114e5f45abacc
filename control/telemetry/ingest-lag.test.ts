import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { listLineFiles } from "../line-files.ts";
import { measureLag } from "./ingest-lag.ts";

t.test(
  "measureLag() counts what is not stored, also of a file that was cut or is gone",
  async (t) => {
    const directory = t.testdir();
    const [one, two] = [join(directory, "1.jsonl"), join(directory, "2.jsonl")];
    writeFileSync(one, "a\nbb\nccc\n");
    writeFileSync(two, "d\nhalf");
    const files = await listLineFiles(directory, (name) => name);
    const [first = "", second = ""] = files.map(({ identity }) => identity);
    t.same(await measureLag(files, new Map()), { bytes: 15, lines: 4 });
    t.same(await measureLag(files, new Map([[first, 9]])), { bytes: 6, lines: 1 });
    t.same(
      await measureLag(
        files,
        new Map([
          [first, 9],
          [second, 6],
        ]),
      ),
      { bytes: 0, lines: 0 },
    );
    t.same(
      await measureLag(
        files,
        new Map([
          [first, 99],
          [second, 6],
        ]),
      ),
      { bytes: 9, lines: 3 },
    );
    rmSync(one);
    t.same(await measureLag(files, new Map([[second, 6]])), { bytes: 9, lines: 0 });
  },
);

t.test("measureLag() counts a MiB, and takes the rest to be alike", async (t) => {
  const directory = t.testdir();
  const file = join(directory, "1.jsonl");
  for (let part = 0; part < 4; part++) appendFileSync(file, `${"x".repeat(1023)}\n`.repeat(1024));
  const files = await listLineFiles(directory, (name) => name);
  t.same(await measureLag(files, new Map()), { bytes: 4 * 1024 ** 2, lines: 4096 });
});
