/** The most that a call may use, before anybody has counted it. */

import type { ModelPrice } from "../providers/prices.ts";

/** The most that a call may use, as far as its request tells. */
export interface CallDemand {
  /** Input tokens */
  readonly input: number;
  /** Output tokens of all answers together */
  readonly output: number;
  /** Null: not known, and not asked for */
  readonly price: ModelPrice | null;
  /** Of the prompt, see `prompt-weight.ts`; null where its size says nothing */
  readonly promptWeight: number | null;
  /** The answer is asked for as a stream */
  readonly isStream: boolean;
  /** Names who serves it, by whose other calls it is estimated */
  readonly habit: string;
}

/** Output tokens that are taken for the most of a request that names no limit, under a rule that sets none. */
export const usualOutputTokens = 4_096;

/** Tokens that providers add on their own, such as the prompt with which they explain tools to a model. */
const addedInputTokens = 1_024;

/**
 * Input tokens that a body may have at most: one for each byte. Tokens of text are of one byte or more, in all
 * tokenizers that are known, and what JSON adds is more than what a provider puts between messages. Of media, and of
 * what a body only names, nobody knows.
 */
export function mostInputTokens(body: Buffer): number {
  return body.length + addedInputTokens;
}
