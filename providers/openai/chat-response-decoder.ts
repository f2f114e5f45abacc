/**
 * Chat completions read into the IR (https://platform.openai.com/docs/api-reference/chat/object). Lenient: other servers
 * of the dialect leave out what OpenAI promises and add what it does not know.
 */

import type { Decoded, WireResponse } from "../codec.ts";
import type { ChatResponse, Choice, Part, ToolCallPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { isJsonList, parseBody } from "./body-reader.ts";
import { chatCodecName } from "./chat-content-decoder.ts";
import { decodeFinish } from "./chat-finish-reasons.ts";
import { decodeChatLogprobs } from "./chat-logprobs.ts";
import { thoughtSignature } from "./chat-messages-decoder.ts";
import { decodeChatUsage } from "./chat-usage.ts";
import { wholeNumberOf } from "../whole-number.ts";

/** Reads a whole answer. */
export function decodeChatResponse({ body }: WireResponse): Decoded<ChatResponse> {
  const parsed = parseBody(body);
  if (parsed.kind === "malformed") return parsed;
  const answer = parsed.value;
  const list = answer["choices"];
  if (!isJsonList(list)) return { kind: "malformed", reason: "choices is not a list" };
  const choices = list.filter(isJsonObject).toSorted(byIndex).map(decodeChoice);
  if (choices.length === 0) return { kind: "malformed", reason: "choices holds no choice" };
  return {
    kind: "ok",
    value: {
      id: textOr(answer["id"], ""),
      model: textOr(answer["model"], ""),
      created: wholeNumberOf(answer["created"]),
      choices,
      usage: decodeChatUsage(answer["usage"]),
    },
  };
}

/** The text of the request's stop list that was met, where a server says so (vLLM's `stop_reason`); null: not said. */
export function decodeStopText(choice: JsonObject): string | null {
  const reason = choice["stop_reason"];
  return typeof reason === "string" && choice["finish_reason"] === "stop" ? reason : null;
}

/** Reasoning that a message or a delta tells beside its content; empty: none. */
export function reasoningOf(message: JsonObject): string {
  return textOr(message["reasoning_content"], textOr(message["reasoning"], ""));
}

/** A string, or what stands for it. */
export function textOr(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function byIndex(a: JsonObject, b: JsonObject): number {
  return indexOf(a) - indexOf(b);
}

function indexOf({ index }: JsonObject): number {
  return typeof index === "number" ? index : 0;
}

function decodeChoice(choice: JsonObject): Choice {
  const message = choice["message"];
  const parts = isJsonObject(message) ? decodeMessage(message) : [];
  const kinds = new Set(parts.map(({ kind }) => kind));
  const word = choice["finish_reason"];
  const stopText = decodeStopText(choice);
  const finish = decodeFinish(typeof word === "string" ? word : null, kinds);
  return {
    parts,
    finish: stopText !== null && finish === "stop" ? "stop-text" : finish,
    stopText,
    logprobs: decodeChatLogprobs(choice["logprobs"]),
  };
}

function decodeMessage(message: JsonObject): Part[] {
  const parts: Part[] = [];
  const reasoning = reasoningOf(message);
  if (reasoning !== "") parts.push(reasoningPart(reasoning));
  addContent(parts, message["content"]);
  const refusal = textOr(message["refusal"], "");
  if (refusal !== "") parts.push({ kind: "refusal", text: refusal });
  const calls = message["tool_calls"];
  if (isJsonList(calls)) {
    for (const call of calls.filter(isJsonObject)) addCall(parts, call);
  }
  const called = message["function_call"];
  if (isJsonObject(called)) parts.push(decodeCall(called, "call_0", null));
  return parts;
}

/** A list is Mistral's (https://docs.mistral.ai/capabilities/reasoning): text and reasoning. */
function addContent(parts: Part[], content: JsonValue | undefined): void {
  if (typeof content === "string") {
    if (content !== "") parts.push({ kind: "text", text: content });
    return;
  }
  if (!isJsonList(content)) return;
  for (const piece of content.filter(isJsonObject)) {
    const text = textOr(piece["text"], "");
    if (text !== "") parts.push({ kind: "text", text });
    const thinking = thinkingOf(piece);
    if (thinking !== "") parts.push(reasoningPart(thinking));
  }
}

/** Text of a piece of reasoning in a list of content; empty: it is none. */
function thinkingOf({ thinking }: JsonObject): string {
  if (!isJsonList(thinking)) return textOr(thinking, "");
  return thinking
    .filter(isJsonObject)
    .map(({ text }) => textOr(text, ""))
    .join("");
}

function reasoningPart(text: string): Part {
  return { kind: "reasoning", text, signature: null, encrypted: null, origin: chatCodecName };
}

function addCall(parts: Part[], call: JsonObject): void {
  const called = call["function"];
  if (!isJsonObject(called)) return;
  const id = textOr(call["id"], "") || `call_${parts.length}`;
  parts.push(decodeCall(called, id, thoughtSignature(call)));
}

/** Some servers write arguments as an object and not as its text. */
function decodeCall(called: JsonObject, id: string, signature: string | null): ToolCallPart {
  const value = called["arguments"];
  const text = isJsonObject(value) ? JSON.stringify(value) : textOr(value, "");
  return {
    kind: "tool-call",
    id,
    name: textOr(called["name"], ""),
    arguments: text.trim() === "" ? "{}" : text,
    signature,
  };
}
