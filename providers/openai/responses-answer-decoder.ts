/** Reads a whole answer of the Responses API (https://platform.openai.com/docs/api-reference/responses/object). */

import type { Decoded, WireResponse } from "../codec.ts";
import type { ChatResponse, FinishReason, Part, TokenLogprob } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson } from "../json-text.ts";
import { decodeTokenLogprobs } from "./responses-logprobs.ts";
import { decodeReasoning } from "./responses-reasoning.ts";
import { decodeUsage } from "./responses-usage.ts";
import { wholeNumberOf } from "../whole-number.ts";

/** What of an answer's parts decides why it ended. */
export interface PartKinds {
  readonly hasCall: boolean;
  readonly hasRefusal: boolean;
}

const finishOfReason: ReadonlyMap<string, FinishReason> = new Map([
  ["max_output_tokens", "length"],
  ["content_filter", "content-filter"],
]);

/** The answer; items that tools of the provider left are passed over. */
export function decodeResponse({ body }: WireResponse): Decoded<ChatResponse> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const answer = parsed.value;
  if (!isJsonObject(answer) || !Array.isArray(answer["output"])) {
    return { kind: "malformed", reason: "it has no list of output" };
  }
  const parts: Part[] = [];
  const logprobs: TokenLogprob[] = [];
  for (const item of answer["output"]) {
    if (isJsonObject(item)) addItem(item, { parts, logprobs });
  }
  const finish = finishOf(answer, {
    hasCall: parts.some(({ kind }) => kind === "tool-call"),
    hasRefusal: parts.some(({ kind }) => kind === "refusal"),
  });
  if (finish === null) return { kind: "malformed", reason: "status tells of no ended answer" };
  const choice = { parts, finish, stopText: null, logprobs: logprobs.length > 0 ? logprobs : null };
  return {
    kind: "ok",
    value: { ...identityOf(answer), choices: [choice], usage: decodeUsage(answer["usage"]) },
  };
}

/** Id, model and time of an answer, empty and null where it does not say. */
export function identityOf(answer: JsonObject): {
  readonly id: string;
  readonly model: string;
  readonly created: number | null;
} {
  const { id, model, created_at: created } = answer;
  return {
    id: typeof id === "string" ? id : "",
    model: typeof model === "string" ? model : "",
    created: wholeNumberOf(created),
  };
}

/** Why an answer ended; null where it has not, or was given up. */
export function finishOf(
  { status, incomplete_details: details }: JsonObject,
  { hasCall, hasRefusal }: PartKinds,
): FinishReason | null {
  switch (status) {
    case "completed":
    case undefined:
    case null:
      if (hasCall) return "tool-calls";
      return hasRefusal ? "refusal" : "stop";
    case "incomplete": {
      const reason = isJsonObject(details) ? details["reason"] : undefined;
      return (typeof reason === "string" ? finishOfReason.get(reason) : undefined) ?? "length";
    }
    case "failed":
      return "error";
    default:
      return null;
  }
}

/** The id by which a call's result names it: its own where it has none. */
export function callIdOf({ call_id: callId, id }: JsonObject, index: number): string {
  if (isNonEmpty(callId)) return callId;
  return isNonEmpty(id) ? id : `call_${index}`;
}

/** Text that may be missing. */
export function textOrEmpty(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Whether a text is there and not empty. */
export function isNonEmpty(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "";
}

interface Gathered {
  readonly parts: Part[];
  readonly logprobs: TokenLogprob[];
}

function addItem(item: JsonObject, gathered: Gathered): void {
  const { parts } = gathered;
  switch (item["type"]) {
    case "message":
      addContent(item["content"], gathered);
      return;
    case "function_call":
      parts.push({
        kind: "tool-call",
        id: callIdOf(item, parts.length),
        name: textOrEmpty(item["name"]),
        arguments: textOrEmpty(item["arguments"]) || "{}",
        signature: null,
      });
      return;
    case "reasoning": {
      const part = decodeReasoning(item);
      if (part.text !== "" || isNonEmpty(item["encrypted_content"])) parts.push(part);
      return;
    }
  }
}

function addContent(content: JsonValue | undefined, { parts, logprobs }: Gathered): void {
  if (!Array.isArray(content)) return;
  for (const piece of content) {
    if (!isJsonObject(piece)) continue;
    if (piece["type"] === "refusal") {
      parts.push({ kind: "refusal", text: textOrEmpty(piece["refusal"]) });
    } else if (piece["type"] === "output_text") {
      parts.push({ kind: "text", text: textOrEmpty(piece["text"]) });
      for (const entry of decodeTokenLogprobs(piece["logprobs"])) logprobs.push(entry);
    }
  }
}
