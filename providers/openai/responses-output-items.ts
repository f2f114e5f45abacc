/** Items of an answer's output as JSON text, each written once for all events that repeat it. */

import type { Part } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import type { AnswerIds } from "./responses-ids.ts";
import { itemId } from "./responses-ids.ts";
import { encryptedContent } from "./responses-reasoning.ts";

/** An item's JSON text, cut where its state stands. */
export interface OutputItem {
  readonly before: string;
  readonly after: string;
}

/** States of an item. */
export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** The JSON text of an item. */
export function writeItem({ before, after }: OutputItem, status: ItemStatus): string {
  return `${before}${status}${after}`;
}

/** An item of a message with one piece of content, which is JSON text; empty for none yet. */
export function messageItem(id: string, content: string): OutputItem {
  return {
    before: `{"id":"${id}","type":"message","status":"`,
    after: `","role":"assistant","content":[${content}]}`,
  };
}

/** An item of a call; `args` is JSON text of the string that holds the arguments. */
export function callItem(
  id: string,
  { callId, name, args }: { readonly callId: string; readonly name: string; readonly args: string },
): OutputItem {
  return {
    before: `{"id":"${id}","type":"function_call","status":"`,
    after: `","arguments":${args},"call_id":${writeJson(callId)},"name":${writeJson(name)}}`,
  };
}

/** An item of reasoning; `summary` is JSON text of its pieces, empty for none. */
export function reasoningItem(
  id: string,
  { summary, encrypted }: { readonly summary: string; readonly encrypted: string | null },
): OutputItem {
  const rest = encrypted === null ? "" : `,"encrypted_content":${writeJson(encrypted)}`;
  return {
    before: `{"id":"${id}","type":"reasoning","status":"`,
    after: `","summary":[${summary}]${rest}}`,
  };
}

/** Content that is text; both are JSON texts. */
export function textContent(text: string, logprobs: string): string {
  return `{"type":"output_text","annotations":[],"logprobs":${logprobs},"text":${text}}`;
}

/** Content that is a refusal; JSON text. */
export function refusalContent(text: string): string {
  return `{"type":"refusal","refusal":${text}}`;
}

/** A piece of a summary; JSON text. */
export function summaryContent(text: string): string {
  return `{"type":"summary_text","text":${text}}`;
}

/** The item of a whole part; null for parts that no answer has. */
export function itemOfPart(
  part: Part,
  {
    ids,
    index,
    logprobs,
  }: {
    readonly ids: AnswerIds;
    readonly index: number;
    /** JSON text of a list */
    readonly logprobs: string;
  },
): OutputItem | null {
  switch (part.kind) {
    case "text":
      return messageItem(itemId(ids, "msg", index), textContent(writeJson(part.text), logprobs));
    case "refusal":
      return messageItem(itemId(ids, "msg", index), refusalContent(writeJson(part.text)));
    case "tool-call":
      return callItem(itemId(ids, "fc", index), {
        callId: part.id,
        name: part.name,
        args: writeJson(part.arguments),
      });
    case "reasoning": {
      const summary = part.text === "" ? "" : summaryContent(writeJson(part.text));
      const encrypted = encryptedContent(part);
      return reasoningItem(itemId(ids, "rs", index), { summary, encrypted });
    }
    default:
      return null;
  }
}
