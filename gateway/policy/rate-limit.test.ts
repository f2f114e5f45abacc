/** Unit tests of the policy that counts requests. */
import t from "tap";
import type { LimitedRequest, LimitVerdict } from "../rate-limiter.ts";
import type { LimitPlan } from "../snapshot.ts";
import { enginePlan } from "../testdata/gateway-snapshot.ts";
import { transaction } from "../testdata/transaction.ts";
import { rateLimitPolicy } from "./rate-limit.ts";

const limits: readonly LimitPlan[] = [
  {
    policy: { kind: "RateLimitPolicy", namespace: "default", name: "calls" },
    requests: 1,
    windowMs: 1_000,
    scope: "PerAgent",
  },
];

t.test("applies() only to plans with limits", async (t) => {
  t.notOk(rateLimitPolicy.applies(enginePlan()));
  t.notOk(rateLimitPolicy.applies(enginePlan({ limits: [] })));
  t.ok(rateLimitPolicy.applies(enginePlan({ limits })));
});

t.test("evaluate() lets by what was taken, and refuses the rest", async (t) => {
  const asked: [readonly LimitPlan[], LimitedRequest][] = [];
  let verdict: LimitVerdict = { kind: "taken" };
  const plan = enginePlan({ limits });
  const limiter = {
    take(of: readonly LimitPlan[], request: LimitedRequest) {
      asked.push([of, request]);
      return verdict;
    },
    settle: () => verdict,
  };
  t.same(rateLimitPolicy.evaluate(transaction({ plan, limiter })), { kind: "continue" });
  t.same(asked, [[limits, { caller: "run:1", route: plan.route }]]);
  const [limit] = limits;
  if (limit === undefined) return;
  verdict = { kind: "limited", limit, afterMs: 500, cause: "spent" };
  t.match(rateLimitPolicy.evaluate(transaction({ plan, limiter })), { kind: "deny", status: 429 });
});
