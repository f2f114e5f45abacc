import t from "tap";
import type { Part } from "../ir.ts";
import { createAnswerIds } from "./responses-ids.ts";
import { itemOfPart, writeItem } from "./responses-output-items.ts";

const ids = createAnswerIds("resp_1");

function itemOf(part: Part, logprobs = "[]"): unknown {
  const item = itemOfPart(part, { ids, index: 2, logprobs });
  return item === null ? null : JSON.parse(writeItem(item, "completed"));
}

const reasoning = { kind: "reasoning", text: "", signature: null, encrypted: null } as const;

const rows: readonly { name: string; part: Part; item: unknown }[] = [
  {
    name: "text",
    part: { kind: "text", text: 'a "b"\n' },
    item: {
      id: "msg_10002",
      type: "message",
      status: "completed",
      role: "assistant",
      content: [{ type: "output_text", annotations: [], logprobs: [], text: 'a "b"\n' }],
    },
  },
  {
    name: "a refusal",
    part: { kind: "refusal", text: "No" },
    item: {
      id: "msg_10002",
      type: "message",
      status: "completed",
      role: "assistant",
      content: [{ type: "refusal", refusal: "No" }],
    },
  },
  {
    name: "a call",
    part: { kind: "tool-call", id: 'c"1', name: "f", arguments: '{"a":"b"}', signature: "s" },
    item: {
      id: "fc_10002",
      type: "function_call",
      status: "completed",
      arguments: '{"a":"b"}',
      call_id: 'c"1',
      name: "f",
    },
  },
  {
    name: "reasoning",
    part: { ...reasoning, text: "Hm", origin: "openai-responses" },
    item: {
      id: "rs_10002",
      type: "reasoning",
      status: "completed",
      summary: [{ type: "summary_text", text: "Hm" }],
    },
  },
  {
    name: "hidden reasoning",
    part: { ...reasoning, encrypted: "e", origin: "openai-responses" },
    item: {
      id: "rs_10002",
      type: "reasoning",
      status: "completed",
      summary: [],
      encrypted_content: "e",
    },
  },
  {
    name: "a picture",
    part: { kind: "image", source: { kind: "file", id: "f" }, detail: null },
    item: null,
  },
];

for (const { name, part, item } of rows) {
  t.test(`itemOfPart() makes an item of ${name}`, async (t) => {
    t.same(itemOf(part), item);
  });
}

t.test("itemOfPart() puts probabilities beside text", async (t) => {
  t.match(itemOf({ kind: "text", text: "a" }, '[{"token":"a"}]'), {
    content: [{ logprobs: [{ token: "a" }] }],
  });
});

t.test("writeItem() writes the state", async (t) => {
  const item = itemOfPart({ kind: "text", text: "" }, { ids, index: 0, logprobs: "[]" });
  t.ok(item);
  if (item === null) return;
  for (const status of ["in_progress", "completed", "incomplete"] as const) {
    t.equal(JSON.parse(writeItem(item, status)).status, status);
  }
});
