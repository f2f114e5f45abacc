/** Ids of tool calls as servers of OpenAI's dialect accept them; only a call and its result have to agree. */

import { createHash } from "node:crypto";

/** Longest that OpenAI accepts in chat messages. */
const longestId = 40;
/** Mistral takes nothing else (https://docs.mistral.ai/capabilities/function_calling). */
const nineCharacters = /^[A-Za-z0-9]{9}$/;

/** The id, or one made of it where it is too long for OpenAI. */
export function shortToolId(id: string): string {
  return id.length <= longestId ? id : `call_${digestOf(id).slice(0, 32)}`;
}

/** The id, or one of nine letters and digits made of it. */
export function nineCharacterToolId(id: string): string {
  return nineCharacters.test(id) ? id : digestOf(id).slice(0, 9);
}

function digestOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
