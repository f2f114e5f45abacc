/** Headers of a request that only the provider understands which the agent meant: no other one is to see them. */

import type { Provider } from "../providers/provider.ts";
import type { AskedCall } from "./asked-call.ts";

/** Names that are removed from the request when `target` serves it; of another provider also the agent's credentials. */
export function foreignHeaders(call: AskedCall, target: Provider): string[] {
  const { provider, request } = call;
  if (provider.name === target.name) return [];
  const own = ownPatterns(provider);
  const removed = new Set(provider.credentialHeaders);
  for (const name of request.headerNames()) {
    if (own.exact.has(name) || own.prefixes.some((prefix) => name.startsWith(prefix))) {
      removed.add(name);
    }
  }
  return [...removed];
}

interface Patterns {
  readonly exact: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

const known = new WeakMap<Provider, Patterns>();

function ownPatterns(provider: Provider): Patterns {
  const cached = known.get(provider);
  if (cached !== undefined) return cached;
  const names = provider.ownHeaders ?? [];
  const patterns = {
    exact: new Set(names.filter((name) => !name.endsWith("*"))),
    prefixes: names.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1)),
  };
  known.set(provider, patterns);
  return patterns;
}
