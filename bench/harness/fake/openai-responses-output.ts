/** Items of a response's output, whole and as the events that tell of them in a stream. https://platform.openai.com/docs/api-reference/responses-streaming */
import type { ModelAnswer } from "./model-answer.ts";
import { piecesOf } from "./openai-chat.ts";
import { encryptedReasoning } from "./openai-responses-problem.ts";
import { toTokens } from "./tokens.ts";

/** One item. */
export interface OutputItem {
  readonly id: string;
  /** As it is when done */
  readonly whole: object;
  /** As it is when it begins */
  readonly begun: object;
  readonly content: ItemContent;
}

type ItemContent =
  | { readonly kind: "summary"; readonly text: string }
  | { readonly kind: "text"; readonly tokens: readonly string[] }
  | { readonly kind: "arguments"; readonly text: string }
  | { readonly kind: "none" };

/** One event, without its number. */
export interface OutputEvent {
  readonly type: string;
  readonly fields: object;
}

/** The items of an answer: reasoning, text, calls. */
export function outputItems(
  answer: ModelAnswer,
  options: { readonly sealed: boolean; readonly randomHex: (digits: number) => string },
): OutputItem[] {
  const reasoning =
    answer.usage.reasoning > 0
      ? [reasoningItem(answer.thought, { ...options, id: `rs_${options.randomHex(48)}` })]
      : [];
  const hasText = answer.tokens.length > 0 || answer.calls.length === 0;
  const message = hasText ? [messageItem(answer, `msg_${options.randomHex(48)}`)] : [];
  const calls = answer.calls.map((call, index) => {
    const digits = `${options.randomHex(46)}${String(index).padStart(2, "0")}`;
    return callItem(call, { id: `fc_${digits}`, callId: `call_${digits.slice(-24)}` });
  });
  return [...reasoning, ...message, ...calls];
}

/** The events of one item. */
export function outputEvents(item: OutputItem, outputIndex: number): OutputEvent[] {
  const place = { output_index: outputIndex };
  return [
    { type: "response.output_item.added", fields: { ...place, item: item.begun } },
    ...contentEvents(item, { item_id: item.id, ...place }),
    { type: "response.output_item.done", fields: { ...place, item: item.whole } },
  ];
}

function reasoningItem(
  thought: string | undefined,
  options: { readonly sealed: boolean; readonly id: string },
): OutputItem {
  const { id, sealed } = options;
  const summary = thought === undefined ? [] : [{ type: "summary_text", text: thought }];
  const encrypted = sealed ? { encrypted_content: encryptedReasoning(thought ?? "") } : {};
  const content: ItemContent =
    thought === undefined ? { kind: "none" } : { kind: "summary", text: thought };
  return {
    id,
    whole: { id, type: "reasoning", summary, ...encrypted },
    begun: { id, type: "reasoning", summary: [], ...encrypted },
    content,
  };
}

function messageItem({ tokens, finish }: ModelAnswer, id: string): OutputItem {
  const item = { id, type: "message", role: "assistant" };
  const status = finish === "length" ? "incomplete" : "completed";
  return {
    id,
    whole: { ...item, status, content: [renderPart(tokens.join(""))] },
    begun: { ...item, status: "in_progress", content: [] },
    content: { kind: "text", tokens },
  };
}

function callItem(
  call: ModelAnswer["calls"][number],
  ids: { readonly id: string; readonly callId: string },
): OutputItem {
  const text = JSON.stringify(call.arguments);
  const item = { id: ids.id, type: "function_call", call_id: ids.callId, name: call.name };
  return {
    id: ids.id,
    whole: { ...item, status: "completed", arguments: text },
    begun: { ...item, status: "in_progress", arguments: "" },
    content: { kind: "arguments", text },
  };
}

function renderPart(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function contentEvents({ content }: OutputItem, place: object): OutputEvent[] {
  switch (content.kind) {
    case "none":
      return [];
    case "summary":
      return summaryEvents(content.text, { ...place, summary_index: 0 });
    case "text":
      return textEvents(content.tokens, { ...place, content_index: 0 });
    case "arguments": {
      const name = "response.function_call_arguments";
      return [
        ...piecesOf(content.text).map((delta) => ({
          type: `${name}.delta`,
          fields: { ...place, delta },
        })),
        { type: `${name}.done`, fields: { ...place, arguments: content.text } },
      ];
    }
  }
}

function summaryEvents(text: string, place: object): OutputEvent[] {
  const name = "response.reasoning_summary";
  const part = (words: string) => ({ ...place, part: { type: "summary_text", text: words } });
  return [
    { type: `${name}_part.added`, fields: part("") },
    ...toTokens(text).map((delta) => ({
      type: `${name}_text.delta`,
      fields: { ...place, delta },
    })),
    { type: `${name}_text.done`, fields: { ...place, text } },
    { type: `${name}_part.done`, fields: part(text) },
  ];
}

function textEvents(tokens: readonly string[], place: object): OutputEvent[] {
  const text = tokens.join("");
  return [
    { type: "response.content_part.added", fields: { ...place, part: renderPart("") } },
    ...tokens.map((delta) => ({
      type: "response.output_text.delta",
      fields: { ...place, delta, logprobs: [] },
    })),
    { type: "response.output_text.done", fields: { ...place, text, logprobs: [] } },
    { type: "response.content_part.done", fields: { ...place, part: renderPart(text) } },
  ];
}
