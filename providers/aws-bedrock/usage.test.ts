/** What is content and what is not, event by event; whole calls are in ../call-observer.test.ts. */
import t from "tap";
import { findOperation } from "../operation-layout.ts";
import { isContent } from "../testdata/first-content.ts";
import { bedrockConverse } from "./converse-codec.ts";
import { bedrockAnthropic } from "./invoke-anthropic-codec.ts";
import { awsBedrock } from "./provider.ts";
import { bedrockTokenCount } from "./token-count-codec.ts";

const converse: readonly {
  readonly name: string;
  readonly event: unknown;
  readonly is: boolean;
}[] = [
  { name: "the start", event: { role: "assistant", p: "abc" }, is: false },
  { name: "text", event: delta({ text: "a" }), is: true },
  { name: "empty text", event: delta({ text: "" }), is: false },
  { name: "input of a tool", event: delta({ toolUse: { input: "{" } }), is: true },
  { name: "empty input", event: delta({ toolUse: { input: "" } }), is: false },
  { name: "reasoning", event: delta({ reasoningContent: { text: "Hm" } }), is: true },
  { name: "a signature", event: delta({ reasoningContent: { signature: "s" } }), is: false },
  {
    name: "redacted reasoning",
    event: delta({ reasoningContent: { redactedContent: "AQID" } }),
    is: true,
  },
  {
    name: "a tool",
    event: { contentBlockIndex: 0, start: { toolUse: { toolUseId: "t", name: "f" } } },
    is: true,
  },
  { name: "the end of a block", event: { contentBlockIndex: 0 }, is: false },
  { name: "the end", event: { stopReason: "end_turn" }, is: false },
  { name: "the counts", event: { usage: { inputTokens: 1 } }, is: false },
  { name: "an exception", event: { message: "Too fast" }, is: false },
];

function delta(change: object): object {
  return { contentBlockIndex: 0, delta: change, p: "abcdefgh" };
}

for (const { name, event, is } of converse) {
  t.test(`converse takes ${name} for ${is ? "" : "no "}content`, async (t) => {
    t.equal(isContent(awsBedrock, "/model/x/converse-stream", event), is);
  });
}

const invoke: readonly { readonly name: string; readonly event: unknown; readonly is: boolean }[] =
  [
    {
      name: "Claude's text",
      event: { type: "content_block_delta", delta: { type: "text_delta", text: "a" } },
      is: true,
    },
    { name: "Llama's text", event: { generation: "a" }, is: true },
    { name: "Llama's end", event: { generation: "", stop_reason: "stop" }, is: false },
    { name: "Titan's text", event: { outputText: "a", index: 0 }, is: true },
    {
      name: "Nova's text",
      event: { contentBlockDelta: { delta: { text: "a" }, contentBlockIndex: 0 } },
      is: true,
    },
    { name: "Nova's start", event: { messageStart: { role: "assistant" } }, is: false },
  ];

for (const { name, event, is } of invoke) {
  t.test(`invoke takes ${name} for ${is ? "" : "no "}content`, async (t) => {
    t.equal(isContent(awsBedrock, "/model/x/invoke-with-response-stream", event), is);
  });
}

const operations: readonly {
  readonly path: string;
  readonly name: string;
  readonly codec: unknown;
  readonly isStream: boolean;
}[] = [
  { path: "converse", name: "chat", codec: bedrockConverse, isStream: false },
  { path: "converse-stream", name: "chat", codec: bedrockConverse, isStream: true },
  { path: "invoke", name: "chat", codec: bedrockAnthropic, isStream: false },
  { path: "invoke-with-response-stream", name: "chat", codec: bedrockAnthropic, isStream: true },
  { path: "count-tokens", name: "count_tokens", codec: bedrockTokenCount, isStream: false },
];

for (const { path, name, codec, isStream } of operations) {
  t.test(`bedrockOperations has ${path} with the model of its path`, async (t) => {
    const found = findOperation(awsBedrock, "POST", `/model/arn%3Aaws%3Ax%2Fa%3A0/${path}?q=1`);
    t.match(found, { pathModel: "arn:aws:x/a:0", layout: { operation: { name } } });
    t.equal(found?.layout.operation.codec, codec);
    t.equal(found?.layout.operation.isStream === true, isStream);
  });
}

t.test("bedrockOperations leaves other calls alone", async (t) => {
  for (const path of [
    "/guardrail/g/version/1/apply",
    "/async-invoke",
    "/model/a/invoke-with-bidirectional-stream",
    "/model/a/b/converse",
  ]) {
    t.equal(findOperation(awsBedrock, "POST", path), undefined, path);
  }
});
