/**
 * How much of one streamed answer is taken: encoders keep whole answers where their dialect repeats them at the end, so
 * an answer without an end must not become memory without one.
 */

import type { ModelError, PartStart, StreamEvent, TokenLogprob } from "./ir.ts";

/**
 * Most that is taken of one streamed answer, in UTF-16 units: its text, arguments, reasoning, signatures, names and
 * token probabilities, and what each piece of them costs beside its characters. No model writes an answer that comes
 * near it.
 */
export const maxStreamedAnswer = 33_554_432;

/** What V8 spends on the node that joins a piece to a text, however short the piece is. */
const pieceCost = 32;
/** About what an encoder keeps of a part that has no text. */
const partCost = 512;
/** About what an encoder writes around a token's probability; JSON writes each of its bytes in up to four characters. */
const tokenCost = 64;
const tokenByteCost = 4;

const none: readonly StreamEvent[] = [];

/** What a piece of a text that is put together counts against the bound. */
export function costOfPiece(text: string): number {
  return pieceCost + text.length;
}

/** Lets the events of one answer pass, up to the bound. */
export class AnswerBound {
  #taken = 0;
  #isOver = false;

  /** The answer was too long: nothing of it passes any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The events themselves while there is room for them; else those that there is room for and the failure. */
  pass(events: readonly StreamEvent[]): readonly StreamEvent[] {
    if (this.#isOver) return none;
    for (let at = 0; at < events.length; at++) {
      const event = events[at];
      if (event === undefined) continue;
      this.#taken += costOfEvent(event);
      if (this.#taken <= maxStreamedAnswer) continue;
      this.#isOver = true;
      return [...events.slice(0, at), { kind: "failed", error: tooLong }];
    }
    return events;
  }
}

const tooLong: ModelError = {
  status: 502,
  kind: "server",
  message: "The provider's stream holds an answer that is longer than 32 MiB",
  code: null,
};

/** Of what later events replace, and of what nobody keeps, nothing is counted. */
function costOfEvent(event: StreamEvent): number {
  switch (event.kind) {
    case "delta":
      return costOfPiece(event.text);
    case "signature":
      return costOfPiece(event.signature);
    case "part-start":
      return partCost + lengthOfStart(event.part);
    case "logprobs":
      return costOfTokens(event.logprobs);
    case "start":
      return event.id.length + event.model.length;
    default:
      return 0;
  }
}

function lengthOfStart(part: PartStart): number {
  switch (part.kind) {
    case "tool-call":
      return part.id.length + part.name.length;
    case "reasoning":
      return part.encrypted?.length ?? 0;
    default:
      return 0;
  }
}

function costOfTokens(logprobs: readonly TokenLogprob[]): number {
  let cost = 0;
  for (const one of logprobs) {
    cost += costOfToken(one);
    for (const other of one.top) cost += costOfToken(other);
  }
  return cost;
}

function costOfToken({ token, bytes }: Omit<TokenLogprob, "top">): number {
  return tokenCost + token.length + tokenByteCost * (bytes?.length ?? 0);
}
