import t from "tap";
import { createPalette } from "../../control/cli/colour.ts";
import { formatOutcome, formatSummary, renderJson, tableHead } from "./attack-report.ts";
import type { Outcome } from "./judge.ts";

const palette = createPalette({ isTerminal: false, environment: {} });
const good: Outcome = { name: "good", tried: 3, refused: 3, leaked: 0, problems: [] };
const long = `"${"x".repeat(100)}\u001b[31m" got through`;
const bad: Outcome = { name: "bad", tried: 2, refused: 1, leaked: 1, problems: [long, "leak"] };
const absent: Outcome = {
  ...good,
  name: "absent",
  tried: 0,
  refused: 0,
  leftOut: "needs namespaces",
};

t.test("formatOutcome() stays within 80 columns and shows no control characters", async (test) => {
  for (const outcome of [good, bad, absent]) {
    for (const line of formatOutcome(outcome, palette).split("\n")) {
      test.ok(line.length <= 80, line);
      test.notOk(line.includes("\u001b"), line);
    }
  }
  test.match(formatOutcome(good, palette), /^good +3 +3 +0 {2}ok$/);
  test.match(formatOutcome(bad, palette), /^bad +2 +1 +1 {2}FAILED\n/);
  test.match(formatOutcome(absent, palette), /^absent +left out: needs namespaces$/);
  test.equal(tableHead.length, 54);
});

t.test("formatOutcome() counts problems that it does not show", async (test) => {
  const problems = Array.from({ length: 20 }, (_, index) => `problem ${index}`);
  test.match(formatOutcome({ ...bad, problems }, palette), /and 8 more$/);
});

t.test("formatSummary() adds up", async (test) => {
  const text = "5 tried, 4 refused, 1 leaked; 3 techniques, 1 failed, 1 left out";
  test.equal(formatSummary([good, bad, absent]), text);
});

t.test("renderJson() has what was tried and nothing else", async (test) => {
  test.same(JSON.parse(renderJson([good, bad, absent])), {
    techniques: [
      { name: "good", tried: 3, refused: 3, leaked: 0 },
      { name: "bad", tried: 2, refused: 1, leaked: 1 },
    ],
  });
});
