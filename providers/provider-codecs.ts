/** The dialects of a provider: those in which agents call it, and those in which it serves calls to others. */

import type { Codec } from "./codec.ts";
import type { Provider } from "./provider.ts";

/** Every codec of a provider once, in the order in which it declares them. */
export function codecsOf({ operations = [], served = [] }: Provider): Codec[] {
  const declared = [...operations.map(({ codec }) => codec), ...served.map(({ codec }) => codec)];
  return [...new Set(declared.flatMap((codec) => codec ?? []))];
}
