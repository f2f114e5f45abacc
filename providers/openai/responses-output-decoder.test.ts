import t from "tap";
import type { StreamEvent } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { OutputDecoder } from "./responses-output-decoder.ts";

function eventsOf(...wire: readonly JsonObject[]): StreamEvent[] {
  const decoder = new OutputDecoder();
  const events: StreamEvent[] = [];
  for (const event of wire) decoder.add(event, events);
  decoder.finish(undefined, events);
  return events;
}

function added(index: number, item: JsonObject): JsonObject {
  return { type: "response.output_item.added", output_index: index, item };
}

function done(index: number, item: JsonObject): JsonObject {
  return { type: "response.output_item.done", output_index: index, item };
}

function delta(sort: string, index: number, text: string, more: JsonObject = {}): JsonObject {
  return { type: `response.${sort}.delta`, output_index: index, delta: text, ...more };
}

const call = { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: "" };
const textStart = { kind: "part-start", index: 0, part: { kind: "text" } };

t.test("add() reads a text", async (t) => {
  const message = { type: "message", content: [] };
  t.same(
    eventsOf(
      added(0, message),
      { type: "response.content_part.added", output_index: 0, content_index: 0, part: {} },
      delta("output_text", 0, "a", { content_index: 0, logprobs: [] }),
      delta("output_text", 0, "b", { content_index: 0 }),
      { type: "response.output_text.done", output_index: 0, content_index: 0, text: "ab" },
      done(0, { ...message, content: [{ type: "output_text", text: "ab" }] }),
    ),
    [
      textStart,
      { kind: "delta", index: 0, text: "a" },
      { kind: "delta", index: 0, text: "b" },
      { kind: "part-end", index: 0 },
    ],
  );
});

t.test("add() gives each piece of content a part of its own", async (t) => {
  t.same(
    eventsOf(
      delta("output_text", 0, "a", { content_index: 0 }),
      delta("refusal", 0, "No", { content_index: 1 }),
      done(0, { type: "message", content: [] }),
    ),
    [
      textStart,
      { kind: "delta", index: 0, text: "a" },
      { kind: "part-start", index: 1, part: { kind: "refusal" } },
      { kind: "delta", index: 1, text: "No" },
      { kind: "part-end", index: 0 },
      { kind: "part-end", index: 1 },
    ],
  );
});

t.test("add() reads probabilities behind their text", async (t) => {
  const logprobs = [{ token: "a", logprob: -1, bytes: [97], top_logprobs: [] }];
  t.same(eventsOf(delta("output_text", 0, "a", { logprobs })).slice(1, 3), [
    { kind: "delta", index: 0, text: "a" },
    {
      kind: "logprobs",
      index: 0,
      logprobs: [{ token: "a", logprob: -1, bytes: [97], top: [] }],
    },
  ]);
});

t.test("add() reads calls that overlap, with dense indexes", async (t) => {
  t.same(
    eventsOf(
      added(0, { type: "reasoning", summary: [] }),
      added(5, call),
      added(9, { ...call, call_id: "d", name: "g" }),
      delta("function_call_arguments", 9, "{"),
      delta("function_call_arguments", 5, "[]"),
      delta("function_call_arguments", 9, "}"),
      done(5, { ...call, arguments: "[]" }),
      done(9, { ...call, call_id: "d", name: "g", arguments: "{}" }),
    ),
    [
      { kind: "part-start", index: 0, part: { kind: "tool-call", id: "c", name: "f" } },
      { kind: "part-start", index: 1, part: { kind: "tool-call", id: "d", name: "g" } },
      { kind: "delta", index: 1, text: "{" },
      { kind: "delta", index: 0, text: "[]" },
      { kind: "delta", index: 1, text: "}" },
      { kind: "part-end", index: 0 },
      { kind: "part-end", index: 1 },
    ],
  );
});

t.test("add() takes a call without arguments for one with none", async (t) => {
  t.same(eventsOf(added(0, call), done(0, call)).slice(1), [
    { kind: "delta", index: 0, text: "{}" },
    { kind: "part-end", index: 0 },
  ]);
});

