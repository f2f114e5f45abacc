/** Calls of tools and their results in an Anthropic conversation: each result directly after its call, and first in its turn. */
import type { Turn } from "./anthropic-turns.ts";
import type { JsonObject } from "./json-fields.ts";

/** The message for the first call or result that stands alone; undefined when all are paired. */
export function findToolTurnProblem(turns: readonly Turn[]): string | undefined {
  const joined = joinTurns(turns);
  let called: readonly string[] = [];
  for (const { role, blocks, index } of joined) {
    const results = blocks.filter(({ type }) => type === "tool_result");
    const stray = results.map((block) => String(block["tool_use_id"])).find(isNotIn(called));
    if (stray !== undefined) {
      return `messages.${index}.content: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
    }
    const open = unansweredOf(called, blocks);
    if (open.length > 0) return unanswered(index - 1, open);
    const ids = idsOf(blocks);
    if (new Set(ids).size < ids.length) {
      return `messages.${index}.content: \`tool_use\` ids must be unique`;
    }
    called = role === "assistant" ? ids : [];
  }
  return called.length > 0 ? unanswered(turns.length - 1, called) : undefined;
}

/** Neighbouring turns of one role count as one. */
function joinTurns(turns: readonly Turn[]): (Turn & { readonly index: number })[] {
  const joined: { role: string; blocks: JsonObject[]; index: number }[] = [];
  for (const [index, { role, blocks }] of turns.entries()) {
    const last = joined.at(-1);
    if (last?.role === role) last.blocks.push(...blocks);
    else joined.push({ role, blocks: [...blocks], index });
  }
  return joined;
}

function idsOf(blocks: readonly JsonObject[]): string[] {
  return blocks.filter(({ type }) => type === "tool_use").map(({ id }) => String(id));
}

function isNotIn(list: readonly string[]): (id: string) => boolean {
  return (id) => !list.includes(id);
}

/** Calls without a result among the blocks that come before anything else. */
function unansweredOf(called: readonly string[], blocks: readonly JsonObject[]): string[] {
  const other = blocks.findIndex(({ type }) => type !== "tool_result");
  const first = other < 0 ? blocks : blocks.slice(0, other);
  const answered = first.map((block) => String(block["tool_use_id"]));
  return called.filter(isNotIn(answered));
}

function unanswered(index: number, ids: readonly string[]): string {
  return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
}
