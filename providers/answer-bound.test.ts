import t from "tap";
import { AnswerBound, costOfPiece, maxStreamedAnswer } from "./answer-bound.ts";
import type { StreamEvent } from "./ir.ts";

const megabyte = "x".repeat(1024 * 1024);
const failed: StreamEvent = {
  kind: "failed",
  error: {
    status: 502,
    kind: "server",
    message: "The provider's stream holds an answer that is longer than 32 MiB",
    code: null,
  },
};

function delta(text: string): StreamEvent {
  return { kind: "delta", index: 0, text };
}

/** Events of one sort that pass before the failure, when they come for ever. */
function countPassed(event: StreamEvent): number {
  const bound = new AnswerBound();
  const events = Array.from({ length: 1_000 }, () => event);
  for (let passed = 0; passed < 3_000_000; passed += events.length) {
    const some = bound.pass(events);
    if (bound.isOver) return passed + some.length - 1;
  }
  return Number.POSITIVE_INFINITY;
}

t.test("pass() gives the very events that there is room for", async (t) => {
  const events = [delta("a"), delta("b")];
  t.equal(new AnswerBound().pass(events), events);
});

t.test(
  "pass() ends an answer that is too long with a failure, and gives nothing after it",
  async (t) => {
    const bound = new AnswerBound();
    for (let written = 0; written < 31; written++) bound.pass([delta(megabyte)]);
    t.equal(bound.isOver, false);
    t.same(bound.pass([delta("a"), delta(megabyte), delta("b"), { kind: "end" }]), [
      delta("a"),
      failed,
    ]);
    t.equal(bound.isOver, true);
    t.same(bound.pass([delta("c"), { kind: "end" }]), []);
  },
);

t.test("pass() takes an answer that fills the bound", async (t) => {
  const bound = new AnswerBound();
  const room = maxStreamedAnswer - costOfPiece("");
  bound.pass([delta("x".repeat(room))]);
  t.equal(bound.isOver, false);
  bound.pass([delta("")]);
  t.equal(bound.isOver, true);
});

const token = { token: "ab", logprob: -1, bytes: [97, 98], top: [] };
const kinds: readonly { readonly name: string; readonly event: StreamEvent; most: number }[] = [
  { name: "deltas of a letter", event: delta("a"), most: 1_100_000 },
  {
    name: "parts without text",
    event: { kind: "part-start", index: 0, part: { kind: "text" } },
    most: 66_000,
  },
  {
    name: "calls with a long name",
    event: { kind: "part-start", index: 0, part: { kind: "tool-call", id: "", name: megabyte } },
    most: 32,
  },
  {
    name: "encrypted reasoning",
    event: {
      kind: "part-start",
      index: 0,
      part: { kind: "reasoning", encrypted: megabyte, origin: "x" },
    },
    most: 32,
  },
  { name: "signatures", event: { kind: "signature", index: 0, signature: megabyte }, most: 32 },
  {
    name: "probabilities",
    event: { kind: "logprobs", index: 0, logprobs: [{ ...token, top: [token, token] }] },
    most: 160_000,
  },
  {
    name: "starts",
    event: { kind: "start", id: megabyte, model: "", created: null },
    most: 32,
  },
];

for (const { name, event, most } of kinds) {
  t.test(`pass() counts ${name}`, async (t) => {
    const passed = countPassed(event);
    t.ok(passed > most / 4 && passed <= most, `${passed} pass`);
  });
}
