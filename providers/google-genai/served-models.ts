/** How a host serves Gemini's dialect: once for models that think, once for those that refuse to be told of it. */

import type { Feature } from "../features.ts";
import type { ServedApi } from "../provider.ts";
import { thinkingOf } from "./model-traits.ts";

const noThinking: ReadonlySet<Feature> = new Set<Feature>(["reasoning", "reasoning-visible"]);

/** The same `api` for all models; that for models which do not think lacks the features of thinking. */
export function servedByThinking(api: Omit<ServedApi, "lacks" | "serves">): ServedApi[] {
  const thinks = (model: string) => thinkingOf(model).kind !== "none";
  return [
    { ...api, serves: thinks },
    { ...api, serves: (model) => !thinks(model), lacks: noThinking },
  ];
}
