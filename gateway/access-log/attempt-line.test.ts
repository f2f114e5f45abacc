/** Lines of attempts: told apart from those of transactions, read back, and refused where Envoy does not write them. */
import t from "tap";
import { pipeLine } from "../testdata/access-log.ts";
import { attemptLineMark, fieldSeparator } from "../xds.ts";
import { isAttemptLine, tryParseAttemptLine } from "./attempt-line.ts";
import type { Line } from "./line-cutter.ts";

const span = "53995c3f42cd8ad8";
const usual = {
  traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-${span}-01`,
  cluster: "candidate/f/p",
  start: "1795883986833",
  duration: "6",
  status: "200",
  flags: "-",
  retryAfter: "",
};

/** The line within others, as it lies in a buffer of many. */
function lineOf(text: string): Line {
  const bytes = Buffer.from(`before\n${text}\nafter`);
  const start = "before\n".length;
  return { bytes, start, end: start + Buffer.byteLength(text) };
}

function attemptText(changes: Partial<typeof usual> = {}): string {
  return `${attemptLineMark}${Object.values({ ...usual, ...changes }).join(fieldSeparator)}`;
}

t.test("isAttemptLine() tells lines of attempts from those of transactions", async (t) => {
  t.equal(isAttemptLine(lineOf(attemptText())), true);
  t.equal(isAttemptLine(lineOf(pipeLine())), false);
  t.equal(isAttemptLine(lineOf(`x${attemptText()}`)), false, "an agent begins no line");
});

t.test("tryParseAttemptLine() reads an answer", async (t) => {
  t.same(tryParseAttemptLine(lineOf(attemptText())), {
    spanId: span,
    cluster: "candidate/f/p",
    attempt: { startUnixMs: 1_795_883_986_833, durationMs: 6, status: 200, reason: "" },
    retryAfter: "",
  });
});

t.test("tryParseAttemptLine() reads why there was no answer", async (t) => {
  const read = tryParseAttemptLine(lineOf(attemptText({ status: "0", flags: "UF,URX" })));
  t.match(read?.attempt, { status: 0, reason: "UF,URX" });
});

t.test("tryParseAttemptLine() leaves an upstream's own text to the end, and cuts it", async (t) => {
  const forged = `1${fieldSeparator}200${fieldSeparator}x`;
  const read = tryParseAttemptLine(lineOf(attemptText({ status: "429", retryAfter: forged })));
  t.match(read, { attempt: { status: 429 }, retryAfter: "1200x" });
  const long = tryParseAttemptLine(lineOf(attemptText({ retryAfter: "9".repeat(500) })));
  t.equal(long?.retryAfter.length, 64);
});

const broken = [
  { name: "no span", text: attemptText({ traceparent: "" }) },
  { name: "no fields", text: attemptLineMark },
  {
    name: "too few fields",
    text: attemptText().split(fieldSeparator).slice(0, 5).join(fieldSeparator),
  },
  { name: "a time that is none", text: attemptText({ start: "now" }) },
  { name: "a duration that is none", text: attemptText({ duration: "long" }) },
];
for (const { name, text } of broken) {
  t.test(`tryParseAttemptLine() gives nothing for ${name}`, async (t) => {
    t.equal(tryParseAttemptLine(lineOf(text)), undefined);
  });
}
