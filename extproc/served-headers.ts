/** Headers that some API wants beside credentials: an attempt may have set them for itself. */

import { allProviders } from "../providers/registry.ts";

/** Their names, lower case. */
export function servedHeaders(): ReadonlySet<string> {
  return new Set(
    allProviders().flatMap(({ served = [] }) =>
      served.flatMap(({ headers }) => headers.map(({ name }) => name)),
    ),
  );
}
