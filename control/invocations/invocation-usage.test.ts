import t from "tap";
import type { EgressRecord, RecordAgent } from "../../gateway/record.ts";
import { sumUsage, useOfRecord } from "./invocation-usage.ts";
import { invocationId } from "./testdata/invocation-event.ts";
import { modelCallRecord, recordOfInvocation } from "./testdata/invocation-record.ts";

t.test("a model call adds its tokens and its cost", async (t) => {
  t.strictSame(useOfRecord(modelCallRecord(1, "rec-1")), {
    recordId: "rec-1",
    invocationId: invocationId(1),
    agent: { kind: "TaskAgent", namespace: "default", name: "writer" },
    model: "gpt-5-mini",
    requests: 1,
    denials: 0,
    inputTokens: 100,
    outputTokens: 20,
    microDollars: 42,
    unpriced: 0,
  });
});

t.test("a call without a known price is counted as that", async (t) => {
  const { charge: _, ...free } = modelCallRecord(1, "rec-1");
  t.match(useOfRecord(free), { microDollars: 0, unpriced: 1 });
  const unknown = { ...free, charge: { tokens: 120, cost: null, estimated: false } };
  t.match(useOfRecord(unknown), { microDollars: 0, unpriced: 1 });
  t.match(useOfRecord({ ...free, cost: null }), { microDollars: 0, unpriced: 1 });
});

t.test("a call without a budget adds what its record says it cost", async (t) => {
  const { charge: _, ...free } = modelCallRecord(1, "rec-1");
  t.match(useOfRecord({ ...free, cost: "0.000123" }), { microDollars: 123, unpriced: 0 });
});

t.test("a refused request is one, without a model", async (t) => {
  const decision = { verdict: "deny", reason: "no-route", message: "No", route: null } as const;
  const use = useOfRecord(recordOfInvocation(1, "rec-1", { decision }));
  t.match(use, { model: "", requests: 1, denials: 1, unpriced: 0 });
});

t.test("a record of no invocation adds nothing", async (t) => {
  const record = recordOfInvocation(1, "rec-1");
  const without = (agent: RecordAgent | null): EgressRecord => ({ ...record, agent });
  t.equal(useOfRecord(without(null)), undefined);
  t.equal(useOfRecord(without(record.agent && { ...record.agent, invocationId: "" })), undefined);
  t.equal(useOfRecord(without(record.agent && { ...record.agent, invocationId: "x" })), undefined);
});

t.test("sumUsage() sums all, and names models in order", async (t) => {
  const zero = { requests: 1, denials: 0, outputTokens: 0, microDollars: 1, unpriced: 0 };
  const usage = sumUsage([
    { ...zero, model: "b", inputTokens: 2 },
    { ...zero, model: "", inputTokens: 0, denials: 1 },
    { ...zero, model: "a", inputTokens: 5 },
  ]);
  t.match(usage, { requests: 3, denials: 1, inputTokens: 7, microDollars: 3 });
  t.strictSame(
    usage?.models.map(({ model }) => model),
    ["a", "b"],
  );
  t.equal(sumUsage([]), undefined);
});
