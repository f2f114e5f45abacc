/** Models that the Anthropic fake knows and what each takes. https://platform.claude.com/docs/en/about-claude/models */

/** One model. */
export interface AnthropicModel {
  /** Dated name that answers carry */
  readonly snapshot: string;
  readonly mostOutputTokens: number;
  /** `budget` models count tokens of thinking, `adaptive` ones decide by themselves and take no sampling either */
  readonly thinking: "budget" | "adaptive";
  /** Words that `output_config.effort` may have */
  readonly efforts: readonly string[];
}

const budget = { mostOutputTokens: 64_000, thinking: "budget", efforts: [] } as const;
const adaptive = {
  mostOutputTokens: 128_000,
  thinking: "adaptive",
  efforts: ["low", "medium", "high", "xhigh", "max"],
} as const;

/** Every known model by its alias. */
export const anthropicModels: ReadonlyMap<string, AnthropicModel> = new Map([
  ["claude-opus-5-5", { ...adaptive, snapshot: "claude-opus-5-5" }],
  ["claude-sonnet-5-5", { ...adaptive, snapshot: "claude-sonnet-5-5" }],
  ["claude-haiku-5-5", { ...adaptive, snapshot: "claude-haiku-5-5" }],
  [
    "claude-opus-4-5",
    { ...budget, efforts: ["low", "medium", "high"], snapshot: "claude-opus-4-5-20251101" },
  ],
  ["claude-sonnet-4-5", { ...budget, snapshot: "claude-sonnet-4-5-20250929" }],
  ["claude-haiku-4-5", { ...budget, snapshot: "claude-haiku-4-5-20251001" }],
]);

/** The model by alias or dated name. */
export function findAnthropicModel(name: string): AnthropicModel | undefined {
  const known = anthropicModels.get(name);
  return known ?? [...anthropicModels.values()].find(({ snapshot }) => snapshot === name);
}
