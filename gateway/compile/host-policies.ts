/**
 * Rules by host: each pattern gets every rule that can apply to its hosts, in the order of precedence. Exact hosts
 * find their wildcards by suffix, so that the work grows with the rules and not with their square.
 */

import { allProviders } from "../../providers/registry.ts";
import type { DefaultPolicy, HostAlias, HostMatch, HostPolicy } from "../snapshot.ts";
import { anyHost, hostMatch } from "./host-match.ts";
import type { ResolvedRule } from "./joined-choices.ts";
import { joinChoices } from "./joined-choices.ts";

/** A rule at one host pattern. */
export interface PlacedRule {
  readonly host: HostMatch;
  readonly rule: ResolvedRule;
}

interface Entry {
  readonly order: number;
  readonly rule: ResolvedRule;
}

/**
 * Policies for all patterns, most specific first: exact hosts, addresses, wildcards with more labels before those
 * with fewer, every host. Hosts with an alias have one of their own, and so do hosts of providers that a wildcard
 * covers, because Envoy would otherwise take them for hosts that no rule names.
 */
export function mergeHostPolicies(
  placed: readonly PlacedRule[],
  aliases: ReadonlyMap<string, HostAlias>,
  defaultPolicy: DefaultPolicy = "deny-all",
): HostPolicy[] {
  const entries = new Map<string, Entry[]>();
  const hosts = new Map<string, HostMatch>();
  for (const [order, { host, rule }] of placed.entries()) {
    const key = keyOf(host);
    hosts.set(key, host);
    const list = entries.get(key);
    if (list === undefined) entries.set(key, [{ order, rule }]);
    else list.push({ order, rule });
  }
  const further = [
    ...[...aliases.keys()].map((value): HostMatch => ({ kind: "exact", value })),
    ...providerHosts().filter((host) => wildcardsOver(host).some((key) => entries.has(key))),
  ];
  for (const host of further) hosts.set(keyOf(host), host);
  return [...hosts.values()].toSorted(compareSpecificity).map((host) => {
    const alias = host.kind === "exact" ? aliases.get(host.value) : undefined;
    const rules = joinChoices(rulesOf(host, entries), defaultPolicy);
    return { host, ...(alias !== undefined && { alias }), rules };
  });
}

function rulesOf(host: HostMatch, entries: ReadonlyMap<string, readonly Entry[]>): ResolvedRule[] {
  const keys = new Set([keyOf(host), ...wildcardsOver(host), keyOf(anyHost)]);
  const lists = [...keys].flatMap((key) => {
    const list = entries.get(key);
    return list === undefined ? [] : [list];
  });
  const [only] = lists;
  const sorted =
    lists.length === 1 && only !== undefined
      ? only
      : lists.flat().toSorted((left, right) => left.order - right.order);
  // A route that names a host and a wildcard over it has the same rule twice.
  return [...new Set(sorted.map(({ rule }) => rule))];
}

/** Keys of the wildcards that cover a host or wildcard, the nearest first. */
function wildcardsOver({ kind, value }: HostMatch): string[] {
  if (kind !== "exact" && kind !== "wildcard") return [];
  const keys: string[] = [];
  for (let dot = value.indexOf("."); dot !== -1; dot = value.indexOf(".", dot + 1)) {
    keys.push(keyOf({ kind: "wildcard", value: value.slice(dot + 1) }));
  }
  return keys;
}

function providerHosts(): HostMatch[] {
  return allProviders().flatMap(({ hosts }) => hosts.map(hostMatch));
}

function keyOf({ kind, value }: HostMatch): string {
  return `${kind} ${value}`;
}

const kindOrder = { exact: 0, ip: 1, wildcard: 2, any: 3 } as const;

function compareSpecificity(left: HostMatch, right: HostMatch): number {
  const byKind = kindOrder[left.kind] - kindOrder[right.kind];
  if (byKind !== 0) return byKind;
  const byLabels = left.kind === "wildcard" ? labels(right) - labels(left) : 0;
  return byLabels || (left.value < right.value ? -1 : Number(left.value > right.value));
}

function labels({ value }: HostMatch): number {
  return value.split(".").length;
}
