/**
 * Provider names in manifests that no provider has. Objects leave these names open, for plugins; who writes a file is
 * told at the line of the name, and the last good set goes on serving.
 */

import type { ParsedObject } from "../crds/kinds.ts";
import type { Problem } from "../crds/problem.ts";
import { createProblemWithText } from "../crds/problem.ts";
import { findSuggestion } from "../crds/suggestion.ts";
import { allProviders, findProviderByName, providerNames } from "../providers/registry.ts";
import type { SourceProblem } from "./control-api.ts";
import type { SourcedObject } from "./manifests.ts";
import { locateProblem } from "./manifests.ts";

/** Accepted everywhere, and served by whatever the object itself says. */
const customProvider = "custom";

/** One problem for each unknown name, in the order of the objects. */
export function providerProblems(objects: readonly SourcedObject[]): SourceProblem[] {
  return objects.flatMap((sourced) =>
    unknownNames(sourced.object).map((problem) => locateProblem(sourced, problem)),
  );
}

function unknownNames(object: ParsedObject): Problem[] {
  switch (object.kind) {
    case "AIProviderRoute":
      return object.spec.rules.flatMap(({ matches }, rule) =>
        matches.flatMap(({ provider }, match) =>
          check(provider, ["spec", "rules", rule, "matches", match, "provider"]),
        ),
      );
    case "Backend":
      return object.spec.schema === undefined
        ? []
        : check(object.spec.schema.name, ["spec", "schema", "name"]);
    default:
      return [];
  }
}

function check(name: string, path: readonly (string | number)[]): Problem[] {
  if (name.toLowerCase() === customProvider || findProviderByName(name) !== undefined) return [];
  const near = findSuggestion(name, providerNames());
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  const known = allProviders()
    .map((provider) => provider.name)
    .join(", ");
  const text = `"${name}" is not a provider${hint} Known: ${known}`;
  return [createProblemWithText(path, "the name of a provider", text)];
}
