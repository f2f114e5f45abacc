/** How a host serves Anthropic's dialect: once for each generation of Claude, as each refuses something else. */

import type { Feature } from "../features.ts";
import type { ServedApi } from "../provider.ts";
import { claudeGenerations, generationOf } from "./claude-generation.ts";

/** Header that every request of the API needs (https://docs.anthropic.com/en/api/versioning). */
export const anthropicVersion = { name: "anthropic-version", value: "2023-06-01" };

/**
 * Served APIs for all models: the same `api` for each sort of them, which lacks what these models lack and what the host
 * `alsoLacks`.
 */
export function servedByGeneration(
  api: Omit<ServedApi, "lacks" | "serves">,
  alsoLacks: readonly Feature[] = [],
): ServedApi[] {
  const sorts = new Set(claudeGenerations.map(({ lacks }) => lacks));
  return [...sorts].map((lacks) => ({
    ...api,
    serves: (model) => generationOf(model).lacks === lacks,
    lacks: new Set([...lacks, ...alsoLacks]),
  }));
}
