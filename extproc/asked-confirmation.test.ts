/** What is shown of a call, and what an answer means. */
import t from "tap";
import type { AskedConfirmation } from "../gateway/mcp-judge.ts";
import { SecretValue } from "../gateway/secret-value.ts";
import { createValueRedactor } from "../gateway/value-redactor.ts";
import {
  answerOf,
  askCommand,
  confirmedFacts,
  envoyWaitMs,
  unconfirmedClause,
} from "./asked-confirmation.ts";
import { plan } from "./testdata/playbook.ts";
import { WordRedactor } from "./word-redactor.ts";

const secret = "a-credential-of-ours-0123456789";
const words = new WordRedactor(createValueRedactor([new SecretValue(secret)]));

function askedWith(text: string): AskedConfirmation {
  return {
    plan: { timeoutMs: 60_000 },
    server: "https://mcp.test/mcp",
    calls: [{ index: 1, requestKey: "7", tool: "pay", arguments: text }],
  };
}

function shown(text: string) {
  const request = {
    ...{ transactionId: "t", caller: "run:1", session: "s" },
    plan: plan(),
    body: Buffer.from("body"),
  };
  const { input, deadlineMs } = askCommand(askedWith(text), request, words);
  return { question: input, deadlineMs };
}

t.test("askCommand() shows arguments without credentials, digits kept", async (test) => {
  const { question, deadlineMs } = shown(
    `{"n":9007199254740993,"${secret}":[{"note":"Bearer ${secret}"}],"key":"sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"}`,
  );
  test.match(question, {
    caller: "run:1",
    gateway: "default/egress",
    session: "s",
    requestKeys: ["7"],
    bodySha256: "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5",
    calls: [{ tool: "pay", isCut: false, arguments: /"n":9007199254740993/ }],
  });
  test.notMatch(JSON.stringify(question), secret);
  test.notMatch(JSON.stringify(question), "sk-proj");
  test.ok(deadlineMs > 60_000 && deadlineMs < envoyWaitMs(askedWith("")));
});

t.test("askCommand() shows the beginning of what is long, and says so", async (test) => {
  for (const size of [5_000, 100_000]) {
    const { question } = shown(JSON.stringify({ x: "y".repeat(size) }));
    test.match(question, { calls: [{ isCut: true, arguments: /^\{"x":"y{4090}$/ }] });
  }
  test.match(shown("").question, { calls: [{ isCut: false, arguments: "" }] });
});

t.test("answerOf() takes whatever is no answer for a denial", async (test) => {
  const approved = { outcome: "approved", by: "cli", reason: "" } as const;
  test.same(answerOf({ kind: "done", value: approved }), approved);
  test.match(answerOf({ kind: "done", value: undefined }), { outcome: "denied", by: null });
  test.match(answerOf({ kind: "failed" }), { outcome: "denied", by: null });
  test.match(answerOf({ kind: "late" }), { outcome: "timeout", by: null });
});

t.test("unconfirmedClause() says why in words", async (test) => {
  const clause = (outcome: "denied" | "timeout" | "withdrawn" | "full", reason = "") =>
    unconfirmedClause(askedWith(""), { outcome, by: null, reason });
  test.equal(
    clause("denied", "no"),
    'has calls of tool "pay" confirmed, and this one was denied: no',
  );
  test.match(clause("timeout"), /was not within 60 s/);
  test.match(clause("withdrawn"), /cancelled before somebody answered/);
  test.match(clause("full"), /too many others wait/);
});

t.test(
  "confirmedFacts() tells of the calls that were asked about, and denies all or none",
  async (test) => {
    const message = {
      method: "tools/call",
      subject: "tool",
      name: "x",
      outcome: "allowed",
      rule: 0,
    } as const;
    const facts = { protocol: "mcp", revision: null, messages: [message, message] } as const;
    test.match(confirmedFacts(facts, askedWith(""), { outcome: "full", by: null, reason: "" }), {
      messages: [
        { outcome: "denied" },
        { outcome: "denied", confirmation: { outcome: "denied", by: null } },
      ],
    });
    const approved = confirmedFacts(facts, askedWith(""), {
      outcome: "approved",
      by: "cli",
      reason: "",
    });
    test.match(approved.messages[1], {
      outcome: "allowed",
      confirmation: { outcome: "approved", by: "cli" },
    });
    test.notOk("confirmation" in (approved.messages[0] ?? {}));
  },
);
