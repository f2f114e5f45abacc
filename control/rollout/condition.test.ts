/** Tests the grammar of conditions and what counts say of them. */
import t from "tap";
import { noCounts } from "../../gateway/side-counts.ts";
import type { SideCounts } from "../../gateway/side-counts.ts";
import { judge, readCondition } from "./condition.ts";
import type { Condition } from "./condition.ts";

function counts(changes: Partial<SideCounts>): SideCounts {
  return { ...noCounts, ...changes };
}

function condition(text: string): Condition {
  const read = readCondition(text);
  if (typeof read === "string") throw new Error(read);
  return read;
}

const read = [
  { text: "denied>1%", want: { measure: "denied", unit: "points", bound: 1 } },
  { text: " errors > 0.5% ", want: { measure: "errors", unit: "points", bound: 0.5 } },
  { text: "errors>0%", want: { measure: "errors", unit: "points", bound: 0 } },
  { text: "cost>2x", want: { measure: "cost", unit: "times", bound: 2 } },
  { text: "latency>1.5x", want: { measure: "latency", unit: "times", bound: 1.5 } },
  { text: "latency>500ms", want: { measure: "latency", unit: "ms", bound: 500 } },
  { text: "latency>2s", want: { measure: "latency", unit: "ms", bound: 2_000 } },
];

for (const { text, want } of read) {
  t.test(`readCondition() reads "${text}"`, async (t) => {
    t.match(readCondition(text), want);
  });
}

const refused = [
  ...["", "denied", "denied>", ">1%", "denied>1", "denied<1%", "denied>=1%", "denied>-1%"],
  ...["denied>1 %", "denied>1e3%", "denied>1%,errors>1%", "denied>1%\nx", "Denied>1%"],
  ...["denied>1ms", "errors>1s", "cost>1%", "cost>1s", "latency>1%", "latency>5", "tokens>1x"],
];

for (const text of refused) {
  t.test(`readCondition() refuses ${JSON.stringify(text)}`, async (t) => {
    t.match(readCondition(text), /^Cannot use .* as a condition: /);
  });
}

t.test("readCondition() says in what a measure is compared", async (t) => {
  t.equal(readCondition("cost>1%"), 'Cannot use "cost>1%" as a condition: cost is compared in x');
});

const judged = [
  {
    name: "points are counted from the old side on",
    text: "denied>1%",
    old: { requests: 100, denied: 5 },
    new: { requests: 100, denied: 6 },
    want: "kept",
  },
  {
    name: "points above the old side end it",
    text: "denied>1%",
    old: { requests: 100, denied: 5 },
    new: { requests: 100, denied: 7 },
    want: "exceeded",
  },
  {
    name: "without an old side points are counted from nothing on",
    text: "denied>1%",
    old: {},
    new: { requests: 100, denied: 2 },
    want: "exceeded",
  },
  {
    name: "too few requests are not known to be good, however many are denied",
    text: "denied>1%",
    old: { requests: 100 },
    new: { requests: 9, denied: 9 },
    want: "unknown",
  },
  {
    name: "no request is not known to be good",
    text: "errors>50%",
    old: { requests: 100 },
    new: {},
    want: "unknown",
  },
  {
    name: "times of nothing are exceeded by anything",
    text: "errors>2x",
    old: { requests: 100 },
    new: { requests: 100, errors: 1 },
    want: "exceeded",
  },
  {
    name: "times need an old side",
    text: "errors>2x",
    old: { requests: 3, errors: 3 },
    new: { requests: 100, errors: 50 },
    want: "unknown",
  },
  {
    name: "a cost that is not known is not known to be good",
    text: "cost>2x",
    old: { requests: 100, priced: 10, microDollars: 10 },
    new: { requests: 100 },
    want: "unknown",
  },
  {
    name: "costs are means of priced requests",
    text: "cost>2x",
    old: { requests: 100, priced: 10, microDollars: 10 },
    new: { requests: 100, priced: 2, microDollars: 5 },
    want: "exceeded",
  },
  {
    name: "latency is a mean of what was answered",
    text: "latency>500ms",
    old: {},
    new: { requests: 100, timed: 2, latencyMs: 1_000 },
    want: "kept",
  },
];

for (const { name, text, old, new: now, want } of judged) {
  t.test(`judge(): ${name}`, async (t) => {
    const sides = { old: counts(old), new: counts(now) };
    t.equal(judge(condition(text), sides, 10).kind, want);
  });
}

t.test("judge() says both sides when it ends a rollout", async (t) => {
  const sides = { old: counts({ requests: 20 }), new: counts({ requests: 20, denied: 5 }) };
  t.match(judge(condition("denied>1%"), sides, 20), {
    message: "denied>1%: 25.0 % denied with the new policy, 0.0 % denied with the old one",
  });
});
