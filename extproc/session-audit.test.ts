/** Conversations in audit mode: what would be refused goes on, and its record says why it would have been. */
import t from "tap";
import type { Test } from "tap";
import { noPick } from "../gateway/routing-plan.ts";
import type { RoutedRule, RoutingPlan } from "../gateway/routing-plan.ts";
import type { LimitPlan } from "../gateway/snapshot.ts";
import type { EnginePlan } from "../gateway/snapshot.ts";
import { policiesFor } from "../gateway/pipeline.ts";
import { PlanBook } from "./plan-book.ts";
import { Session } from "./session.ts";
import { createBudgeter } from "./testdata/budgeter.ts";
import { createLimiter } from "./testdata/limiter.ts";
import {
  message,
  plan,
  play,
  requestHeaders,
  responseHeaders,
  update,
} from "./testdata/playbook.ts";
import { candidate, chat, routedRule, routedSession, routingPlan } from "./testdata/routing.ts";
import type { RoutedSetting } from "./testdata/routing.ts";
import { sessionTools } from "./testdata/session-tools.ts";

const limit: LimitPlan = {
  policy: { kind: "RateLimitPolicy", namespace: "default", name: "one" },
  requests: 1,
  windowMs: 60_000,
  scope: "PerRoute",
};
const route = { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 0 };
const count = { name: "n", scope: "day", unit: "tokens" } as const;

/** A plan in audit mode, whose rules audit. */
function audited(letBy: RoutingPlan["letBy"], ...rules: readonly RoutedRule[]): RoutingPlan {
  const all = routingPlan(...rules.map((rule) => ({ audits: true, ...rule }) as const));
  return letBy === undefined ? all : { ...all, letBy };
}

function ask(test: Test, setting: RoutedSetting, body: object | string = chat()) {
  const session = routedSession(setting);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return play(session, (found, wanted) => test.match(found, wanted))
    .in(requestHeaders())
    .in(message("request-body", { body: text, endOfStream: true }));
}

const gpt = routedRule([candidate()], { models: ["gpt-4o"] });

t.test("a model that no rule allows goes elsewhere", async (test) => {
  const book = ask(test, { routing: audited("elsewhere", gpt) }, chat({ model: "o3" }))
    .out({ reply: "requestBody", metadata: { clrk: { pick: "let-by/no-rule" } } })
    .in(responseHeaders())
    .out({ reply: "responseHeaders" })
    .close();
  test.match(book.records, [
    {
      denial: null,
      wouldDeny: { reason: "no-rule", message: 'No rule for openai allows model "o3"', route },
    },
  ]);
});

for (const { name, body } of [
  { name: "is no JSON", body: "{" },
  { name: "names two models", body: '{"model":"a","model":"b"}' },
]) {
  t.test(`a body that ${name} goes elsewhere where it would decide, or onward`, async (test) => {
    const elsewhere = ask(test, { routing: audited("elsewhere", gpt) }, body)
      .out({ reply: "requestBody", metadata: { clrk: { pick: "let-by/body-malformed" } } })
      .close();
    test.match(elsewhere.records, [{ wouldDeny: { reason: "body-malformed" } }]);
    ask(test, { routing: audited("onward", gpt) }, body).out({ reply: "requestBody" });
    ask(test, { routing: audited(undefined, gpt) }, body).out({ status: 400 });
  });
}

t.test("a request without a body goes elsewhere at its headers", async (test) => {
  const start = (letBy: RoutingPlan["letBy"]) =>
    play(routedSession({ routing: audited(letBy, gpt) }), (found, wanted) =>
      test.match(found, wanted),
    ).in(requestHeaders({}, true));
  const book = start("elsewhere")
    .out({ metadata: { clrk: { id: "tx1", pick: "let-by/body-malformed" } } })
    .in(responseHeaders({}, true))
    .close();
  test.match(book.records, [{ denial: null, wouldDeny: { reason: "body-malformed", route } }]);
  start("onward").out({ reply: "requestHeaders" });
  start(undefined).out({ status: 400 });
});

t.test("what no rule is about goes to the next one without a word", async (test) => {
  const routing = { ...audited("elsewhere", gpt), otherwise: "next" } as const;
  const book = ask(test, { routing }, chat({ model: "o3" }))
    .out({ metadata: { clrk: { pick: noPick } } })
    .close();
  test.equal(book.records[0]?.wouldDeny, undefined);
});

