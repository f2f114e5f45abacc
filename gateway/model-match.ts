/** What rules say about models and paths of model calls: globs whose `*` stands for any characters, `/` too. */

import { matchGlob } from "../crds/glob.ts";
import type { ModelRewrite, RoutedRule } from "./routing-plan.ts";

/** Whether a rule is about a call: no globs match everything, and globs of models never a call that names none. */
export function matchesCall(
  { endpoints, models }: Pick<RoutedRule, "endpoints" | "models">,
  call: { readonly path: string; readonly model: string | null },
): boolean {
  if (endpoints.length > 0 && !endpoints.some((glob) => matchGlob(glob, call.path))) return false;
  const { model } = call;
  if (models.length === 0) return true;
  return model !== null && models.some((glob) => matchGlob(glob, model));
}

/** The model to ask a backend for: of the first rewrite that matches, else the one that was asked for. */
export function rewriteModel(rewrites: readonly ModelRewrite[], model: string): string {
  return rewrites.find(({ from }) => matchGlob(from, model))?.to ?? model;
}
