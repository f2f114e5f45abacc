import t from "tap";
import type { FinishReason, Part } from "../ir.ts";
import { decodeFinish, encodeFinish } from "./chat-finish-reasons.ts";

const kinds = (...list: Part["kind"][]) => new Set(list);

for (const [word, wanted] of [
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "tool-calls"],
  ["function_call", "tool-calls"],
  ["content_filter", "content-filter"],
  ["eos", "stop"],
  ["model_length", "length"],
  ["MAX_TOKENS", "length"],
  ["error", "error"],
  ["insufficient_system_resource", "error"],
  ["something new", "stop"],
  ["constructor", "stop"],
  [null, "stop"],
] as const) {
  t.test(`decodeFinish() takes ${word} for ${wanted}`, async (t) => {
    t.equal(decodeFinish(word, kinds("text")), wanted);
  });
}

t.test("decodeFinish() knows calls and refusals that ended with `stop`", async (t) => {
  t.equal(decodeFinish("stop", kinds("text", "tool-call")), "tool-calls");
  t.equal(decodeFinish(null, kinds("tool-call")), "tool-calls");
  t.equal(decodeFinish("stop", kinds("refusal")), "refusal");
  t.equal(decodeFinish("length", kinds("tool-call")), "length");
});

const written: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  "stop-text": "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "content_filter",
  paused: "length",
  error: "content_filter",
};

for (const [finish, word] of Object.entries(written)) {
  t.test(`encodeFinish() writes ${word} for ${finish}`, async (t) => {
    for (const reason of [
      "stop",
      "stop-text",
      "length",
      "tool-calls",
      "content-filter",
      "refusal",
      "paused",
      "error",
    ] as const) {
      if (reason === finish) t.equal(encodeFinish(reason, kinds("text")), word);
    }
  });
}

t.test("encodeFinish() lets a refusal in words of its own end as OpenAI's do", async (t) => {
  t.equal(encodeFinish("refusal", kinds("refusal")), "stop");
  t.equal(decodeFinish(encodeFinish("refusal", kinds("refusal")), kinds("refusal")), "refusal");
});
