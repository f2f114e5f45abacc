/** Checks that whole answers survive being written and read by a codec. */

import type { ChatCodec } from "../codec.ts";
import type { ChatRequest, ChatResponse } from "../ir.ts";
import { chatFeatures } from "../request-features.ts";
import type { AnswerCase } from "./answer-cases.ts";
import { answerCases } from "./answer-cases.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { frozen, judgeUses, wireResponse } from "./codec-use.ts";
import { chatResponseShape } from "./ir-shape.ts";
import { answerProblems } from "./plain-answer.ts";
import { conversationWith, reasoningForms } from "./request-cases.ts";
import { carryRequest } from "./request-checks.ts";

/** Makes every check of whole answers. */
export function checkAnswers(use: CodecUse<ChatCodec>, book: CheckBook): void {
  for (const one of answerCases()) {
    if (judgeUses(use, chatFeatures(one.request, use.codec.name)).isRefused) continue;
    book.check(`answer "${one.name}"`, () => roundTripProblems(use, one));
  }
  if (judgeUses(use, []).keeps("reasoning-history")) {
    book.check("answer with reasoning", () => reasoningProblems(use));
  }
}

/** An answer after it was written and read by the codec, or a clause about what went wrong. */
export function carryAnswer(
  use: CodecUse<ChatCodec>,
  response: ChatResponse,
  request: ChatRequest,
): ChatResponse | string {
  const asked = carryRequest(use, request);
  if (typeof asked === "string") return `its request cannot be carried: ${asked}`;
  const written = use.codec.encodeResponse(frozen(response), frozen(asked));
  const again = use.codec.encodeResponse(response, asked);
  if (!Buffer.from(written.body).equals(Buffer.from(again.body)))
    return "it is written in two ways";
  if (written.contentType === "") return "it is written without a media type";
  const wire = wireResponse(written);
  const decoded = use.codec.decodeResponse(wire);
  wire.body.fill(0x21);
  if (decoded.kind === "malformed") return `its own writing is malformed: ${decoded.reason}`;
  const [problem] = chatResponseShape(decoded.value, "");
  return problem === undefined ? decoded.value : `it is read as no answer: ${problem}`;
}

function roundTripProblems(use: CodecUse<ChatCodec>, one: AnswerCase): readonly string[] {
  const found = carryAnswer(use, one.response, one.request);
  if (typeof found === "string") return [found];
  return answerProblems(found, one.response, judgeUses(use, []).keeps("logprobs"));
}

function reasoningProblems(use: CodecUse<ChatCodec>): string | undefined {
  const { name } = use.codec;
  const survives = reasoningForms(name).some((form) => {
    const visible = { effort: "medium", budgetTokens: null, visible: true } as const;
    const request = { ...conversationWith(form), reasoning: visible };
    const text = { kind: "text", text: "Rain" } as const;
    const choice = { parts: [form, text], finish: "stop", stopText: null, logprobs: null } as const;
    const response = { id: "answer-1", model: "model-1", created: null, choices: [choice] };
    const found = carryAnswer(use, { ...response, usage: null }, request);
    if (typeof found === "string") return false;
    const [first] = found.choices[0]?.parts ?? [];
    return (
      first?.kind === "reasoning" &&
      first.origin === name &&
      first.text === form.text &&
      first.signature === form.signature &&
      first.encrypted === form.encrypted
    );
  });
  return survives ? undefined : "no form of it survives, and the codec says that it expresses it";
}
