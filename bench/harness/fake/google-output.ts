/** A Gemini answer, whole and as the responses of a stream. https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse */
import type { GoogleModel } from "./google-model.ts";
import { callSignature, textSignature } from "./google-turns.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { toTokens } from "./tokens.ts";

/** An answer to be rendered. */
export interface GoogleAnswer {
  readonly answer: ModelAnswer;
  readonly model: GoogleModel;
  readonly responseId: string;
  /** Ids of calls, for models that give some */
  readonly randomHex: (digits: number) => string;
}

const tokensPerChunk = 2;

/** The whole answer. */
export function renderGenerate(whole: GoogleAnswer): object {
  const { answer, model } = whole;
  const text = answer.tokens.join("");
  const signed = model.generation >= 3 ? { thoughtSignature: textSignature } : {};
  const hasText = text !== "" || answer.calls.length === 0;
  const parts = [
    ...thoughtParts(answer.thought === undefined ? [] : [answer.thought]),
    ...(hasText ? [{ text, ...(answer.calls.length === 0 && signed) }] : []),
    ...callParts(whole),
  ];
  return renderResponse(whole, { parts, isLast: true });
}

/** The responses of a stream, one after another; the last one tells how it ended. */
export function renderGenerateStream(whole: GoogleAnswer): object[] {
  const { answer, model } = whole;
  const pieces = [
    ...thoughtParts(inPairs(toTokens(answer.thought ?? ""))),
    ...inPairs(answer.tokens).map((text) => ({ text })),
    ...callParts(whole),
  ];
  // Since Gemini 3 the signature of plain text comes in an empty part at the end.
  const signature = model.generation >= 3 && answer.calls.length === 0 ? textSignature : undefined;
  const last = { text: "", ...(signature !== undefined && { thoughtSignature: signature }) };
  return [
    ...pieces.map((part) => renderResponse(whole, { parts: [part], isLast: false })),
    renderResponse(whole, { parts: [last], isLast: true }),
  ];
}

function renderResponse(
  { answer, model, responseId }: GoogleAnswer,
  { parts, isLast }: { readonly parts: readonly object[]; readonly isLast: boolean },
): object {
  return {
    candidates: [
      {
        content: { parts, role: "model" },
        ...(isLast && { finishReason: answer.finish === "length" ? "MAX_TOKENS" : "STOP" }),
        index: 0,
      },
    ],
    usageMetadata: renderUsage(answer),
    modelVersion: model.name,
    responseId,
  };
}

/** `candidatesTokenCount` leaves thoughts out. */
function renderUsage({ usage }: ModelAnswer): object {
  return {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output - usage.reasoning,
    totalTokenCount: usage.input + usage.output,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input }],
    ...(usage.reasoning > 0 && { thoughtsTokenCount: usage.reasoning }),
  };
}

function thoughtParts(texts: readonly string[]): object[] {
  return texts.map((text) => ({ text, thought: true }));
}

function callParts({ answer, model, randomHex }: GoogleAnswer): object[] {
  return answer.calls.map(({ name, arguments: args }, index) => {
    if (model.generation < 3) return { functionCall: { name, args } };
    const id = `${randomHex(6)}${String(index).padStart(2, "0")}`;
    const part = { functionCall: { name, args, id } };
    return index === 0 ? { ...part, thoughtSignature: callSignature(name) } : part;
  });
}

function inPairs(tokens: readonly string[]): string[] {
  const count = Math.ceil(tokens.length / tokensPerChunk);
  return Array.from({ length: count }, (_, index) =>
    tokens.slice(index * tokensPerChunk, (index + 1) * tokensPerChunk).join(""),
  );
}
