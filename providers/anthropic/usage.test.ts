/** What is content and what is not, event by event; whole calls are in ../call-observer.test.ts. */
import t from "tap";
import { isContent } from "../testdata/first-content.ts";
import { anthropic } from "./provider.ts";

const events: readonly { readonly name: string; readonly event: unknown; readonly is: boolean }[] =
  [
    {
      name: "the start",
      event: { type: "message_start", message: { id: "m", content: [] } },
      is: false,
    },
    { name: "a ping", event: { type: "ping" }, is: false },
    { name: "an empty block of text", event: block({ type: "text", text: "" }), is: false },
    { name: "a block with text", event: block({ type: "text", text: "a" }), is: true },
    {
      name: "an empty block of thinking",
      event: block({ type: "thinking", thinking: "", signature: "" }),
      is: false,
    },
    {
      name: "redacted thinking",
      event: block({ type: "redacted_thinking", data: "Emw" }),
      is: true,
    },
    { name: "a tool", event: block({ type: "tool_use", id: "t", name: "f", input: {} }), is: true },
    { name: "text", event: delta({ type: "text_delta", text: "a" }), is: true },
    { name: "empty text", event: delta({ type: "text_delta", text: "" }), is: false },
    { name: "thinking", event: delta({ type: "thinking_delta", thinking: "Hm" }), is: true },
    { name: "a signature", event: delta({ type: "signature_delta", signature: "Eq" }), is: false },
    {
      name: "input of a tool",
      event: delta({ type: "input_json_delta", partial_json: "{" }),
      is: true,
    },
    {
      name: "empty input",
      event: delta({ type: "input_json_delta", partial_json: "" }),
      is: false,
    },
    {
      name: "the end",
      event: {
        type: "message_delta",
        delta: { stop_reason: "end_turn" },
        usage: { output_tokens: 1 },
      },
      is: false,
    },
    { name: "an error", event: { type: "error", error: { message: "Overloaded" } }, is: false },
  ];

function block(content_block: object): object {
  return { type: "content_block_start", index: 0, content_block };
}

function delta(change: object): object {
  return { type: "content_block_delta", index: 0, delta: change };
}

for (const { name, event, is } of events) {
  t.test(`messages takes ${name} for ${is ? "" : "no "}content`, async (t) => {
    t.equal(isContent(anthropic, "/v1/messages", event), is);
  });
}

t.test("textCompletions takes text for content, and no empty text", async (t) => {
  const event = (completion: string) => ({ type: "completion", completion, stop_reason: null });
  t.equal(isContent(anthropic, "/v1/complete", event(" a")), true);
  t.equal(isContent(anthropic, "/v1/complete", event("")), false);
});
