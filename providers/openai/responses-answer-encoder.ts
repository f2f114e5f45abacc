/** Writes a whole answer of the Responses API. */

import type { WireBody } from "../codec.ts";
import type { ChatRequest, ChatResponse, Choice } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import { createEnvelope, outcomeOf, writeEnvelope } from "./responses-envelope.ts";
import type { AnswerIds } from "./responses-ids.ts";
import { createAnswerIds } from "./responses-ids.ts";
import { encodeTokenLogprobs } from "./responses-logprobs.ts";
import type { ItemStatus } from "./responses-output-items.ts";
import { itemOfPart, writeItem } from "./responses-output-items.ts";

/** The answer's first choice, with one item for each of its parts. */
export function encodeResponse(response: ChatResponse, request: ChatRequest): WireBody {
  const ids = createAnswerIds(response.id);
  const [choice] = response.choices;
  const parts = choice?.parts ?? [];
  const hasRefusal = parts.some(({ kind }) => kind === "refusal");
  const outcome = outcomeOf(choice?.finish ?? "stop", hasRefusal);
  const lastStatus = outcome.status === "completed" ? "completed" : "incomplete";
  const output = choice === undefined ? "" : encodeItems(choice, ids, lastStatus);
  const envelope = createEnvelope(request, {
    ids,
    model: response.model,
    created: response.created,
  });
  return {
    contentType: "application/json",
    body: writeEnvelope(envelope, outcome, { output, usage: response.usage }),
  };
}

function encodeItems({ parts, logprobs }: Choice, ids: AnswerIds, last: ItemStatus): string {
  // They are of the text as a whole; clients join it anyway.
  let unwritten = logprobs === null ? "[]" : writeJson(encodeTokenLogprobs(logprobs));
  const items: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (part === undefined) continue;
    const item = itemOfPart(part, { ids, index: items.length, logprobs: unwritten });
    if (part.kind === "text") unwritten = "[]";
    if (item !== null) items.push(writeItem(item, at === parts.length - 1 ? last : "completed"));
  }
  return items.join(",");
}
