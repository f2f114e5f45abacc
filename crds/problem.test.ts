/** Messages about mistakes: paths, excerpts, and what never shows. */
import t from "tap";
import {
  createProblem,
  createProblemWithText,
  describeValue,
  formatPath,
  moveProblem,
  quote,
  quoteChoice,
} from "./problem.ts";

t.test("createProblem() says what was found and what is wanted", (t) => {
  const path = ["spec", "rules", 0, "matches", 0, "provider"];
  t.strictSame(createProblem({ path, found: "7", wanted: "a string" }), {
    path,
    found: "7",
    wanted: "a string",
    message: "spec.rules[0].matches[0].provider: found 7, wanted a string",
  });
  t.end();
});

t.test("createProblem() says not set when nothing was found, and adds the detail", (t) => {
  const { message, ...rest } = createProblem({ path: ["a"], wanted: "b", detail: "because" });
  t.equal(message, "a: not set, wanted b: because");
  t.notOk("found" in rest);
  t.end();
});

t.test("createProblem() leaves out an empty detail", (t) => {
  t.equal(
    createProblem({ path: [], wanted: "b", detail: "" }).message,
    "object: not set, wanted b",
  );
  t.end();
});

t.test("createProblemWithText() puts the path before the text", (t) => {
  const problem = createProblemWithText(["spec", "x"], "y", "unknown field");
  t.strictSame(problem, { path: ["spec", "x"], wanted: "y", message: "spec.x: unknown field" });
  t.end();
});

t.test("moveProblem() changes path and message together", (t) => {
  const problem = createProblem({
    path: ["spec", "targetRefs", 0],
    found: "7",
    wanted: "an object",
  });
  t.equal(
    moveProblem(problem, ["spec", "targetRef"]).message,
    "spec.targetRef: found 7, wanted an object",
  );
  t.strictSame(moveProblem(problem, ["spec", "targetRef"]).path, ["spec", "targetRef"]);
  t.end();
});

for (const [path, text] of [
  [[], "object"],
  [["spec"], "spec"],
  [["a", 0, 12, "b"], "a[0][12].b"],
  [[3], "[3]"],
  [["metadata", "labels", "a.b/c"], 'metadata.labels["a.b/c"]'],
  [["data", "tls-key", "_x$1"], "data.tls-key._x$1"],
  [["", "1a"], '[""]["1a"]'],
  [["a\nb"], '["a\\nb"]'],
] as const) {
  t.test(`formatPath() writes ${text}`, (t) => {
    t.equal(formatPath(path), text);
    t.end();
  });
}

for (const [value, shown, hidden] of [
  [null, "null", "null"],
  [undefined, "a value of type undefined", "a value of type undefined"],
  ["x", '"x"', "a string"],
  ["", "an empty string", "an empty string"],
  [7, "7", "a number"],
  [Number.NaN, "NaN", "a number"],
  [10n, "10", "a bigint"],
  [true, "true", "a boolean"],
  [[], "an empty list", "an empty list"],
  [["secret"], "a list of 1", "a list of 1"],
  [{ secret: 1 }, "an object", "an object"],
  [() => 1, "a value of type function", "a value of type function"],
] as const) {
  t.test(`describeValue() says ${shown}, or ${hidden} when hiding`, (t) => {
    t.equal(describeValue(value, "show"), shown);
    t.equal(describeValue(value, "hide"), hidden);
    t.end();
  });
}

t.test("quote() cuts long text", (t) => {
  t.equal(quote("x".repeat(60)), `"${"x".repeat(60)}"`);
  t.equal(quote("x".repeat(61)), `"${"x".repeat(60)}…"`);
  t.end();
});

t.test("quote() escapes what would act on a terminal or turn the text around", (t) => {
  t.equal(quote('\u001b[31m"\u009b\u202e\ufeff'), '"\\u001b[31m\\"\\u009b\\u202e\\ufeff"');
  t.end();
});

t.test("quoteChoice() reads as prose", (t) => {
  t.equal(quoteChoice(["a"]), '"a"');
  t.equal(quoteChoice(["a", "b"]), '"a" or "b"');
  t.equal(quoteChoice(["a", "b", "c"]), '"a", "b" or "c"');
  t.equal(quoteChoice([]), "nothing");
  t.end();
});
