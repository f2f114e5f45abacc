/** A loaded plugin as the control socket tells of it. */

import { summarizeProvider } from "../providers/provider-summary.ts";
import type { ServedPlugin } from "./control-api.ts";
import type { LoadedPlugin } from "./plugin-loader.ts";

/** What its provider declares, and where it came from. */
export function servedPlugin({ specifier, path, provider }: LoadedPlugin): ServedPlugin {
  return { ...summarizeProvider(provider), specifier, path };
}
