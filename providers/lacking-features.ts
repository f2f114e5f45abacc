/** Leaves out of a request what an API lacks and its codec would write: features that may be dropped. */

import type { Feature } from "./features.ts";
import type { ChatRequest } from "./ir.ts";

const dropped = [
  ["temperature", { temperature: null }],
  ["top-p", { topP: null }],
  ["top-k", { topK: null }],
  ["seed", { seed: null }],
  ["penalties", { frequencyPenalty: null, presencePenalty: null }],
  ["reasoning", { reasoning: null }],
  ["end-user", { endUser: null }],
] as const satisfies readonly (readonly [Feature, Partial<ChatRequest>])[];

/** The request without its features of `lacks` that ask for nothing which must be kept; it itself where there is none. */
export function dropLacking(request: ChatRequest, lacks?: ReadonlySet<Feature>): ChatRequest {
  if (lacks === undefined) return request;
  let rest = request;
  for (const [feature, absence] of dropped) {
    if (lacks.has(feature)) rest = { ...rest, ...absence };
  }
  return rest;
}