t.test("a limit lets by what it counts no more, as if that had been refused", async (test) => {
  const { limiter, counters } = createLimiter();
  const routing = audited("elsewhere", { ...gpt, limits: [limit] });
  const would = [0, 1, 2].map(() => {
    const book = ask(test, { routing, limiter })
      .out({ metadata: { clrk: { pick: "own" } } })
      .close();
    return book.records[0]?.wouldDeny?.reason;
  });
  test.strictSame(would, [undefined, "rate-limited", "rate-limited"]);
  test.equal(counters.get("limitedRequests"), 2);
});

t.test("a budget lets by what it has no room for, which takes nothing of it", async (test) => {
  const { budgeter, lines } = createBudgeter();
  const routing = audited("elsewhere", {
    ...gpt,
    budget: { counts: [{ ...count, limit: 6_000 }] },
  });
  const start = () => ask(test, { routing, budgeter }).out({ metadata: { clrk: { pick: "own" } } });
  const first = start();
  const second = start().close();
  test.match(second.records, [{ wouldDeny: { reason: "budget-exhausted", route } }]);
  test.equal(second.records[0]?.charge, undefined);
  test.equal(lines.length, 1, "only the first is reserved");
  test.equal(first.close().records[0]?.wouldDeny, undefined);
});

t.test("a budget that cannot be written down lets by in audit mode", async (test) => {
  const { budgeter } = createBudgeter({ writes: () => false });
  const routing = audited(undefined, {
    ...gpt,
    budget: { counts: [{ ...count, limit: 1_000_000 }] },
  });
  const book = ask(test, { routing, budgeter })
    .out({ metadata: { clrk: { pick: "own" } } })
    .close();
  test.match(book.records, [{ denial: null, wouldDeny: { reason: "budget-unavailable" } }]);
});

t.test("a call that only its budget keeps from being served is served, uncounted", async (test) => {
  const { budgeter, lines } = createBudgeter();
  const routing = audited("elsewhere", {
    ...routedRule([candidate()]),
    budget: { counts: [{ ...count, unit: "usd", limit: 5 }] },
  });
  const book = ask(test, { routing, budgeter }, chat({ model: "nobody-knows" }))
    .out({ metadata: { clrk: { pick: "own" } } })
    .close();
  test.match(book.records, [{ wouldDeny: { reason: "not-translatable" } }]);
  test.equal(lines.length, 0);
});

t.test("a denied route serves its calls", async (test) => {
  const wouldDeny = { reason: "deny-policy", message: "Denied by EgressDenyPolicy x" } as const;
  const book = ask(test, { routing: audited("elsewhere", { ...gpt, wouldDeny }) })
    .out({ metadata: { clrk: { pick: "own" } } })
    .close();
  test.match(book.records, [{ wouldDeny: { ...wouldDeny, route } }]);
});

t.test("what nobody can serve, or lacks its credential, is refused all the same", async (test) => {
  const lost = candidate({ provider: "nobody-knows" });
  ask(test, { routing: audited("elsewhere", routedRule([lost])) }).out({
    status: 400,
    details: "clrk_denied{not-translatable}",
  });
  const refusal = { status: 403, reason: "credential-missing", message: "No key" } as const;
  ask(test, { routing: audited("elsewhere", { ...gpt, candidates: [], refusal }) }).out({
    status: 403,
    details: "clrk_denied{credential-missing}",
  });
});

t.test("a limit that is counted at the headers lets by as well", async (test) => {
  const { limiter } = createLimiter();
  const asked: EnginePlan = plan({ limits: [limit], audits: true });
  const book = new PlanBook();
  book.publish(update([asked]));
  test.equal(policiesFor(asked).length > 0, true);
  const start = () => {
    const session: Session = new Session({
      entry: book.find(asked.id),
      caller: "run:1",
      tools: sessionTools(book, { limiter }),
      settler: { onSettled: () => session.onSettled() },
    });
    return play(session, (found, wanted) => test.match(found, wanted))
      .in(requestHeaders({}, true))
      .out({ reply: "requestHeaders" })
      .close();
  };
  test.equal(start().records[0]?.wouldDeny, undefined);
  test.match(start().records, [{ denial: null, wouldDeny: { reason: "rate-limited", route } }]);
});
