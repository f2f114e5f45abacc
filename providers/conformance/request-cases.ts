/**
 * Conversations that codecs must carry over: each is small and is about one thing, so that a dialect which lacks that
 * thing misses no other case.
 */

import { blankRequest } from "../blank-request.ts";
import type { ChatRequest, Message, ReasoningPart } from "../ir.ts";
import { parseJsonText } from "../json-text.ts";
import type { JsonNumber } from "../json-text.ts";
import { assistantSays, difficultText, text, userSays } from "./case-parts.ts";
import { mediaCases } from "./media-cases.ts";
import { toolCases } from "./tool-cases.ts";

/** One conversation. */
export interface RequestCase {
  readonly name: string;
  readonly request: ChatRequest;
  /** Texts stand beside each other, which dialects whose turns are one text must join */
  readonly joinsTexts: boolean;
}

const joinedCases: readonly string[] = ["two turns of one role", "several texts in one turn"];

/** The least conversation; cases differ from it. */
export const plainConversation: ChatRequest = {
  ...blankRequest,
  model: "model-1",
  messages: [userSays("Hello")],
};

/** Every conversation. */
export function requestCases(): readonly RequestCase[] {
  const cases = {
    ...textCases(),
    ...samplingCases(),
    ...toolCases(),
    ...mediaCases(),
    ...reasoningCases(),
  };
  return Object.entries(cases).map(([name, changes]) => ({
    name,
    request: { ...plainConversation, ...changes },
    joinsTexts: joinedCases.includes(name),
  }));
}

/** Reasoning of an earlier turn in the forms that dialects have; each needs only one of them. */
export function reasoningForms(origin: string): readonly ReasoningPart[] {
  const part = { kind: "reasoning", text: "Weather is asked", origin } as const;
  const form = { ...part, signature: null, encrypted: null };
  return [
    { ...form, signature: "c2lnbmF0dXJlLTE=" },
    { ...form, encrypted: "ZW5jcnlwdGVkLTE=" },
    { ...form, text: "", encrypted: "ZW5jcnlwdGVkLTE=" },
    { ...form, signature: "c2lnbmF0dXJlLTE=", encrypted: "ZW5jcnlwdGVkLTE=" },
    form,
  ];
}

/** A conversation whose answer of before holds reasoning. */
export function conversationWith(reasoning: ReasoningPart): ChatRequest {
  const messages: Message[] = [
    userSays("Weather?"),
    { role: "assistant", parts: [reasoning, text("Where?")] },
    userSays("Bern"),
  ];
  return { ...plainConversation, messages };
}

type Cases = Readonly<Record<string, Partial<ChatRequest>>>;

function textCases(): Cases {
  return {
    "one text": {},
    "difficult text": { messages: [userSays(difficultText)] },
    instructions: { system: [text("Be brief")] },
    "difficult instructions": { system: [text(difficultText)] },
    "several turns": {
      messages: [
        userSays("One"),
        assistantSays("Two"),
        userSays("Three"),
        assistantSays("4"),
        userSays("Five"),
      ],
    },
    "two turns of one role": { messages: [userSays("One"), userSays("Two")] },
    "several texts in one turn": {
      messages: [{ role: "user", parts: [text("One"), text("Two")] }],
    },
    "a refusal of before": {
      messages: [
        userSays("One"),
        { role: "assistant", parts: [{ kind: "refusal", text: "I will not" }] },
        userSays("Two"),
      ],
    },
    "an answer to go on with": { messages: [userSays("Count"), assistantSays("One, two,")] },
    "instructions in mid-conversation": {
      messages: [
        userSays("One"),
        { role: "system", parts: [text("Now in French")] },
        assistantSays("Deux"),
        userSays("Three"),
      ],
    },
    "an end user": { endUser: "user-7" },
    "a stream": { stream: true, streamUsage: true },
  };
}

function samplingCases(): Cases {
  return {
    "most output tokens": { maxOutputTokens: 256 },
    temperature: { temperature: 0.5 },
    "temperature with many digits": { temperature: numberOf("0.30000000000000000001") },
    "temperature of none": { temperature: 0 },
    "top p": { topP: 0.25 },
    "top k": { topK: 40 },
    seed: { seed: 7 },
    "a frequency penalty": { frequencyPenalty: 0.5 },
    "a presence penalty": { presencePenalty: -0.5 },
    "one stop text": { stop: ["END"] },
    "several stop texts": { stop: ["END", "\n\n", difficultText] },
    "two answers": { choices: 2 },
    "log probabilities": { logprobs: { top: 2 } },
    "log probabilities of the chosen tokens": { logprobs: { top: 0 } },
    "any JSON": { output: { kind: "json" } },
    "JSON of a schema": {
      output: {
        kind: "schema",
        name: "forecast",
        description: null,
        schema: {
          type: "object",
          properties: { sky: { type: "string" }, degrees: { type: "number" } },
          required: ["sky", "degrees"],
          additionalProperties: false,
        },
        strict: true,
      },
    },
    "reasoning of medium effort": {
      reasoning: { effort: "medium", budgetTokens: null, visible: null },
    },
    "reasoning of 2,048 tokens": {
      reasoning: { effort: null, budgetTokens: 2_048, visible: null },
    },
    "reasoning to be seen": { reasoning: { effort: "high", budgetTokens: null, visible: true } },
  };
}

function reasoningCases(): Cases {
  const [first] = reasoningForms("a codec that nobody has");
  if (first === undefined) return {};
  return { "reasoning of another provider": { messages: conversationWith(first).messages } };
}

/** As a decoder reads it: with its digits. */
function numberOf(digits: string): JsonNumber {
  const parsed = parseJsonText(digits);
  if (parsed.kind !== "value") throw new RangeError(`Cannot read the number ${digits}`);
  // The text of a number is read as one.
  return parsed.value as JsonNumber;
}
