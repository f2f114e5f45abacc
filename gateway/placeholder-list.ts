/** The placeholders that agents may be given, as the rules that are served know them. */

import type { CompileResult } from "./compile.ts";
import type { PlaceholderStatus } from "./control-api.ts";
import { credentialUses } from "./gateway-credentials.ts";

/** One for each value that some rule swaps a placeholder for; none while nothing is served. */
export function listPlaceholders(compiled: CompileResult | undefined): PlaceholderStatus[] {
  if (compiled === undefined) return [];
  const uses = compiled.snapshot.gateways
    .flatMap(credentialUses)
    .filter((use) => use.kind === "placeholder");
  const items = Map.groupBy(uses, ({ placeholder }) => placeholder);
  return [...items]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([resource, same]) => {
      const text = compiled.credentials.get(resource)?.reveal();
      const [, namespace = "", name = "", key = ""] = resource.split("/");
      const policies = [...new Set(same.map(({ policy }) => policy.name))].sort();
      return text === undefined ? [] : [{ namespace, name, key, placeholder: text, policies }];
    });
}
