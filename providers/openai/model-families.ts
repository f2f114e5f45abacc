/**
 * What families of OpenAI's models do not take although the API has a field for it
 * (https://platform.openai.com/docs/guides/reasoning, and the guide to the latest models). Names that are not known,
 * such as those of deployments, are taken to accept everything.
 */

import type { Feature } from "../features.ts";

/** Models that answer 400 to the same fields. */
export interface ModelFamily {
  readonly has: (model: string) => boolean;
  readonly lacks: ReadonlySet<Feature>;
}

const fineTuned = /^ft:/;
/** Chat models of later generations do not reason either. */
const plain = /^(?:gpt-3\.5|gpt-4|chatgpt-|gpt-\d[\d.]*-chat)/;
const reasoning = /^(?:o\d|gpt-[5-9]|gpt-\d\d|codex-)/;

/** Models that do not reason answer 400 to a request for effort. */
export const plainModels: ModelFamily = {
  has: (model) => plain.test(baseOf(model)),
  lacks: new Set<Feature>(["reasoning"]),
};

/** Models that reason answer 400 to settings of their sampling, and the first of them to texts to stop at. */
export const reasoningModels: ModelFamily = {
  has: (model) => !plainModels.has(model) && reasoning.test(baseOf(model)),
  lacks: new Set<Feature>(["temperature", "top-p", "penalties", "stop"]),
};

function baseOf(model: string): string {
  return model.replace(fineTuned, "");
}
