import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "./repository.ts";
import { jobsFor, longFiles, runTestFiles, startOrder } from "./test-queue.ts";

t.test("startOrder() takes long files first, and leaves the others as they were", async (t) => {
  const [longest = "", next = ""] = longFiles;
  t.strictSame(startOrder(["b.test.ts", next, "a.test.ts", longest]), [
    ...[longest, next, "b.test.ts", "a.test.ts"],
  ]);
});

t.test("longFiles names files that are there, each once", async (t) => {
  t.strictSame(
    longFiles.filter((path) => !existsSync(join(repositoryRoot(), path))),
    [],
  );
  t.equal(new Set(longFiles).size, longFiles.length);
});

t.test(
  "jobsFor() lets one more run than there are processors, unless it is told a number",
  async (t) => {
    t.equal(jobsFor({}), availableParallelism() + 1);
    t.equal(jobsFor({ CLRK_TEST_JOBS: "7" }), 7);
    for (const asked of ["many", "0", "-1", ""])
      t.equal(jobsFor({ CLRK_TEST_JOBS: asked }), jobsFor({}));
  },
);

t.test(
  "runTestFiles() runs as many at once as it may, and writes down how long each took",
  async (t) => {
    // Each waits for the other: alone it would not end in time.
    const meet = (mine: string, other: string) =>
      `import { existsSync, writeFileSync } from "node:fs";
     writeFileSync("${mine}", "");
     while (!existsSync("${other}")) await new Promise((resolve) => setTimeout(resolve, 5));
     console.log("ok 1 - met\\n1..1");`;
    const root = t.testdir({
      "package.json": `{ "type": "module" }`,
      "a.test.ts": meet("a", "b"),
      "b.test.ts": meet("b", "a"),
    });
    const times = join(root, "times");
    const env = { ...process.env, CLRK_TEST_TIMES: times };
    const outcomes = await runTestFiles(["b.test.ts", "a.test.ts"], {
      ...{ root, env, timeoutMs: 20_000, jobs: 2 },
    });
    t.strictSame(
      outcomes.map(({ path, passed, failures }) => [path, passed, failures]),
      [
        ["b.test.ts", 1, []],
        ["a.test.ts", 1, []],
      ],
    );
    const lines = readFileSync(times, "utf8").trimEnd().split("\n").sort();
    t.match(lines, [/^\d+\.\d [ab]\.test\.ts$/, /^\d+\.\d [ab]\.test\.ts$/]);
  },
);
