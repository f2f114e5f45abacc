/** Names that lead to a fixed address, for connections of which only the name is known. */

import type { GatewaySnapshot, HostAlias, HostMatch } from "../snapshot.ts";

/** An address with all the names that lead there. */
export interface AliasNames {
  readonly alias: HostAlias;
  /** Exact hosts */
  readonly names: readonly HostMatch[];
}

/** The aliases of a gateway, each once. */
export function aliasNames({ hosts }: Pick<GatewaySnapshot, "hosts">): AliasNames[] {
  const found = new Map<string, { alias: HostAlias; names: HostMatch[] }>();
  for (const { host, alias } of hosts) {
    if (alias === undefined || host.kind !== "exact") continue;
    const key = aliasText(alias);
    const known = found.get(key) ?? { alias, names: [] };
    known.names.push(host);
    found.set(key, known);
  }
  return [...found.values()];
}

/** `address:port` in the form that Envoy parses; `port` stands where the alias names none. */
export function aliasText({ address, port: own }: HostAlias, port = "*"): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${host}:${own ?? port}`;
}

/** The names among `aliases` that one of the hosts of an L4 rule covers; a rule without hosts covers all. */
export function coveredAliases(
  aliases: readonly AliasNames[],
  hosts: readonly HostMatch[],
): readonly AliasNames[] {
  if (hosts.length === 0) return aliases;
  return aliases.flatMap(({ alias, names }) => {
    const covered = names.filter(({ value }) => hosts.some((host) => covers(host, value)));
    return covered.length === 0 ? [] : [{ alias, names: covered }];
  });
}

/** L4 wildcards cover exactly one label. */
function covers({ kind, value }: HostMatch, name: string): boolean {
  switch (kind) {
    case "any":
      return true;
    case "wildcard":
      return name.slice(name.indexOf(".") + 1) === value && name.includes(".");
    case "exact":
      return name === value;
    case "ip":
      return false;
  }
}
