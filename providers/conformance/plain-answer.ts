/** An answer made comparable with what came back of it. */

import type { ChatResponse, Choice, FinishReason, Part, TokenLogprob, Usage } from "../ir.ts";
import type { Plain } from "./first-difference.ts";
import { firstDifference } from "./first-difference.ts";
import { createNumbering, plainNumber, plainParts } from "./plain-parts.ts";

/** Finish reasons that a dialect may have for another one which it has no word for. */
const substitutes: Readonly<Record<FinishReason, readonly FinishReason[]>> = {
  stop: [],
  "stop-text": ["stop"],
  length: [],
  "tool-calls": [],
  "content-filter": ["refusal"],
  refusal: ["content-filter", "stop"],
  paused: ["stop", "length", "error"],
  error: ["stop", "length", "content-filter", "refusal"],
};

const options = { keeps: () => true, isWanted: true };

/** Clauses about what an answer lost or made up; ids and models may have changed, and details of usage may be gone. */
export function answerProblems(
  found: Omit<ChatResponse, "created">,
  wanted: Omit<ChatResponse, "created">,
  hasLogprobs: boolean,
): string[] {
  const difference = firstDifference(
    found.choices.map((choice) => plainChoice(choice, hasLogprobs)),
    wanted.choices.map((choice) => plainChoice(choice, hasLogprobs)),
    "choices",
  );
  const isKnownModel = found.model === wanted.model || found.model === "";
  return [
    ...(difference === undefined ? [] : [difference]),
    ...wanted.choices.flatMap((choice, index) => {
      const other = found.choices[index];
      return other === undefined ? [] : finishProblems(other, choice, `choices[${index}]`);
    }),
    ...usageProblems(found.usage, wanted.usage),
    ...(isKnownModel ? [] : [`model is "${found.model}", wanted "${wanted.model}"`]),
  ];
}

/** Clauses about what usage lost or made up. Totals must be right; details that a dialect has no place for may be gone. */
export function usageProblems(found: Usage | null, wanted: Usage | null): string[] {
  const totals = ["inputTokens", "outputTokens"] as const;
  if (wanted === null) {
    const invented = totals.filter((key) => (found?.[key] ?? 0) !== 0);
    return invented.map((key) => `usage.${key} is ${found?.[key]}, wanted none`);
  }
  const details = [
    ...(["cachedInputTokens", "cacheWriteTokens", "reasoningTokens"] as const),
    ...(["audioInputTokens", "audioOutputTokens"] as const),
  ];
  return [
    ...totals.filter((key) => (found?.[key] ?? null) !== wanted[key]),
    ...details.filter((key) => (found?.[key] ?? 0) !== 0 && found?.[key] !== wanted[key]),
  ].map((key) => `usage.${key} is ${found?.[key] ?? "missing"}, wanted ${wanted[key] ?? "none"}`);
}

function plainChoice({ parts, logprobs }: Choice, hasLogprobs: boolean): Plain {
  return {
    parts: plainParts(joinTexts(parts), createNumbering(), options),
    logprobs: hasLogprobs && logprobs !== null ? logprobs.map(plainLogprob) : null,
  };
}

/** Texts one after another are one: dialects whose answer is a text join them. */
function joinTexts(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === "reasoning") continue;
    if (part.kind !== "text" && part.kind !== "refusal") joined.push(part);
    else if (part.text === "") continue;
    else if (last?.kind !== "text") joined.push({ kind: "text", text: part.text });
    else joined[joined.length - 1] = { kind: "text", text: last.text + part.text };
  }
  return joined;
}

function plainLogprob({ token, logprob, top }: TokenLogprob): Plain {
  return {
    token,
    logprob: plainNumber(logprob),
    top: top.map((one) => `${one.token} ${plainNumber(one.logprob)}`),
  };
}

function finishProblems(found: Choice, wanted: Choice, at: string): string[] {
  const allowed = [wanted.finish, ...substitutes[wanted.finish]];
  const isText = found.stopText === null || found.stopText === wanted.stopText;
  return [
    ...(allowed.includes(found.finish)
      ? []
      : [
          `${at}.finish is "${found.finish}", wanted ${allowed.map((one) => `"${one}"`).join(" or ")}`,
        ]),
    ...(isText ? [] : [`${at}.stopText is "${found.stopText}", wanted "${wanted.stopText ?? ""}"`]),
  ];
}
