import t from "tap";
import { answerCases } from "./answer-cases.ts";
import { failingStreams, streamCases } from "./stream-cases.ts";

t.test("streamCases() have a stream for each answer with one choice, and more", async (t) => {
  const names = streamCases().map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  for (const { name, response } of answerCases()) {
    t.equal(names.includes(name), response.choices.length === 1, name);
  }
  t.ok(names.includes("calls side by side"));
});

t.test("streamCases() answer conversations that ask for streams", async (t) => {
  for (const { name, request } of streamCases()) t.ok(request.stream, name);
});

t.test("failingStreams() end with the sentence that is given", async (t) => {
  for (const { name, events } of failingStreams("No luck")) {
    t.match(events.at(-1), { kind: "failed", error: { message: "No luck" } }, name);
  }
});
