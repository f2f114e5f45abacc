/** Tests of model calls whose reservation is written down together with others. */
import t from "tap";
import type { Test } from "tap";
import { createBudgeter, lateEvening } from "./testdata/budgeter.ts";
import { createLimiter } from "./testdata/limiter.ts";
import { message, plan, play, requestHeaders } from "./testdata/playbook.ts";
import { candidate, chat, routedRule, routingPlan } from "./testdata/routing.ts";
import { sessionTools } from "./testdata/session-tools.ts";
import { PlanBook } from "./plan-book.ts";
import { Session } from "./session.ts";
import { update } from "./testdata/playbook.ts";

const key = "day tokens n 2026-11-28";
const budget = { counts: [{ name: "n", scope: "day", unit: "tokens", limit: 900_000 }] } as const;
const policy = { kind: "RateLimitPolicy", namespace: "default", name: "l" };
const limits = [{ policy, requests: 1, windowMs: 60_000, scope: "PerAgent" }] as const;
const done = { kind: "done", value: undefined } as const;

function begin(test: Test, writes = () => true) {
  const parts = createBudgeter({ batches: true, writes });
  const { limiter } = createLimiter();
  const book = new PlanBook([]);
  const routing = routingPlan(routedRule([candidate()], { budget, limits }));
  book.publish(update([plan({ id: "p", routing, meters: true })]));
  const tools = sessionTools(book, { budgeter: parts.budgeter, limiter });
  const ask = () => {
    const session = new Session({
      entry: book.find("p"),
      caller: "run:1",
      tools,
      settler: { onSettled: () => {} },
    });
    return play(session, (found, pattern) => test.match(found, pattern))
      .in(requestHeaders({ "content-type": "application/json" }))
      .out({ reply: "requestHeaders" })
      .in(message("request-body", { body: JSON.stringify(chat()), endOfStream: true }));
  };
  return { ...parts, ask };
}

t.test("a call goes on when its reservation is written, and not before", async (test) => {
  const { ask, endBatch, lines } = begin(test);
  const book = ask().out({ kind: "await-reservation" });
  test.strictSame(lines, []);
  endBatch();
  test.match(lines, [{ kind: "reserved" }]);
  book.outcome(done).out({ reply: "requestBody" });
});

t.test("a call whose reservation is lost is refused, and has its limit back", async (test) => {
  let isWritable = false;
  const { ask, endBatch, table, counters } = begin(test, () => isWritable);
  const refused = ask().out({ kind: "await-reservation" });
  endBatch();
  refused
    .outcome(done)
    .out({ status: 503, details: "clrk_denied{budget-unavailable}" })
    .close()
    .out({ kind: "record", facts: { denial: { reason: "budget-unavailable" } } });
  test.equal(refused.records[0]?.charge, undefined);
  test.same(table.read(key, lateEvening), { used: 0, reserved: 0 });
  test.equal(counters.get("unwrittenBudgets"), 1);
  isWritable = true;
  const next = ask().out({ kind: "await-reservation" });
  endBatch();
  next.outcome(done).out({ reply: "requestBody" });
});

t.test("what Envoy says meanwhile is answered after the request", async (test) => {
  const { ask, endBatch } = begin(test);
  const book = ask().out({ kind: "await-reservation" });
  book.in(message("response-headers", { headers: { ":status": "504" } })).out();
  endBatch();
  book.outcome(done).out({ reply: "requestBody" }, { reply: "responseHeaders" });
});

for (const end of ["close", "fault"] as const) {
  t.test(`a call that ends by ${end} while it waits is charged nothing`, async (test) => {
    const { ask, endBatch, table, lines } = begin(test);
    const book = ask().out({ kind: "await-reservation" });
    if (end === "close") book.close();
    else book.fault().out({ status: 500 }).close();
    endBatch();
    book.outcome(done).out();
    test.same(table.read(key, lateEvening), { used: 0, reserved: 0 });
    test.match(lines, [{ kind: "reserved" }, { kind: "settled", used: [0] }]);
    test.equal(book.records.length, 1);
    test.equal(book.records[0]?.charge, undefined);
  });
}
