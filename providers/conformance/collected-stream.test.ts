import t from "tap";
import type { ChatResponse, StreamEvent } from "../ir.ts";
import { answerCases, usageOfCases } from "./answer-cases.ts";
import { answerOf, collectStream, streamOf } from "./collected-stream.ts";
import { difficultText } from "./case-parts.ts";
import { reasoningForms } from "./request-cases.ts";
import { streamCases } from "./stream-cases.ts";

for (const { name, response } of answerCases().filter((one) => one.response.choices.length === 1)) {
  t.test(`streamOf() loses nothing of ${name}`, async (t) => {
    const back = answerOf(collectStream(streamOf(response)));
    t.same(back, { ...response, created: null });
  });
}

t.test("streamOf() loses nothing of reasoning", async (t) => {
  const [first] = answerCases();
  if (first === undefined) return;
  const parts = reasoningForms("own");
  const response: ChatResponse = {
    ...first.response,
    choices: [{ parts, finish: "stop", stopText: null, logprobs: null }],
  };
  t.same(answerOf(collectStream(streamOf(response))).choices[0]?.parts, parts);
});

t.test("streamOf() cuts text between characters only", async (t) => {
  const response = answerCases().find(({ name }) => name === "difficult text")?.response;
  if (response === undefined) return;
  const texts = streamOf(response).flatMap((event) => (event.kind === "delta" ? [event.text] : []));
  t.ok(texts.length > 5);
  t.equal(texts.join(""), difficultText);
  t.equal(texts.filter((text) => !text.isWellFormed()).length, 0);
});

t.test("collectStream() puts together what comes side by side", async (t) => {
  const events = streamCases().find(({ name }) => name === "calls side by side")?.events ?? [];
  t.same(
    collectStream(events).parts.map((part) => part.kind === "tool-call" && part.arguments),
    ['{"city":"Bern"}', '{"city":"Basel"}'],
  );
});

t.test("collectStream() takes the last usage, and null for what did not come", async (t) => {
  const events: StreamEvent[] = [
    { kind: "usage", usage: { ...usageOfCases, inputTokens: 1 } },
    { kind: "usage", usage: usageOfCases },
  ];
  t.same(collectStream(events).usage, usageOfCases);
  t.match(collectStream([]), {
    id: null,
    model: null,
    parts: [],
    finish: null,
    usage: null,
    failed: null,
  });
  t.equal(answerOf(collectStream([])).choices[0]?.finish, "error");
});

t.test("collectStream() leaves text of no part out", async (t) => {
  t.same(collectStream([{ kind: "delta", index: 3, text: "x" }]).parts, []);
});
