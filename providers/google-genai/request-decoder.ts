/** Requests to generate content (https://ai.google.dev/api/generate-content#request-body), as their body says them. */

import type { ChatRequest } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber } from "../json-text.ts";
import { decodeContents, decodeInstruction } from "./content-decoder.ts";
import { decodeGenerationConfig } from "./generation-config.ts";
import { fieldsOf, listOf } from "./proto-fields.ts";
import type { RequestNotes } from "./request-notes.ts";
import { decodeToolChoice, decodeTools } from "./tool-declarations.ts";

const known: ReadonlySet<string> = new Set([
  "contents",
  "systemInstruction",
  "tools",
  "toolConfig",
  "generationConfig",
  "safetySettings",
  "cachedContent",
  "labels",
  "model",
  "store",
  "serviceTier",
  "modelArmorConfig",
]);
/** Settings that switch a filter off: other providers have none to switch off. */
const unfiltered: ReadonlySet<string> = new Set(["BLOCK_NONE", "OFF"]);

/** What the path of a call says of its answer. */
export interface CallFacts {
  readonly model: string;
  readonly stream: boolean;
  readonly variant: string;
}

/** The request that a body's fields say; what is wrong or has no place is noted. */
export function decodeGenerateContent(
  fields: JsonObject,
  call: CallFacts,
  notes: RequestNotes,
): ChatRequest {
  if (listOf(fields["contents"]).length === 0) notes.fail("contents is missing");
  noteOthers(fields, notes);
  const generation = decodeGenerationConfig(fields["generationConfig"], notes);
  const { choices } = generation;
  if (call.stream && isJsonNumber(choices ?? undefined) && choices !== 1) {
    notes.leave("choices-streamed", "generationConfig.candidateCount");
  }
  return {
    ...generation,
    model: call.model,
    system: decodeInstruction(fields["systemInstruction"], notes),
    messages: decodeContents(fields["contents"], notes),
    tools: decodeTools(fields["tools"], notes),
    toolChoice: decodeToolChoice(fields["toolConfig"], notes),
    parallelToolCalls: null,
    stream: call.stream,
    streamUsage: true,
    endUser: null,
    unexpressed: notes.unexpressed,
    variant: call.variant,
  };
}

function noteOthers(fields: JsonObject, notes: RequestNotes): void {
  notes.leaveUnknown(fields, known, { at: "", feature: "unknown-field" });
  noteSafety(fields["safetySettings"], notes);
  const { cachedContent, labels, store, serviceTier, modelArmorConfig } = fields;
  if (isSaid(cachedContent)) notes.leave("stored-conversation", "cachedContent");
  if (isSaid(labels)) notes.leave("metadata", "labels");
  if (isSaid(store)) notes.leave("store", "store");
  if (isSaid(serviceTier)) notes.leave("service-tier", "serviceTier");
  if (isSaid(modelArmorConfig)) notes.leave("guardrail", "modelArmorConfig");
}

function noteSafety(settings: JsonValue | undefined, notes: RequestNotes): void {
  for (const [index, setting] of listOf(settings).entries()) {
    const threshold = fieldsOf(setting)?.["threshold"];
    const isOff = typeof threshold === "string" && unfiltered.has(threshold);
    notes.leave(isOff ? "unknown-field" : "safety", `safetySettings[${index}]`);
  }
}

function isSaid(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && value !== "";
}
