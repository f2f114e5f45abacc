import t from "tap";
import type { PartStart } from "../ir.ts";
import { writtenEvents } from "../testdata/openai-responses-codec/wire-calls.ts";
import { EventWriter } from "./responses-event-writer.ts";
import { createAnswerIds } from "./responses-ids.ts";
import { writeItem } from "./responses-output-items.ts";
import type { StreamItem } from "./responses-stream-items.ts";
import { createStreamItem } from "./responses-stream-items.ts";

function begin(part: PartStart): StreamItem {
  const ids = createAnswerIds("resp_1");
  return createStreamItem(part, { events: new EventWriter(), ids, index: 3 });
}

/** Types of events with their members, without numbers. */
function read(bytes: string): unknown[] {
  return writtenEvents(bytes).map(({ data }) => {
    const { sequence_number: _, ...members } = data;
    return members;
  });
}

const place = { item_id: "msg_10003", output_index: 3, content_index: 0 };

t.test("createStreamItem() writes the life of a text", async (t) => {
  const item = begin({ kind: "text" });
  const message = { id: "msg_10003", type: "message", role: "assistant" };
  const empty = { type: "output_text", annotations: [], logprobs: [], text: "" };
  const whole = { ...empty, text: 'a"b' };
  t.same(read(item.begin()), [
    {
      type: "response.output_item.added",
      output_index: 3,
      item: { ...message, status: "in_progress", content: [] },
    },
    { type: "response.content_part.added", ...place, part: empty },
  ]);
  t.same(read(item.add("a", [])), [
    { type: "response.output_text.delta", ...place, delta: "a", logprobs: [] },
  ]);
  item.add('"b', []);
  t.same(read(item.end()), [
    { type: "response.output_text.done", ...place, text: 'a"b', logprobs: [] },
    { type: "response.content_part.done", ...place, part: whole },
    {
      type: "response.output_item.done",
      output_index: 3,
      item: { ...message, status: "completed", content: [whole] },
    },
  ]);
});

t.test("createStreamItem() gathers probabilities of a text", async (t) => {
  const item = begin({ kind: "text" });
  const token = (text: string) => ({ token: text, logprob: -1, bytes: null, top: [] });
  const written = (text: string) => ({
    token: text,
    logprob: -1,
    bytes: [...Buffer.from(text)],
    top_logprobs: [],
  });
  item.begin();
  t.match(read(item.add("a", [token("a")])), [{ delta: "a", logprobs: [written("a")] }]);
  t.match(read(item.add("", [token("b"), token("c")])), [
    { delta: "", logprobs: [written("b"), written("c")] },
  ]);
  const all = [written("a"), written("b"), written("c")];
  t.match(read(item.end()), [
    { logprobs: all },
    { part: { logprobs: all } },
    { item: { content: [{ logprobs: all }] } },
  ]);
});

t.test("createStreamItem() writes the life of a refusal", async (t) => {
  const item = begin({ kind: "refusal" });
  t.match(read(item.begin()), [
    { type: "response.output_item.added", item: { type: "message", content: [] } },
    { type: "response.content_part.added", part: { type: "refusal", refusal: "" } },
  ]);
  t.same(read(item.add("No", [])), [{ type: "response.refusal.delta", ...place, delta: "No" }]);
  t.match(read(item.end()), [
    { type: "response.refusal.done", ...place, refusal: "No" },
    { type: "response.content_part.done", part: { type: "refusal", refusal: "No" } },
    { type: "response.output_item.done", item: { content: [{ refusal: "No" }] } },
  ]);
});

t.test("createStreamItem() writes the life of a call", async (t) => {
  const item = begin({ kind: "tool-call", id: "call_1", name: "f" });
  const call = { id: "fc_10003", type: "function_call", call_id: "call_1", name: "f" };
  const place = { item_id: "fc_10003", output_index: 3 };
  t.same(read(item.begin()), [
    {
      type: "response.output_item.added",
      output_index: 3,
      item: { ...call, status: "in_progress", arguments: "" },
    },
  ]);
  t.same(read(item.add('{"a":', [])), [
    { type: "response.function_call_arguments.delta", ...place, delta: '{"a":' },
  ]);
  item.add("1}", []);
  t.same(read(item.end()), [
    {
      type: "response.function_call_arguments.done",
      ...place,
      name: "f",
      arguments: '{"a":1}',
    },
    {
      type: "response.output_item.done",
      output_index: 3,
      item: { ...call, status: "completed", arguments: '{"a":1}' },
    },
  ]);
});

t.test("createStreamItem() writes the life of reasoning", async (t) => {
  const item = begin({ kind: "reasoning", encrypted: null, origin: "openai-responses" });
  const place = { item_id: "rs_10003", output_index: 3, summary_index: 0 };
  t.match(read(item.begin()), [
    {
      type: "response.output_item.added",
      item: { id: "rs_10003", type: "reasoning", status: "in_progress", summary: [] },
    },
  ]);
  t.same(read(item.add("", [])), []);
  t.same(read(item.add("H", [])), [
    {
      type: "response.reasoning_summary_part.added",
      ...place,
      part: { type: "summary_text", text: "" },
    },
    { type: "response.reasoning_summary_text.delta", ...place, delta: "H" },
  ]);
  t.same(read(item.add("m", [])), [
    { type: "response.reasoning_summary_text.delta", ...place, delta: "m" },
  ]);
  item.sign?.("old");
  item.sign?.("new");
  t.match(read(item.end()), [
    { type: "response.reasoning_summary_text.done", ...place, text: "Hm" },
    {
      type: "response.reasoning_summary_part.done",
      ...place,
      part: { type: "summary_text", text: "Hm" },
    },
    {
      type: "response.output_item.done",
      item: {
        status: "completed",
        summary: [{ type: "summary_text", text: "Hm" }],
        encrypted_content: "new",
      },
    },
  ]);
});

t.test("createStreamItem() writes hidden reasoning without a summary", async (t) => {
  const item = begin({ kind: "reasoning", encrypted: "e", origin: "openai-responses" });
  item.begin();
  t.match(read(item.end()), [
    { type: "response.output_item.done", item: { summary: [], encrypted_content: "e" } },
  ]);
});

t.test("whole() is the item as it is by now", async (t) => {
  const item = begin({ kind: "text" });
  item.begin();
  item.add("a", []);
  t.match(JSON.parse(writeItem(item.whole(), "incomplete")), {
    status: "incomplete",
    content: [{ text: "a" }],
  });
});
