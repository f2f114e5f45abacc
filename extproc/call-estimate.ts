/**
 * What a call probably used whose provider did not tell, by what it told of other calls of the model. Every number is
 * bounded, so that nobody can teach a table anything absurd; and what the text itself says weighs more than what was
 * learned, which is one factor on it.
 */

import type { TokenUsage } from "../gateway/call-facts.ts";
import type { CallDemand } from "./call-demand.ts";
import type { Habits } from "./habit-table.ts";
import { nothingKnown } from "./habit-table.ts";

/** What was seen of an answer. */
export interface SeenAnswer {
  /** Whether it came as a stream */
  readonly isStream: boolean;
  /** Of a stream's text, see `text-weight.ts` */
  readonly textWeight: number;
  /** All bytes of a plain answer's body, seen or said by its head; null: not known */
  readonly plainBytes: number | null;
}

interface Rate {
  readonly least: number;
  readonly most: number;
  /** Before anything was learned: rounded up */
  readonly usual: number;
  /** How much must be learned until it counts as much as the usual */
  readonly inertia: number;
}

/** Tokens for a unit of weight: 0.85 to 1.2 of all texts with the newer vocabularies, up to 1.5 with older ones. */
const textRate: Rate = { least: 0.7, most: 2, usual: 1.25, inertia: 500 };

/** Output tokens for a byte of a plain answer: of text a fourth, and less where the frame around it is large. */
const plainRate: Rate = { least: 1 / 64, most: 1 / 2, usual: 1 / 4, inertia: 1_000 };

/** Output of a call before anything was learned, unless it may have less; as much as this many calls it counts. */
const usualOutput = 512;
const usualCalls = 4;

/** No single prompt counts for more than that: one giant must not be all that is known. */
const mostTaught = 65_536;

/** Input tokens that a call probably had; all that it may have where the size of its prompt says nothing. */
export function estimateInput({ input, promptWeight }: CallDemand, habits: Habits): number {
  if (promptWeight === null || input === 0) return input;
  const rate = learned(textRate, habits.promptTokens, habits.promptWeight);
  return Math.min(input, Math.max(1, Math.ceil(promptWeight * rate)));
}

/**
 * Output tokens of a call of which nothing is known. A plain answer is made to its end, as long as those of the model
 * are on average; a stream stops when its taker is gone, which at a chance moment is halfway.
 */
export function expectOutput({ output, isStream }: CallDemand, habits: Habits): number {
  const usual = Math.min(output, usualOutput) * usualCalls;
  const mean = (habits.outputTokens + usual) / (habits.calls + usualCalls);
  return Math.min(output, Math.ceil(isStream ? mean / 2 : mean));
}

/** The same of a call whose answer had not begun: of a stream nothing was made that its text would have shown. */
export function expectUnbegun(demand: CallDemand, habits: Habits): number {
  if (!demand.isStream) return expectOutput(demand, habits);
  return Math.min(demand.output, Math.ceil(hidden(habits)));
}

/** Output tokens that were probably made of an answer that was seen in part, or without its count. */
export function estimateOutput(demand: CallDemand, habits: Habits, seen: SeenAnswer): number {
  if (demand.output === 0) return 0;
  if (!seen.isStream && seen.plainBytes === null) return expectOutput(demand, habits);
  const made = seen.isStream
    ? seen.textWeight * learned(textRate, habits.textTokens, habits.textWeight) + hidden(habits)
    : (seen.plainBytes ?? 0) * learned(plainRate, habits.plainTokens, habits.plainBytes);
  return Math.min(demand.output, Math.ceil(made));
}

/** What a call teaches whose provider told all of its count. */
export function lessonOf(
  demand: CallDemand,
  usage: TokenUsage,
  { habits, seen }: { readonly habits: Habits; readonly seen: SeenAnswer },
): Habits {
  const output = usage.outputTokens ?? 0;
  const lesson: Lesson = { ...nothingKnown };
  teachPrompt(lesson, demand, usage.inputTokens ?? 0);
  if (demand.output > 0) {
    lesson.calls = 1;
    lesson.outputTokens = output;
  }
  if (seen.isStream) teachText(lesson, usage, { habits, seen });
  else teachPlain(lesson, output, seen);
  return lesson;
}

/** Always of one shape: each call has one. */
type Lesson = { -readonly [field in keyof Habits]: number };

function teachPrompt(lesson: Lesson, { promptWeight }: CallDemand, tokens: number): void {
  if (promptWeight === null || promptWeight === 0 || tokens === 0) return;
  const scale = Math.min(1, mostTaught / promptWeight);
  const likely = within(textRate, tokens / promptWeight) * promptWeight;
  lesson.promptWeight = promptWeight * scale;
  lesson.promptTokens = likely * scale;
}

/** Whether reasoning was in the text, no word of a provider says: what the text's weight fits better is taken for it. */
function teachText(
  lesson: Lesson,
  { outputTokens, reasoningTokens }: TokenUsage,
  { habits, seen: { textWeight } }: { readonly habits: Habits; readonly seen: SeenAnswer },
): void {
  const output = outputTokens ?? 0;
  const reasoning = Math.min(reasoningTokens ?? 0, output);
  const fit = textWeight * learned(textRate, habits.textTokens, habits.textWeight);
  const isHidden = Math.abs(output - reasoning - fit) < Math.abs(output - fit);
  const hiddenTokens = isHidden ? reasoning : 0;
  lesson.hiddenTokens = hiddenTokens;
  if (textWeight === 0) return;
  const rate = within(textRate, (output - hiddenTokens) / textWeight);
  const scale = Math.min(1, mostTaught / textWeight);
  lesson.textWeight = textWeight * scale;
  lesson.textTokens = textWeight * rate * scale;
}

function teachPlain(lesson: Lesson, output: number, { plainBytes }: SeenAnswer): void {
  if (plainBytes === null || plainBytes === 0 || output === 0) return;
  const scale = Math.min(1, mostTaught / plainBytes);
  lesson.plainBytes = plainBytes * scale;
  lesson.plainTokens = within(plainRate, output / plainBytes) * plainBytes * scale;
}

function hidden({ hiddenTokens, calls }: Habits): number {
  return calls === 0 ? 0 : hiddenTokens / calls;
}

function learned(rate: Rate, tokens: number, of: number): number {
  const { usual, inertia } = rate;
  return within(rate, (tokens + usual * inertia) / (of + inertia));
}

function within({ least, most }: Rate, value: number): number {
  return Math.min(most, Math.max(least, value));
}
