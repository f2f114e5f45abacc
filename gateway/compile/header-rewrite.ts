/** Several header modifiers, one after the other, as one rewrite in the order remove, set, add. */

import type { EgressHTTPRoute } from "../../crds/egress-http-route.ts";
import type { HeaderRewrite } from "../snapshot.ts";

type Filter = EgressHTTPRoute["spec"]["rules"][number]["filters"][number];

/** A modifier of an EgressHTTPRoute filter. */
export type HeaderModifier = NonNullable<Filter["requestHeaderModifier"]>;

/** No header changes. */
export const unchanged: HeaderRewrite = { set: [], add: [], remove: [] };

/** What happens to one header in the end. */
interface HeaderFate {
  /** Whether the agent's values are gone, and what stands in their place */
  base: { readonly kind: "kept" | "removed" } | { readonly kind: "set"; readonly value: string };
  readonly added: string[];
}

/** The rewrite that has the effect of the modifiers in their order. Names become lower case. */
export function mergeHeaderModifiers(modifiers: readonly HeaderModifier[]): HeaderRewrite {
  const fates = new Map<string, HeaderFate>();
  const fateOf = (name: string) => {
    const key = name.toLowerCase();
    const fate = fates.get(key) ?? { base: { kind: "kept" }, added: [] };
    fates.set(key, fate);
    return fate;
  };
  for (const { set, add, remove } of modifiers) {
    for (const name of remove) replace(fateOf(name), { kind: "removed" });
    for (const { name, value } of set) replace(fateOf(name), { kind: "set", value });
    for (const { name, value } of add) fateOf(name).added.push(value);
  }
  return rewriteOf(fates);
}

function replace(fate: HeaderFate, base: HeaderFate["base"]): void {
  fate.base = base;
  fate.added.length = 0;
}

function rewriteOf(fates: ReadonlyMap<string, HeaderFate>): HeaderRewrite {
  const entries = [...fates];
  return {
    set: entries.flatMap(([name, { base }]) =>
      base.kind === "set" ? [{ name, value: base.value }] : [],
    ),
    add: entries.flatMap(([name, { added }]) => added.map((value) => ({ name, value }))),
    remove: entries.flatMap(([name, { base }]) => (base.kind === "removed" ? [name] : [])),
  };
}
