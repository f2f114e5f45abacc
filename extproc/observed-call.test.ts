/** What of a call is observed. */
import t from "tap";
import { observedRequest, routedPlan } from "./observed-call.ts";
import { headerView, plan } from "./testdata/playbook.ts";
import { routedRule } from "./testdata/routing.ts";
import { capturePlan } from "./testdata/snapshots.ts";

const capture = capturePlan();
const budget = { counts: [] };

t.test("observedRequest() has what the agent sent, and how its trace is called", async (test) => {
  const headers = headerView({ ":method": "POST", ":path": "/v1?a=b" });
  const trace = { traceId: "t", spanId: "s", parentSpanId: "" };
  test.match(observedRequest(headers, trace), { method: "POST", path: "/v1?a=b", trace });
  test.match(observedRequest(headerView({}), null), {
    method: "",
    path: "/",
    trace: { traceId: "" },
  });
});

const cases = [
  {
    name: "as the plan says where no rule decided",
    planned: { meters: true, capture },
    rule: undefined,
    wanted: { meters: true, capture, weighs: false },
  },
  {
    name: "as the rule says, and not the plan",
    planned: { meters: false, capture },
    rule: { meters: true },
    wanted: { meters: true, capture: undefined, weighs: false },
  },
  {
    name: "with the weight of the answer under a budget",
    planned: { meters: false },
    rule: { meters: true, budget },
    wanted: { meters: true, weighs: true },
  },
  {
    name: "not at all where neither is asked for",
    planned: { meters: true, capture },
    rule: { meters: false },
    wanted: undefined,
  },
];

for (const { name, planned, rule, wanted } of cases) {
  t.test(`routedPlan() observes ${name}`, async (test) => {
    const entry = { plan: plan(planned), provider: undefined };
    const found = routedPlan(entry, rule && routedRule([], rule));
    if (wanted === undefined) test.equal(found, undefined);
    else test.match(found, wanted);
  });
}
