/**
 * Turns in the order that the API takes: instructions in mid-conversation stand behind a user's turn and before an
 * assistant's or at the end (https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages).
 */

import type { Message, Part } from "../ir.ts";
import { joinTurns } from "../turns.ts";

/** A conversation in the API's order. */
export interface OrderedTurns {
  /** Instructions that stood before the first turn: they can only stand in `system` */
  readonly leading: readonly Part[];
  /** Neighbours of one role are one turn */
  readonly turns: readonly Message[];
}

/**
 * Orders a conversation. An instruction before a user's turn moves behind it: it holds for what the model says next, which
 * stays the same. One between two turns of the assistant's is left there: only the API can say whether it takes it.
 */
export function orderTurns(messages: readonly Message[]): OrderedTurns {
  const turns = joinTurns(messages);
  if (!turns.some(({ role }) => role === "system")) return { leading: [], turns };
  const leading = turns[0]?.role === "system" ? (turns.shift()?.parts ?? []) : [];
  const ordered: Message[] = [];
  let instructions: Message[] = [];
  for (const turn of turns) {
    if (turn.role === "assistant") {
      ordered.push(...instructions);
      instructions = [];
    }
    if (turn.role === "system") instructions.push(turn);
    else ordered.push(turn);
  }
  ordered.push(...instructions);
  return { leading, turns: joinTurns(ordered) };
}
