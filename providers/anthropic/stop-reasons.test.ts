import t from "tap";
import { finishOf, stopReasonOf } from "./stop-reasons.ts";

const words = [
  { word: "end_turn", finish: "stop" },
  { word: "max_tokens", finish: "length" },
  { word: "stop_sequence", finish: "stop-text" },
  { word: "tool_use", finish: "tool-calls" },
  { word: "refusal", finish: "refusal" },
  { word: "pause_turn", finish: "paused" },
] as const;
for (const { word, finish } of words) {
  t.test(`finishOf() and stopReasonOf() translate ${word}`, async (t) => {
    t.equal(finishOf(word), finish);
    t.equal(stopReasonOf(finish, false), word);
  });
}

t.test("finishOf() reads words that have no reason of their own", async (t) => {
  t.equal(finishOf("model_context_window_exceeded"), "length");
  t.equal(finishOf("compaction"), "paused");
  for (const word of ["of_tomorrow", "constructor", null, undefined, 1])
    t.equal(finishOf(word), "stop");
});

t.test("stopReasonOf() has a word for what the dialect does not know", async (t) => {
  t.equal(stopReasonOf("content-filter", false), "refusal");
  t.equal(stopReasonOf("error", false), "refusal");
});

t.test(
  "stopReasonOf() says that tools are to be called where the answer simply ended with calls",
  async (t) => {
    t.equal(stopReasonOf("stop", true), "tool_use");
    t.equal(stopReasonOf("length", true), "max_tokens");
  },
);