t.test("add() reads summaries of reasoning as one part", async (t) => {
  const summary = (summaryIndex: number) => ({
    type: "response.reasoning_summary_part.added",
    output_index: 0,
    summary_index: summaryIndex,
    part: { type: "summary_text", text: "" },
  });
  t.same(
    eventsOf(
      added(0, { type: "reasoning", summary: [] }),
      summary(0),
      delta("reasoning_summary_text", 0, "H"),
      delta("reasoning_summary_text", 0, "m"),
      summary(1),
      delta("reasoning_summary_text", 0, "So"),
      done(0, { type: "reasoning", summary: [{ text: "Hm" }, { text: "So" }] }),
    ),
    [
      {
        kind: "part-start",
        index: 0,
        part: { kind: "reasoning", encrypted: null, origin: "openai-responses" },
      },
      { kind: "delta", index: 0, text: "H" },
      { kind: "delta", index: 0, text: "m" },
      { kind: "delta", index: 0, text: "\n\n" },
      { kind: "delta", index: 0, text: "So" },
      { kind: "part-end", index: 0 },
    ],
  );
});

t.test("add() takes what is encrypted beside a summary for its signature", async (t) => {
  t.same(
    eventsOf(
      delta("reasoning_text", 0, "Hm"),
      done(0, {
        type: "reasoning",
        summary: [],
        content: [{ text: "Hm" }],
        encrypted_content: "e",
      }),
    ).slice(1),
    [
      { kind: "delta", index: 0, text: "Hm" },
      { kind: "signature", index: 0, signature: "e" },
      { kind: "part-end", index: 0 },
    ],
  );
});

t.test("add() reads hidden reasoning when it is done", async (t) => {
  t.same(
    eventsOf(
      added(0, { type: "reasoning", summary: [], encrypted_content: "half" }),
      done(0, { type: "reasoning", summary: [], encrypted_content: "whole" }),
    ),
    [
      {
        kind: "part-start",
        index: 0,
        part: { kind: "reasoning", encrypted: "whole", origin: "openai-responses" },
      },
      { kind: "part-end", index: 0 },
    ],
  );
});

t.test("add() passes over reasoning that says nothing", async (t) => {
  const reasoning = { type: "reasoning", summary: [] };
  t.same(eventsOf(added(0, reasoning), done(0, reasoning)), []);
});

t.test("add() takes from the item what was not told in pieces", async (t) => {
  t.same(
    eventsOf(
      done(0, { type: "reasoning", summary: [{ text: "Hm" }], encrypted_content: "e" }),
      done(1, { type: "message", content: [{ type: "output_text", text: "a" }] }),
      done(2, { type: "message", content: [{ type: "refusal", refusal: "No" }, { type: "odd" }] }),
      done(3, { ...call, arguments: "[]" }),
    ).map((event) => ("text" in event ? event.text : event.kind)),
    [
      ...["part-start", "Hm", "signature", "part-end"],
      ...["part-start", "a", "part-end"],
      ...["part-start", "No", "part-end"],
      ...["part-start", "[]", "part-end"],
    ],
  );
});

t.test("finish() takes items from the whole output that were not told at all", async (t) => {
  const decoder = new OutputDecoder();
  const events: StreamEvent[] = [];
  const message = { type: "message", content: [{ type: "output_text", text: "ab" }] };
  decoder.add(delta("output_text", 0, "ab"), events);
  decoder.finish([message, { ...call, arguments: "[]" }, "odd"], events);
  t.same(events, [
    textStart,
    { kind: "delta", index: 0, text: "ab" },
    { kind: "part-end", index: 0 },
    { kind: "part-start", index: 1, part: { kind: "tool-call", id: "c", name: "f" } },
    { kind: "delta", index: 1, text: "[]" },
    { kind: "part-end", index: 1 },
  ]);
});

t.test("add() tells nothing of an item after its end", async (t) => {
  const message = { type: "message", content: [] };
  t.same(
    eventsOf(
      delta("output_text", 0, "a"),
      done(0, message),
      delta("output_text", 0, "b"),
      done(0, message),
    ),
    [textStart, { kind: "delta", index: 0, text: "a" }, { kind: "part-end", index: 0 }],
  );
});

t.test("add() passes over tools of the provider and events of the future", async (t) => {
  t.same(
    eventsOf(
      added(0, { type: "web_search_call", id: "ws_1" }),
      { type: "response.web_search_call.searching", output_index: 0 },
      done(0, { type: "web_search_call", id: "ws_1" }),
      { type: "response.dream", output_index: 1 },
      { type: "response.output_item.added", output_index: 2 },
      delta("function_call_arguments", 3, "{}"),
    ),
    [],
  );
});

t.test("kinds tells which parts there were", async (t) => {
  const decoder = new OutputDecoder();
  t.same(decoder.kinds, { hasCall: false, hasRefusal: false });
  decoder.add(added(0, call), []);
  t.same(decoder.kinds, { hasCall: true, hasRefusal: false });
  decoder.add(delta("refusal", 1, "No"), []);
  t.same(decoder.kinds, { hasCall: true, hasRefusal: true });
});
