/** A conversation and a usage in which nothing is said: decoders spread them and add what they read. */

import type { ChatRequest, Usage } from "./ir.ts";

/** Asks for nothing, of no model. */
export const blankRequest: ChatRequest = Object.freeze<ChatRequest>({
  model: "",
  system: [],
  messages: [],
  tools: [],
  toolChoice: null,
  parallelToolCalls: null,
  maxOutputTokens: null,
  temperature: null,
  topP: null,
  topK: null,
  seed: null,
  frequencyPenalty: null,
  presencePenalty: null,
  stop: [],
  choices: null,
  logprobs: null,
  output: { kind: "text" },
  reasoning: null,
  stream: false,
  streamUsage: false,
  endUser: null,
  unexpressed: [],
  variant: "",
});

/** Tells no tokens. */
export const blankUsage: Usage = Object.freeze<Usage>({
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
});
