/** Streamed answers that codecs must carry back: those of the answers, and what only streams have. */

import type { ChatRequest, StreamEvent } from "../ir.ts";
import { answerCases, usageOfCases } from "./answer-cases.ts";
import { streamOf } from "./collected-stream.ts";
import { plainConversation } from "./request-cases.ts";
import { weatherTool } from "./tool-cases.ts";

/** One stream, whole and in order. */
export interface StreamCase {
  readonly name: string;
  readonly request: ChatRequest;
  readonly events: readonly StreamEvent[];
}

const asked = { stream: true, streamUsage: true } as const;
const start = { kind: "start", id: "answer-1", model: "model-1", created: 1_700_000_000 } as const;
const end = [
  { kind: "usage", usage: usageOfCases },
  { kind: "finish", finish: "stop", stopText: null },
  { kind: "end" },
] as const;

/** Every stream that ends well. */
export function streamCases(): readonly StreamCase[] {
  const plain = answerCases().filter(({ response }) => response.choices.length === 1);
  return [
    ...plain.map(({ name, request, response }) => ({
      name,
      request: { ...request, ...asked },
      events: streamOf(response),
    })),
    {
      name: "usage that grows",
      request: { ...plainConversation, ...asked },
      events: [
        start,
        { kind: "usage", usage: { ...usageOfCases, outputTokens: 1, reasoningTokens: null } },
        ...textPart(0, ["Hello"]),
        ...end,
      ],
    },
    {
      name: "calls side by side",
      request: { ...plainConversation, ...asked, tools: [weatherTool] },
      events: [start, ...callsSideBySide(), { ...end[0] }, ...finishedCalls()],
    },
  ];
}

/** Streams that fail after some text, and before any, with this sentence. */
export function failingStreams(message: string): readonly StreamCase[] {
  const error = { status: 529, kind: "overloaded", message, code: null } as const;
  const request = { ...plainConversation, ...asked };
  const failed = { kind: "failed", error } as const;
  return [
    { name: "a failure after some text", request, events: [start, ...openText(), failed] },
    { name: "a failure before any text", request, events: [start, failed] },
    { name: "a failure before the start", request, events: [failed] },
  ];
}

function openText(): StreamEvent[] {
  return textPart(0, ["Hel", "lo"]).slice(0, -1);
}

function textPart(index: number, pieces: readonly string[]): StreamEvent[] {
  return [
    { kind: "part-start", index, part: { kind: "text" } },
    ...pieces.map((text) => ({ kind: "delta", index, text }) as const),
    { kind: "part-end", index },
  ];
}

/** As a provider may send them that runs its calls at the same time. */
function callsSideBySide(): StreamEvent[] {
  const part = (id: string) => ({ kind: "tool-call", id, name: "get_weather" }) as const;
  return [
    { kind: "part-start", index: 0, part: part("call_1") },
    { kind: "delta", index: 0, text: '{"city":' },
    { kind: "part-start", index: 1, part: part("call_2") },
    { kind: "delta", index: 1, text: '{"city":"Ba' },
    { kind: "delta", index: 0, text: '"Bern"}' },
    { kind: "delta", index: 1, text: 'sel"}' },
    { kind: "part-end", index: 0 },
    { kind: "part-end", index: 1 },
  ];
}

function finishedCalls(): StreamEvent[] {
  return [{ kind: "finish", finish: "tool-calls", stopText: null }, { kind: "end" }];
}
