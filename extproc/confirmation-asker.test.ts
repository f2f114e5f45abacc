/** Questions of a thread as messages, each with its answer or its withdrawal. */
import t from "tap";
import { questionWith } from "./testdata/question.ts";
import { ConfirmationAsker } from "./confirmation-asker.ts";
import type { ConfirmationReport } from "./confirmation-asker.ts";

const approved = { outcome: "approved", by: "cli", reason: "" } as const;

t.test("worker() asks, and ends with the answer to its own question", async (test) => {
  const reports: ConfirmationReport[] = [];
  const asker = new ConfirmationAsker((report) => reports.push(report));
  const { signal } = new AbortController();
  const first = asker.worker(questionWith(), signal);
  const second = asker.worker(questionWith({ server: "x" }), signal);
  test.match(reports, [
    { kind: "ask", number: 1 },
    { kind: "ask", number: 2, question: { server: "x" } },
  ]);
  asker.onAnswer(2, { ...approved, outcome: "denied" });
  asker.onAnswer(1, approved);
  asker.onAnswer(1, approved);
  test.same(await first, approved);
  test.match(await second, { outcome: "denied" });
});

t.test("worker() withdraws its question when nobody waits, unless it is answered", async (test) => {
  const reports: ConfirmationReport[] = [];
  const asker = new ConfirmationAsker((report) => reports.push(report));
  const controller = new AbortController();
  const asked = asker.worker(questionWith(), controller.signal);
  controller.abort();
  await test.rejects(asked);
  const answered = new AbortController();
  const other = asker.worker(questionWith(), answered.signal);
  asker.onAnswer(2, approved);
  await other;
  answered.abort();
  test.match(reports.slice(1), [{ kind: "withdraw", number: 1 }, { kind: "ask" }]);
  test.equal(reports.length, 3);
});
