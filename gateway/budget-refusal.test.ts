import t from "tap";
import { refuseExhausted } from "./budget-refusal.ts";

const count = { name: "default/team", scope: "day", unit: "tokens", limit: 1_000 } as const;

t.test("a day's budget says what is left and when it begins anew", async (test) => {
  const verdict = { kind: "exhausted", count, needed: 600, left: 400, afterMs: 1_500.5 } as const;
  test.same(refuseExhausted(verdict), {
    kind: "deny",
    status: 429,
    reason: "budget-exhausted",
    message:
      "Refused because budget default/team has no room: 400 tokens are left of 1000 tokens for a day, and this call may use 600 tokens: ask for less output, or try again in 2 s",
    headers: [["retry-after", "2"]],
  });
});

t.test("an execution's budget never begins anew", async (test) => {
  const money = { ...count, scope: "execution", unit: "usd", limit: 2_500_000 } as const;
  const refusal = refuseExhausted({
    kind: "exhausted",
    count: money,
    needed: 42,
    left: 0,
    afterMs: null,
  });
  test.equal(refusal.headers, undefined);
  test.match(
    refusal.message,
    "0.00 USD are left of 2.50 USD for an execution of an agent, and this call may use 0.000042 USD: ask for less output, end this execution, or have the limit raised",
  );
});

t.test("what cannot be counted or written is not the agent's fault", async (test) => {
  for (const cause of ["full", "unwritable"] as const) {
    const refusal = refuseExhausted({ kind: "unavailable", cause });
    test.match(refusal, { status: 503, reason: "budget-unavailable", message: /see clrk status$/ });
  }
});
