/** Questions of threads: answered to the thread that asked, withdrawn with it. */
import t from "tap";
import type { ConfirmationAnswer } from "../gateway/confirmation.ts";
import { questionWith } from "./testdata/question.ts";
import { ThreadQuestions } from "./thread-questions.ts";

const approved: ConfirmationAnswer = { outcome: "approved", by: "cli", reason: "" };

function open(isFull = false) {
  const told: unknown[] = [];
  const door = {
    answers: [] as ((answer: ConfirmationAnswer) => void)[],
    withdrawn: 0,
    cancelled: [] as object[],
  };
  const questions = new ThreadQuestions<string>(
    {
      ask: (_question, onAnswer) => {
        if (isFull) onAnswer({ ...approved, outcome: "full" });
        door.answers.push(onAnswer);
        return () => void door.withdrawn++;
      },
      cancel: (cancellation) => void door.cancelled.push(cancellation),
    },
    (thread, number, answer) => told.push([thread, number, answer.outcome]),
  );
  const ask = (thread: string, number: number) =>
    questions.onReport(thread, { kind: "ask", number, question: questionWith() });
  return { questions, door, told, ask };
}

t.test("onReport() gives answers to the thread that asked", async (test) => {
  const { questions, door, told, ask } = open();
  ask("a", 1);
  ask("b", 1);
  door.answers[1]?.(approved);
  test.same(told, [["b", 1, "approved"]]);
  questions.onReport("a", { kind: "withdraw", number: 1 });
  questions.onReport("b", { kind: "withdraw", number: 1 });
  test.equal(door.withdrawn, 1, "an answered question is withdrawn no more");
  const cancellation = { caller: "", server: "", session: "", requestKey: "1" };
  questions.onReport("a", { kind: "cancel", cancellation });
  test.same(door.cancelled, [cancellation]);
});

t.test("end() withdraws what a lost thread asked", async (test) => {
  const { questions, door, ask } = open();
  ask("a", 1);
  ask("a", 2);
  ask("b", 1);
  questions.end("a");
  questions.end("a");
  test.equal(door.withdrawn, 2);
});

t.test("onReport() hears an answer at once, and denies where nobody can be asked", async (test) => {
  const { told, ask } = open(true);
  ask("a", 1);
  test.same(told, [["a", 1, "full"]]);
  const alone: unknown[] = [];
  const questions = new ThreadQuestions<string>(undefined, (_thread, _number, answer) =>
    alone.push(answer),
  );
  questions.onReport("a", { kind: "ask", number: 1, question: questionWith() });
  test.match(alone, [{ outcome: "denied", by: null }]);
});
