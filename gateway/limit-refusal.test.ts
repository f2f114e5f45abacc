/** Unit tests of what an agent is told at its limit. */
import t from "tap";
import type { LimitPlan } from "./snapshot.ts";
import { refuseLimited } from "./limit-refusal.ts";

const limit: LimitPlan = {
  policy: { kind: "RateLimitPolicy", namespace: "default", name: "calls" },
  requests: 100,
  windowMs: 90_500,
  scope: "PerAgent",
};

t.test("refuseLimited() says which limit, and when to come again", async (t) => {
  t.same(refuseLimited({ kind: "limited", limit, afterMs: 904.9, cause: "spent" }), {
    kind: "deny",
    status: 429,
    reason: "rate-limited",
    message:
      "Refused because RateLimitPolicy default/calls allows 100 requests in 1m30.5s for each agent: try again in 1 s",
    headers: [
      ["retry-after", "1"],
      ["ratelimit-policy", '"calls";q=100;w=91'],
      ["ratelimit", '"calls";r=0;t=1'],
    ],
  });
});

const scopes = [
  { scope: "PerExecution", words: "1 request in 1s for each execution of an agent" },
  { scope: "PerRoute", words: "1 request in 1s by each route" },
] as const;

for (const { scope, words } of scopes) {
  t.test(`refuseLimited() says what ${scope} counts`, async (t) => {
    const one = { ...limit, requests: 1, windowMs: 1_000, scope };
    const { message } = refuseLimited({
      kind: "limited",
      limit: one,
      afterMs: 0.2,
      cause: "spent",
    });
    t.match(message, words);
    t.match(message, "in 1 s");
  });
}

t.test("refuseLimited() does not say that a caller has spent what it has not", async (t) => {
  const { message, headers } = refuseLimited({
    kind: "limited",
    limit,
    afterMs: 59_001,
    cause: "full",
  });
  t.equal(
    message,
    "Refused because RateLimitPolicy default/calls cannot count any more callers at once: try again in 60 s",
  );
  t.same(headers?.[0], ["retry-after", "60"]);
});

t.test("refuseLimited() sends nobody back who has used up all", async (test) => {
  const total = { ...limit, requests: 1, isTotal: true, scope: "PerExecution" } as const;
  const refusal = refuseLimited({ kind: "limited", limit: total, afterMs: 5_000, cause: "spent" });
  test.same(refusal, {
    kind: "deny",
    status: 429,
    reason: "rate-limited",
    message:
      "Refused because RateLimitPolicy default/calls allows 1 call in all for each execution of an agent, and they are used up",
  });
});

t.test("refuseLimited() does not blame an agent for what nobody could be asked", async (t) => {
  const refusal = refuseLimited({ kind: "limited", limit, afterMs: 1_000, cause: "unreachable" });
  t.same(refusal, {
    kind: "deny",
    status: 503,
    reason: "limit-unavailable",
    message:
      "Refused because RateLimitPolicy default/calls is shared by replicas, and what they let by cannot be asked now: try again in 1 s",
    headers: [["retry-after", "1"]],
  });
});
