/** An Anthropic message, whole and as the events of a stream. https://platform.claude.com/docs/en/build-with-claude/streaming */
import { sealOfOmitted } from "./anthropic-thinking.ts";
import { signatureOf } from "./model-answer.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { piecesOf } from "./openai-chat.ts";
import type { ServerSentEvent } from "./reply.ts";
import { toTokens } from "./tokens.ts";

/** A message to be rendered. */
export interface AnthropicMessage {
  readonly id: string;
  readonly model: string;
  readonly answer: ModelAnswer;
  readonly blocks: readonly AnthropicBlock[];
}

/** A block of content. */
export interface AnthropicBlock {
  readonly whole: object;
  /** As it is when it begins */
  readonly begun: object;
  readonly deltas: readonly object[];
}

const stopReasons = {
  stop: "end_turn",
  "stop-text": "stop_sequence",
  length: "max_tokens",
  "tool-calls": "tool_use",
} as const;

/** The blocks of an answer: thinking, text, calls. */
export function contentBlocks(
  answer: ModelAnswer,
  randomHex: (digits: number) => string,
): AnthropicBlock[] {
  const text = answer.tokens.join("");
  const hasText = text !== "" || answer.calls.length === 0;
  return [
    ...(answer.usage.reasoning > 0 ? [thinkingBlock(answer.thought)] : []),
    ...(hasText ? [textBlock(answer.tokens)] : []),
    ...answer.calls.map(({ name, arguments: input }, index) => {
      const id = `toolu_01${randomHex(20)}${String(index).padStart(2, "0")}`;
      return toolUseBlock({ id, name, input });
    }),
  ];
}

/** The message as a plain answer. */
export function renderMessage(message: AnthropicMessage): object {
  return renderFrame(message, "final");
}

/** The message as the events of a stream. */
export function renderMessageEvents(message: AnthropicMessage): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const push = (type: string, fields: object): void => {
    events.push({ event: type, data: { type, ...fields } });
  };
  push("message_start", { message: renderFrame(message, "started") });
  for (const [index, { begun, deltas }] of message.blocks.entries()) {
    push("content_block_start", { index, content_block: begun });
    if (index === 0) push("ping", {});
    for (const delta of deltas) push("content_block_delta", { index, delta });
    push("content_block_stop", { index });
  }
  const { usage } = message.answer;
  push("message_delta", {
    delta: stopFields(message.answer),
    usage: {
      input_tokens: usage.input,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: usage.output,
      output_tokens_details: { thinking_tokens: usage.reasoning },
    },
  });
  push("message_stop", {});
  return events;
}

function renderFrame(message: AnthropicMessage, phase: "started" | "final"): object {
  const { answer } = message;
  const final = phase === "final";
  return {
    id: message.id,
    type: "message",
    role: "assistant",
    model: message.model,
    content: final ? message.blocks.map(({ whole }) => whole) : [],
    ...(final ? stopFields(answer) : { stop_reason: null, stop_sequence: null }),
    usage: {
      input_tokens: answer.usage.input,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens: final ? answer.usage.output : 1,
      ...(final && { output_tokens_details: { thinking_tokens: answer.usage.reasoning } }),
      service_tier: "standard",
    },
  };
}

function stopFields({ finish, stopText }: ModelAnswer): object {
  return { stop_reason: stopReasons[finish], stop_sequence: stopText ?? null };
}

function thinkingBlock(thought: string | undefined): AnthropicBlock {
  const thinking = thought ?? "";
  const signature = thought === undefined ? sealOfOmitted : signatureOf("anthropic", thought);
  return {
    whole: { type: "thinking", thinking, signature },
    begun: { type: "thinking", thinking: "", signature: "" },
    deltas: [
      ...toTokens(thinking).map((token) => ({ type: "thinking_delta", thinking: token })),
      { type: "signature_delta", signature },
    ],
  };
}

function textBlock(tokens: readonly string[]): AnthropicBlock {
  return {
    whole: { type: "text", text: tokens.join("") },
    begun: { type: "text", text: "" },
    deltas: tokens.map((text) => ({ type: "text_delta", text })),
  };
}

function toolUseBlock(call: {
  readonly id: string;
  readonly name: string;
  readonly input: object;
}): AnthropicBlock {
  return {
    whole: { type: "tool_use", ...call },
    begun: { type: "tool_use", ...call, input: {} },
    deltas: ["", ...piecesOf(JSON.stringify(call.input))].map((partial) => ({
      type: "input_json_delta",
      partial_json: partial,
    })),
  };
}
