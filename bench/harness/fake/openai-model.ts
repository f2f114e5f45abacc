/** Models that the OpenAI fake knows: the alias a caller asks for and the dated name the answer carries. */
import { openAiError } from "./openai-error.ts";
import type { Reply } from "./reply.ts";

/** One model. */
export interface OpenAiModel {
  readonly id: string;
  /** Dated name */
  readonly snapshot: string;
  readonly operation: "text" | "embedding";
  /** Takes `max_completion_tokens` only, not `max_tokens` */
  readonly reasoning: boolean;
  /** Length of embedding vectors; 0 for others */
  readonly dimensions: number;
  /** Unix time in seconds */
  readonly created: number;
}

/** Every known model. */
export const openAiModels: readonly OpenAiModel[] = [
  text("gpt-4.1", "gpt-4.1-2025-04-14", 1_744_316_542),
  text("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 1_744_318_173),
  text("gpt-4o", "gpt-4o-2024-08-06", 1_715_367_049),
  text("gpt-4o-mini", "gpt-4o-mini-2024-07-18", 1_721_172_741),
  { ...text("gpt-5.5", "gpt-5.5-2026-04-23", 1_776_902_400), reasoning: true },
  { ...text("gpt-5", "gpt-5-2025-08-07", 1_754_425_777), reasoning: true },
  { ...text("gpt-5-mini", "gpt-5-mini-2025-08-07", 1_754_425_928), reasoning: true },
  embedding("text-embedding-3-small", 1_536),
  embedding("text-embedding-3-large", 3_072),
];

/** The model by alias or dated name, for one operation. */
export function findOpenAiModel(
  name: string,
  operation?: OpenAiModel["operation"],
): OpenAiModel | undefined {
  return openAiModels.find(
    (model) =>
      (model.id === name || model.snapshot === name) &&
      (operation === undefined || model.operation === operation),
  );
}

/** 404 for a model that does not exist. */
export function unknownOpenAiModel(name: string): Reply {
  return openAiError(`The model \`${name}\` does not exist or you do not have access to it.`, {
    status: 404,
    code: "model_not_found",
  });
}

function text(id: string, snapshot: string, created: number): OpenAiModel {
  return { id, snapshot, created, operation: "text", reasoning: false, dimensions: 0 };
}

function embedding(id: string, dimensions: number): OpenAiModel {
  return {
    id,
    snapshot: id,
    created: 1_705_948_997,
    operation: "embedding",
    reasoning: false,
    dimensions,
  };
}
