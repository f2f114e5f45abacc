/** Tests that a stream gets the session of its role and plan, with what the thread knows. */
import t from "tap";
import { createOpenMemory, OpenRequests } from "./open-requests.ts";
import { createLimitMemory, LimitTable } from "./limit-table.ts";
import type { CallFacts } from "../gateway/call-facts.ts";
import { ManualClock } from "../gateway/clock.ts";
import type { AttemptPlan } from "../gateway/snapshot.ts";
import { encodeAskedHead } from "./asked-head.ts";
import { ENGINE_METHODS, EngineService } from "./engine-service.ts";
import { envoyMessage } from "./testdata/envoy-messages.ts";
import { message, plan, requestHeaders, short, update } from "./testdata/playbook.ts";
import { RecordingStream } from "./testdata/recording-stream.ts";
import {
  backendOf,
  chat,
  claude,
  fallback,
  routedRule,
  routingPlan,
  sentRequest,
} from "./testdata/routing.ts";
import { attemptPlan, resourceOf } from "./testdata/snapshots.ts";
import { BudgetTable, createBudgetMemory } from "./budget-table.ts";
import { createHabitMemory, HabitTable } from "./habit-table.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";
import type { TransactionMessage } from "./transaction-message.ts";

const rule = routedRule([claude(), backendOf("other", "openai")], { fallback });
const choosing = plan({ id: "choosing", routing: routingPlan(rule) });
const fallbackAttempt: AttemptPlan = {
  id: "attempt",
  gateway: "default/egress",
  fallback: { provider: "openai", rule, candidate: 0, guardedRanges: ["10.0.0.0/8"] },
};
const signing = attemptPlan("aws", "signing");
const judging = plan({ id: "judging", mcp: { rules: [] } });

function serve() {
  const clock = new ManualClock();
  const facts: CallFacts[] = [];
  const service = new EngineService({
    clock,
    counters: new ThreadCounters(createCounters(1), 0),
    limits: new LimitTable(createLimitMemory(64)),
    openRequests: new OpenRequests(createOpenMemory(1, 16), { threads: 1, slot: 0 }),
    habits: new HabitTable(createHabitMemory(16)),
    budgets: { table: new BudgetTable(createBudgetMemory(64)), journal: undefined },
    sampleSeed: 1,
    onFacts: (one) => facts.push(one),
    policies: [],
  });
  service.publish(
    update([choosing, judging], {
      revision: 3,
      attempts: [fallbackAttempt, signing],
      credentials: [
        [`${resourceOf("aws")}/access_key_id`, "AKIDEXAMPLE"],
        [`${resourceOf("aws")}/secret_access_key`, "secret"],
      ],
    }),
  );
  const talk = (
    headers: Readonly<Record<string, string>>,
    messages: readonly TransactionMessage[],
  ) => {
    const stream = new RecordingStream(headers);
    const call = service.methods.get(ENGINE_METHODS.process)?.(stream);
    for (const one of messages) {
      const bytes = envoyMessage(one);
      call?.onMessage(bytes, 0, bytes.length);
    }
    call?.onClose("finished");
    return short(stream.sent.map((bytes) => ({ kind: "send", bytes }) as const));
  };
  return { service, clock, facts, talk };
}

const body = JSON.stringify(chat());
const request = [requestHeaders(), message("request-body", { body, endOfStream: true })] as const;
const call = encodeAskedHead("tx1", sentRequest({ body }), { ways: [], held: [] }) ?? "lost";
const attempt = {
  "x-clrk-extproc-role": "upstream",
  "x-clrk-plan": "attempt",
  "x-clrk-call": call,
  "x-clrk-upstream": "203.0.113.7:443",
};

t.test("methods serve a transaction by its plan, and its facts go out", async (t) => {
  const { talk, facts, service } = serve();
  t.equal(service.revision, 3);
  t.match(talk({ "x-clrk-plan": "choosing" }, request), [
    { reply: "requestHeaders" },
    { reply: "requestBody", metadata: { clrk: { pick: "walk" } } },
  ]);
  t.match(facts, [{ model: { requestModel: "gpt-4o" } }]);
});

t.test("methods judge messages of a plan for MCP", async (t) => {
  const { talk, facts } = serve();
  const ping = message("request-body", {
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    endOfStream: true,
  });
  t.match(
    talk({ "x-clrk-plan": "judging" }, [requestHeaders({ "x-forwarded-proto": "https" }), ping]),
    [
      { reply: "requestHeaders" },
      { reply: "immediateResponse", details: "clrk_denied{mcp-denied}" },
    ],
  );
  t.match(facts, [{ mcp: { messages: [{ method: "ping", outcome: "denied" }] } }]);
});

t.test("methods refuse a transaction whose plan is not known", async (t) => {
  const { talk } = serve();
  for (const id of ["attempt", "", "__proto__"]) {
    t.match(talk({ "x-clrk-plan": id }, request.slice(0, 1)), [
      { reply: "immediateResponse", status: 503 },
    ]);
  }
});

t.test("methods make an attempt of several for the candidate that its plan names", async (t) => {
  const { talk, facts } = serve();
  t.match(talk(attempt, request), [
    { reply: "requestHeaders" },
    { reply: "requestBody", set: { ":path": "/v1/messages", ":authority": "claude.test" } },
  ]);
  t.same(facts, [], "and leave no record of their own");
});

const refused = [
  { name: "nothing of what the agent sent", changes: { "x-clrk-call": "" }, status: 503 },
  { name: "the mark of absent metadata", changes: { "x-clrk-call": "-" }, status: 503 },
  { name: "a guarded address", changes: { "x-clrk-upstream": "10.0.0.1:443" }, status: 403 },
  { name: "no address", changes: { "x-clrk-upstream": "" }, status: 403 },
  { name: "another plan", changes: { "x-clrk-plan": "choosing" }, status: 503 },
];
for (const { name, changes, status } of refused) {
  t.test(`methods refuse an attempt with ${name}`, async (t) => {
    t.match(serve().talk({ ...attempt, ...changes }, request.slice(0, 1)), [
      { reply: "immediateResponse", status },
    ]);
  });
}

t.test("methods sign an attempt of one way", async (t) => {
  const headers = { "x-clrk-extproc-role": "upstream", "x-clrk-plan": "signing" };
  t.match(serve().talk(headers, request), [
    { reply: "requestHeaders" },
    { reply: "requestBody", set: { authorization: /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/ } },
  ]);
});

t.test("publishEjections() has a candidate asked last until its time is over", async (t) => {
  const { talk, service, clock } = serve();
  const order = () => {
    const [, reply] = talk({ "x-clrk-plan": "choosing" }, request);
    return JSON.stringify(reply).match(/"name":"\w+"/g);
  };
  const first = [...(order() ?? [])];
  const [name = ""] = first;
  service.publishEjections([{ pick: JSON.parse(`{${name}}`).name, forMs: 1_000 }]);
  // Chance draws the order: the one that is left out is never before the other.
  for (let round = 0; round < 20; round++) t.equal(order()?.at(-1), name);
  clock.advance(1_000);
  const later = new Set(Array.from({ length: 200 }, () => order()?.at(-1)));
  t.equal(later.size, 2, "then chance decides again");
});
