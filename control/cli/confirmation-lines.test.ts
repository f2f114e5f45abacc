/** Questions as people read them. */
import t from "tap";
import { openQuestionWith } from "./testdata/open-question.ts";
import { createPalette } from "./colour.ts";
import { askLines, endLine, formatQuestions } from "./confirmation-lines.ts";

const palette = createPalette({ isTerminal: false, environment: {} });

t.test("askLines() says who wants what, and what to type", async (test) => {
  const lines = askLines(openQuestionWith(), palette);
  test.equal(lines[0], "Confirm? Process/default/agent wants to call at https://mcp.test/mcp:");
  test.equal(lines[1], '  pay({"amount":5})');
  test.match(
    lines[2],
    /^ {2}clrk approve 0123456789 {3}or {3}clrk deny 0123456789 {3}until \d\d:\d\d:\d\d$/,
  );
  const calls = [{ tool: "\u001b[2J", arguments: '{"\u202e', isCut: true }];
  const odd = askLines(openQuestionWith({ agent: null, calls, asks: "webhook" }), palette);
  test.match(odd, [
    /an unknown caller/,
    '  \\x1b[2J({"\\u202e…)',
    "    … there is more, which is not shown",
    /A webhook is asked/,
  ]);
});

t.test("endLine() says what became of a question", async (test) => {
  test.equal(
    endLine("a", { outcome: "approved", by: "cli" }),
    "Question a: approved at the command line",
  );
  test.equal(
    endLine("a", { outcome: "denied", by: "webhook" }),
    "Question a: denied by the webhook",
  );
  test.equal(
    endLine("a", { outcome: "timeout", by: null }),
    "Question a: denied, because nobody answered",
  );
});

t.test("formatQuestions() is a table", async (test) => {
  test.equal(formatQuestions([], 0), "No call waits for confirmation\n");
  const nowMs = Date.parse("2026-11-28T10:00:30.000Z");
  test.match(
    formatQuestions([openQuestionWith()], nowMs),
    /0123456789 .*pay\(\{"amount":5\}\) .*cli .*30s .*90s/,
  );
});
