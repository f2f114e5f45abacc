/** Questions that are open: each is answered once, by whom it is asked of, or denied. */
import t from "tap";
import { ManualClock } from "./clock.ts";
import type { ConfirmationAnswer } from "./confirmation.ts";
import { ConfirmationDesk, maxOpenConfirmations } from "./confirmation-desk.ts";
import type { WebhookAnswer, WebhookQuestion } from "./confirmation-webhook.ts";
import { SecretValue } from "./secret-value.ts";
import { questionWith } from "./testdata/confirmations.ts";

function open(settings: { readonly key?: string } = {}) {
  const clock = new ManualClock();
  const answers: ConfirmationAnswer[] = [];
  const events: string[] = [];
  const asked: { question: WebhookQuestion; settle: (answer: WebhookAnswer) => void }[] = [];
  const agent = {
    ...{ kind: "Process", namespace: "default", name: "agent", uid: "r1", revision: "" },
    invocationId: "i1",
  };
  const desk = new ConfirmationDesk({
    clock,
    agents: { findAgent: (caller) => (caller === "run:r1" ? agent : null) },
    findKey: () => (settings.key === undefined ? undefined : new SecretValue(settings.key)),
    askWebhook: (question) =>
      new Promise((settle) => {
        asked.push({ question, settle });
      }),
    onEvent: (event) =>
      events.push(
        event.kind === "confirmation"
          ? `asked ${event.question.asks}`
          : `${event.ended.outcome} ${event.ended.by}`,
      ),
  });
  const ask = (changes: Parameters<typeof questionWith>[0] = {}) =>
    desk.ask(questionWith(changes), (answer) => answers.push(answer));
  const id = () => desk.list().at(-1)?.id ?? "";
  return { clock, desk, answers, events, asked, ask, id };
}

const webhook = { timeoutMs: 1_000, webhook: { url: "https://ask.example", key: "k" } };

t.test("decide() answers a question once", async (test) => {
  const { desk, answers, events, ask, id } = open();
  ask();
  const known = id();
  test.match(desk.list(), [
    {
      agent: "Process/default/agent",
      execution: "i1",
      asks: "cli",
      server: "https://mcp.test/mcp",
    },
  ]);
  test.equal(desk.decide("ffffffffff", { decision: "approve", reason: "" }), "unknown");
  test.equal(desk.decide(known, { decision: "approve", reason: "" }), "done");
  test.equal(desk.decide(known, { decision: "deny", reason: "" }), "unknown");
  test.same(answers, [{ outcome: "approved", by: "cli", reason: "" }]);
  ask();
  test.equal(desk.decide(id(), { decision: "deny", reason: `no ${"x".repeat(500)}` }), "done");
  test.match(answers[1], { outcome: "denied", by: "cli", reason: /^no x{253}$/ });
  test.same(events, ["asked cli", "approved cli", "asked cli", "denied cli"]);
  test.match(desk.counts, { open: 0, approved: 1, denied: 1 });
});

t.test("ask() denies what nobody answers in time", async (test) => {
  const { clock, desk, answers, ask } = open();
  ask();
  clock.advance(119_999);
  test.same(answers, []);
  clock.advance(1);
  test.same(answers, [{ outcome: "timeout", by: null, reason: "" }]);
  test.equal(clock.pendingTimers, 0);
  test.match(desk.counts, { open: 0, timedOut: 1 });
});

t.test("ask() asks nobody when too many questions are open", async (test) => {
  const { desk, answers, ask, id } = open();
  for (let count = 0; count < maxOpenConfirmations; count++) ask();
  test.equal(new Set(desk.list().map((one) => one.id)).size, maxOpenConfirmations);
  ask();
  test.same(answers, [{ outcome: "full", by: null, reason: "" }]);
  test.match(desk.counts, { open: maxOpenConfirmations, refused: 1 });
  desk.decide(id(), { decision: "deny", reason: "" });
  ask();
  test.equal(desk.counts.open, maxOpenConfirmations);
});

t.test(
  "a question is withdrawn by its asker, and by a cancellation of its request",
  async (test) => {
    const { clock, desk, answers, events, ask } = open();
    const withdraw = ask();
    withdraw();
    withdraw();
    test.same(answers, [], "nobody waits for an answer");
    ask({ requestKeys: ["7", '"a'] });
    const meant = {
      caller: "run:r1",
      server: "https://mcp.test/mcp",
      session: "",
      requestKey: '"a',
    };
    desk.cancel({ ...meant, requestKey: '"7' });
    desk.cancel({ ...meant, caller: "run:r2" });
    desk.cancel({ ...meant, session: "s" });
    desk.cancel({ ...meant, server: "https://other.test/mcp" });
    test.same(answers, []);
    desk.cancel(meant);
    test.same(answers, [{ outcome: "withdrawn", by: null, reason: "" }]);
    test.same(events, ["asked cli", "withdrawn null", "asked cli", "withdrawn null"]);
    test.equal(clock.pendingTimers, 0);
    test.match(desk.counts, { withdrawn: 2 });
  },
);

t.test("a webhook alone decides what it is asked", async (test) => {
  const { desk, answers, asked, ask, id } = open({ key: "secret" });
  ask({ plan: webhook });
  test.equal(desk.decide(id(), { decision: "approve", reason: "" }), "elsewhere");
  asked[0]?.settle({ kind: "answered", decision: "approve", reason: "fine" });
  await new Promise(setImmediate);
  ask({ plan: webhook });
  asked[1]?.settle({ kind: "failed", reason: "it is gone" });
  await new Promise(setImmediate);
  test.same(answers, [
    { outcome: "approved", by: "webhook", reason: "fine" },
    { outcome: "denied", by: null, reason: "it is gone" },
  ]);
});

t.test("a webhook's answer after the end of its question counts for nothing", async (test) => {
  const { clock, desk, answers, asked, ask } = open({ key: "secret" });
  ask({ plan: webhook });
  clock.advance(1_000);
  test.ok(asked[0]?.question.signal.aborted);
  asked[0]?.settle({ kind: "answered", decision: "approve", reason: "" });
  await new Promise(setImmediate);
  test.same(answers, [{ outcome: "timeout", by: null, reason: "" }]);
  test.match(desk.counts, { approved: 0, timedOut: 1 });
});

t.test("a question whose signing key is gone is denied, and so is all at the end", async (test) => {
  const { desk, answers, asked, ask } = open();
  ask({ plan: webhook });
  await new Promise(setImmediate);
  test.equal(asked.length, 0);
  ask();
  desk.close();
  test.match(answers, [
    { outcome: "denied", reason: /key .* is gone/ },
    { outcome: "denied", reason: "the gateway stops" },
  ]);
});
