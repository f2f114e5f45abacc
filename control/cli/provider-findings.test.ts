import t from "tap";
import { createPalette } from "./colour.ts";
import { formatFindings, formatOwnTests } from "./provider-findings.ts";

const options = {
  palette: createPalette({ isTerminal: false, environment: {} }),
  columns: 60,
};

t.test("formatFindings() is one line when all is well", async (t) => {
  t.equal(
    formatFindings({ subject: "acme-chat", checks: 400, problems: [] }, options),
    "  ✔ acme-chat                400 checks\n",
  );
});

t.test("formatFindings() breaks problems at blanks and escapes what they quote", async (t) => {
  const problems = [
    'acme-chat: request "temperature with many digits": temperature is "0.3\u001b[2J", wanted "0.30000000000000000001"',
  ];
  t.equal(
    formatFindings({ subject: "acme-chat", checks: 1, problems }, options),
    [
      "  ✘ acme-chat                1 check, 1 problem",
      '      request "temperature with many digits": temperature is',
      '        "0.3\\x1b[2J", wanted "0.30000000000000000001"',
      "",
    ].join("\n"),
  );
});

t.test("formatFindings() leaves out what is too much", async (t) => {
  const problems = Array.from({ length: 12 }, (_, index) => `x: case ${index}: lost`);
  const text = formatFindings({ subject: "x", checks: 20, problems }, options);
  t.match(text, "case 9: lost\n      and 2 more; -o json has them all\n");
  t.notMatch(text, "case 10");
});

t.test("formatOwnTests() shows what was printed only where they fail", async (t) => {
  const tests = { files: ["a.test.ts", "b.test.ts"], output: "✖ sums\n  no\n" };
  t.equal(formatOwnTests({ ...tests, isOk: true }, options), "  ✔ a.test.ts, b.test.ts\n");
  t.equal(
    formatOwnTests({ ...tests, isOk: false }, options),
    "  ✘ a.test.ts, b.test.ts\n      ✖ sums\n        no\n",
  );
});
