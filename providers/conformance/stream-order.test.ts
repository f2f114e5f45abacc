import t from "tap";
import type { StreamEvent } from "../ir.ts";
import { usageOfCases } from "./answer-cases.ts";
import { streamCases, failingStreams } from "./stream-cases.ts";
import { StreamOrder, streamOrderProblem } from "./stream-order.ts";

const start: StreamEvent = { kind: "start", id: "1", model: "m", created: null };
const text = (index: number): StreamEvent => ({
  kind: "part-start",
  index,
  part: { kind: "text" },
});
const delta = (index: number): StreamEvent => ({ kind: "delta", index, text: "x" });
const partEnd = (index: number): StreamEvent => ({ kind: "part-end", index });
const usage: StreamEvent = { kind: "usage", usage: usageOfCases };
const finish: StreamEvent = { kind: "finish", finish: "stop", stopText: null };
const end: StreamEvent = { kind: "end" };
const failed: StreamEvent = {
  kind: "failed",
  error: { status: 500, kind: "server", message: "No", code: null },
};

for (const { name, events } of [...streamCases(), ...failingStreams("No")]) {
  t.test(`streamOrderProblem() is content with ${name}`, async (t) => {
    t.equal(streamOrderProblem(events), undefined);
  });
}

for (const { name, events, problem } of [
  { name: "nothing", events: [], problem: "there is neither end nor failed" },
  { name: "no end", events: [start, finish], problem: "there is neither end nor failed" },
  { name: "two starts", events: [start, start], problem: "a second start" },
  { name: "a part before the start", events: [text(0)], problem: "part 0 starts before the start" },
  {
    name: "a part after the finish",
    events: [start, finish, text(0)],
    problem: "part 0 starts after the finish",
  },
  {
    name: "parts that are not dense",
    events: [start, text(1)],
    problem: "part 1 starts, wanted part 0",
  },
  {
    name: "a part twice",
    events: [start, text(0), text(0)],
    problem: "part 0 starts, wanted part 1",
  },
  {
    name: "text of no part",
    events: [start, delta(0)],
    problem: '"delta" of part 0, which is not open',
  },
  {
    name: "text of an ended part",
    events: [start, text(0), partEnd(0), delta(0)],
    problem: '"delta" of part 0, which is not open',
  },
  {
    name: "a part that ends twice",
    events: [start, text(0), partEnd(0), partEnd(0)],
    problem: '"part-end" of part 0, which is not open',
  },
  {
    name: "an open part",
    events: [start, text(0), finish],
    problem: "finish while part 0 is open",
  },
  { name: "no start", events: [finish], problem: "finish before the start" },
  { name: "two finishes", events: [start, finish, finish], problem: "finish after the finish" },
  { name: "an end without finish", events: [start, end], problem: "end without finish" },
  {
    name: "events after the end",
    events: [start, finish, end, usage],
    problem: '"usage" comes after the end',
  },
  { name: "events after a failure", events: [failed, end], problem: '"end" comes after the end' },
  {
    name: "a signature of text",
    events: [start, text(0), { kind: "signature", index: 0, signature: "x" }],
    problem: "a signature of text",
  },
] as { name: string; events: StreamEvent[]; problem: string }[]) {
  t.test(`streamOrderProblem() finds ${name}`, async (t) => {
    t.equal(streamOrderProblem(events), problem);
  });
}

t.test("take() allows usage anywhere before the end", async (t) => {
  t.equal(streamOrderProblem([usage, start, usage, finish, usage, end]), undefined);
});

t.test("isOver says whether the stream has ended", async (t) => {
  const order = new StreamOrder();
  for (const event of [start, finish]) order.take(event);
  t.notOk(order.isOver);
  order.take(end);
  t.ok(order.isOver);
});
