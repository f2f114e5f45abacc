/** Tests of the counting of TAP. */
import t from "tap";
import { readTap } from "./tap-outcome.ts";

function tap(...lines: string[]) {
  return readTap(`TAP version 14\n${lines.join("\n")}\n`);
}

t.test("readTap() counts leaf asserts, not the lines that close subtests", (t) => {
  const outcome = tap(
    "# Subtest: outer",
    "    ok 1 - one",
    "    # Subtest: inner",
    "        ok 1 - two",
    "        1..1",
    "    ok 2 - inner # time=1ms",
    "    1..2",
    "ok 1 - outer # time=2ms",
    "ok 2 - three",
    "1..2",
  );
  t.strictSame(outcome, { passed: 3, failures: [], skips: [], reports: [] });
  t.end();
});

t.test("readTap() names a failed assert with the tests around it", (t) => {
  const outcome = tap(
    "# Subtest: outer",
    "    not ok 1 - should be equal",
    "      ---",
    "      diff: |",
    "        -1",
    "        +2",
    "      at:",
    "        fileName: a.test.ts",
    "        lineNumber: 7",
    "      stack: |",
    "        deep",
    "      source: |",
    "        t.equal(1, 2)",
    "      note: word",
    "      ...",
    "    1..1",
    "not ok 1 - outer",
    "1..1",
  );
  t.strictSame(outcome.failures, [
    {
      name: "outer > should be equal",
      detail: ["at a.test.ts:7", "diff:", "-1", "+2", "note: word"],
    },
  ]);
  t.equal(outcome.passed, 0);
  t.end();
});

t.test("readTap() cuts a long diagnosis", (t) => {
  const lines = Array.from({ length: 60 }, (_, index) => `    ${index}`);
  const outcome = tap("not ok 1 - a", "  ---", "  diff: |", ...lines, "  ...", "1..1");
  t.equal(outcome.failures[0]?.detail.length, 41);
  t.equal(outcome.failures[0]?.detail.at(-1), "… 21 more lines");
  t.end();
});

t.test("readTap() tells skipped, to do, and passed apart", (t) => {
  const outcome = tap(
    "ok 1 - a # SKIP needs go",
    "ok 2 - b # SKIP",
    "not ok 3 - c # TODO later",
    "ok 4 - d",
    "1..4",
  );
  t.strictSame(outcome, {
    passed: 1,
    failures: [],
    skips: [
      { name: "a", reason: "needs go" },
      { name: "b", reason: "" },
      { name: "c", reason: "todo later" },
    ],
    reports: [],
  });
  t.end();
});

t.test("readTap() counts a skipped file once", (t) => {
  t.strictSame(tap("1..0 # needs envoy").skips, [{ name: "(whole file)", reason: "needs envoy" }]);
  t.end();
});

t.test("readTap() collects report comments, of subtests too", (t) => {
  const outcome = tap(
    "# report: one",
    "# Subtest: a",
    "    # report: two",
    "    ok 1 - b",
    "    1..1",
    "ok 1 - a",
    "1..1",
  );
  t.strictSame(outcome.reports, ["one", "two"]);
  t.equal(outcome.passed, 1);
  t.end();
});

const broken: { name: string; lines: string[]; failure: { name: string; detail: string[] } }[] = [
  {
    name: "a bail-out",
    lines: ["ok 1 - a", "Bail out! no disk"],
    failure: { name: "Bail out! no disk", detail: [] },
  },
  {
    name: "a stream that breaks off",
    lines: ["ok 1 - a"],
    failure: { name: "(whole file)", detail: ["TAP: no plan"] },
  },
  {
    name: "a plan that is not kept",
    lines: ["ok 1 - a", "1..2"],
    failure: { name: "(whole file)", detail: ["TAP: incorrect number of tests"] },
  },
];

for (const { name, lines, failure } of broken) {
  t.test(`readTap() makes a failure of ${name}`, (t) => {
    t.strictSame(tap(...lines).failures, [failure]);
    t.end();
  });
}

t.test("readTap() of nothing has nothing", (t) => {
  t.strictSame(readTap(""), { passed: 0, failures: [], skips: [], reports: [] });
  t.end();
});
