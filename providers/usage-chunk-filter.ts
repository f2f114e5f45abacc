/** Takes the chunk that holds a stream's usage out of chat completion chunks, for an agent that did not ask for it. */

import { EventFilter, eventPayload } from "./event-filter.ts";
import { isJsonObject, parseJsonText } from "./json-text.ts";
import { isJsonList } from "./openai/body-reader.ts";

/** A filter for one stream. */
export interface UsageChunkFilter {
  /** What may pass, perhaps nothing. The chunk is borrowed, and what comes back may lie in its memory */
  write(chunk: Buffer): Buffer;
  /** What is held of an event that the stream's end cut off */
  end(): Buffer;
}

/** A longer event is no chunk of usage: it passes as it comes, so that no more than this is held. */
const longestHeld = 65_536;

/** Cheaper than a look at every event's JSON; the one that matters holds it. */
const emptyChoices = /"choices"\s*:\s*\[\s*\]/;

/** A filter that takes out events whose JSON has `choices` without any and `usage`. */
export function createUsageChunkFilter(): UsageChunkFilter {
  const replace = (event: Buffer) => (isUsageChunk(event) ? undefined : event);
  return new EventFilter({ longestHeld, longer: "pass", replace });
}

function isUsageChunk(event: Buffer): boolean {
  const text = event.toString("utf8");
  if (!emptyChoices.test(text)) return false;
  const parsed = parseJsonText(eventPayload(text));
  if (parsed.kind === "malformed" || !isJsonObject(parsed.value)) return false;
  const { choices, usage } = parsed.value;
  return isJsonList(choices) && choices.length === 0 && isJsonObject(usage);
}
