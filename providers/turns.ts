/** Turns of a conversation in the form that a dialect needs: joined where roles repeat, results with their tool's name. */

import type { Message, Part, ToolResultPart } from "./ir.ts";

/** Neighbouring turns of one role made into one, in order; turns without parts are left out. */
export function joinTurns(messages: readonly Message[]): Message[] {
  const joined: { role: Message["role"]; parts: Part[] }[] = [];
  for (const { role, parts } of messages) {
    if (parts.length === 0) continue;
    const last = joined.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else joined.push({ role, parts: [...parts] });
  }
  return joined;
}

/** Finds the name of the tool that a result is of: its own, else that of the call with its id; null when there is none. */
export function createToolNames(
  messages: readonly Message[],
): (result: ToolResultPart) => string | null {
  const names = new Map<string, string>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.kind === "tool-call") names.set(part.id, part.name);
  }
  return ({ name, callId }) => name ?? names.get(callId) ?? null;
}

/** The text of parts, one after another; other parts are left out. */
export function textOf(parts: readonly Part[]): string {
  let text = "";
  for (const part of parts) if (part.kind === "text") text += part.text;
  return text;
}
