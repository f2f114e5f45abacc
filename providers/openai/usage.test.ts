/** What is content and what is not, event by event; whole calls are in ../call-observer.test.ts. */
import t from "tap";
import { isContent } from "../testdata/first-content.ts";
import { openai } from "./provider.ts";

const deltas: readonly { readonly name: string; readonly delta: unknown; readonly is: boolean }[] =
  [
    { name: "a role", delta: { role: "assistant", content: "", refusal: null }, is: false },
    { name: "nothing", delta: {}, is: false },
    { name: "no content", delta: { content: null }, is: false },
    { name: "text", delta: { content: "a" }, is: true },
    { name: "a refusal", delta: { refusal: "No" }, is: true },
    { name: "reasoning", delta: { reasoning_content: "Hm" }, is: true },
    { name: "reasoning of other servers", delta: { reasoning: "Hm" }, is: true },
    { name: "audio", delta: { audio: { id: "audio_1", data: "AAAA" } }, is: true },
    { name: "the begin of audio", delta: { audio: { id: "audio_1", expires_at: 1 } }, is: false },
    { name: "a function", delta: { function_call: { name: "f", arguments: "" } }, is: true },
    {
      name: "a tool's name",
      delta: { tool_calls: [{ index: 0, id: "call_1", function: { name: "f", arguments: "" } }] },
      is: true,
    },
    {
      name: "the second tool's arguments",
      delta: { tool_calls: [{ index: 0 }, { index: 1, function: { arguments: "{" } }] },
      is: true,
    },
    {
      name: "a custom tool",
      delta: { tool_calls: [{ index: 0, type: "custom", custom: { name: "", input: "x" } }] },
      is: true,
    },
    { name: "no tools", delta: { tool_calls: [] }, is: false },
  ];

for (const { name, delta, is } of deltas) {
  t.test(`chatCompletions takes ${name} for ${is ? "" : "no "}content`, async (t) => {
    const event = { id: "x", model: "m", choices: [{ index: 0, delta, finish_reason: null }] };
    t.equal(isContent(openai, "/v1/chat/completions", event), is);
  });
}

const events: readonly { readonly event: Record<string, unknown>; readonly is: boolean }[] = [
  { event: { type: "response.created", response: { id: "r", output: [] } }, is: false },
  { event: { type: "response.queued", response: { id: "r" } }, is: false },
  {
    event: { type: "response.output_item.added", item: { type: "message", content: [] } },
    is: false,
  },
  { event: { type: "response.output_item.added", item: { type: "reasoning" } }, is: false },
  {
    event: { type: "response.output_item.added", item: { type: "function_call", name: "f" } },
    is: true,
  },
  {
    event: { type: "response.content_part.added", part: { type: "output_text", text: "" } },
    is: false,
  },
  { event: { type: "response.output_text.delta", delta: "a" }, is: true },
  { event: { type: "response.refusal.delta", delta: "No" }, is: true },
  { event: { type: "response.reasoning_text.delta", delta: "Hm" }, is: true },
  { event: { type: "response.reasoning_summary_text.delta", delta: "Hm" }, is: true },
  { event: { type: "response.function_call_arguments.delta", delta: "{" }, is: true },
  { event: { type: "response.audio.delta", delta: "AAAA" }, is: true },
  {
    event: { type: "response.image_generation_call.partial_image", partial_image_b64: "A" },
    is: true,
  },
  { event: { type: "response.web_search_call.searching", item_id: "ws_1" }, is: false },
  { event: { type: "error", code: "x", message: "y" }, is: false },
];

for (const { event, is } of events) {
  const name = `${event["type"]} ${JSON.stringify(event["item"] ?? "")}`;
  t.test(`responses takes ${name} for ${is ? "" : "no "}content`, async (t) => {
    t.equal(isContent(openai, "/v1/responses", event), is);
  });
}

t.test("completions takes text for content, and no empty text", async (t) => {
  const event = (text: string) => ({ choices: [{ index: 0, text, finish_reason: null }] });
  t.equal(isContent(openai, "/v1/completions", event("a")), true);
  t.equal(isContent(openai, "/v1/completions", event("")), false);
});
