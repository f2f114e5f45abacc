/** A Converse answer, whole and as the frames of a stream. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
import { eventFrame } from "./aws-event-frame.ts";
import { signatureOf } from "./model-answer.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { piecesOf } from "./openai-chat.ts";
import { toTokens } from "./tokens.ts";

/** An answer to be rendered. */
export interface ConverseAnswer {
  readonly answer: ModelAnswer;
  /** Ids of calls, one each */
  readonly ids: readonly string[];
  /** `/stop_sequence` was asked for */
  readonly tellsStop: boolean;
}

const stopReasons = {
  stop: "end_turn",
  "stop-text": "stop_sequence",
  length: "max_tokens",
  "tool-calls": "tool_use",
} as const;

const latencyMs = 7;
/** The service pads its events, so that their lengths tell nothing. */
const padding = { p: "abcdefghijk" };

/** The whole answer. */
export function renderConverse(whole: ConverseAnswer): object {
  const { answer } = whole;
  const text = answer.tokens.join("");
  const content = [
    ...(answer.thought === undefined ? [] : [renderThought(answer.thought)]),
    ...(hasText(answer) ? [{ text }] : []),
    ...answer.calls.map(({ name, arguments: input }, index) => ({
      toolUse: { toolUseId: whole.ids[index], name, input },
    })),
  ];
  return {
    metrics: { latencyMs },
    output: { message: { role: "assistant", content } },
    ...renderStop(whole),
    usage: renderUsage(answer),
  };
}

/** The frames of a stream. */
export function renderConverseStream(whole: ConverseAnswer): Uint8Array[] {
  const { answer, ids } = whole;
  const frames = [eventFrame("messageStart", { role: "assistant", ...padding })];
  let index = 0;
  const block = (deltas: readonly object[], start?: object): void => {
    const place = { contentBlockIndex: index };
    if (start !== undefined) {
      frames.push(eventFrame("contentBlockStart", { ...place, start, ...padding }));
    }
    for (const delta of deltas) {
      frames.push(eventFrame("contentBlockDelta", { ...place, delta, ...padding }));
    }
    frames.push(eventFrame("contentBlockStop", { ...place, ...padding }));
    index += 1;
  };
  if (answer.thought !== undefined) block(thoughtDeltas(answer.thought));
  if (hasText(answer)) block(answer.tokens.map((text) => ({ text })));
  for (const [position, { name, arguments: input }] of answer.calls.entries()) {
    const deltas = piecesOf(JSON.stringify(input)).map((piece) => ({ toolUse: { input: piece } }));
    block(deltas, { toolUse: { toolUseId: ids[position], name } });
  }
  frames.push(eventFrame("messageStop", { ...renderStop(whole), ...padding }));
  const usage = renderUsage(answer);
  frames.push(eventFrame("metadata", { metrics: { latencyMs }, usage, ...padding }));
  return frames;
}

function hasText(answer: ModelAnswer): boolean {
  return answer.tokens.length > 0 || answer.calls.length === 0;
}

function renderThought(text: string): object {
  return {
    reasoningContent: { reasoningText: { text, signature: signatureOf("anthropic", text) } },
  };
}

function thoughtDeltas(thought: string): object[] {
  return [
    ...toTokens(thought).map((text) => ({ reasoningContent: { text } })),
    { reasoningContent: { signature: signatureOf("anthropic", thought) } },
  ];
}

function renderStop({ answer, tellsStop }: ConverseAnswer): object {
  const { finish, stopText = null } = answer;
  return {
    stopReason: stopReasons[finish],
    ...(tellsStop && { additionalModelResponseFields: { stop_sequence: stopText } }),
  };
}

function renderUsage({ usage }: ModelAnswer): object {
  return {
    inputTokens: usage.input,
    outputTokens: usage.output,
    totalTokens: usage.input + usage.output,
    cacheReadInputTokens: 0,
    cacheWriteInputTokens: 0,
  };
}
