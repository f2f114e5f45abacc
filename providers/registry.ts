/** The list of built-in providers, and the look-ups over these and plugins. Adding one: a folder, and one line here. */

import { anthropic } from "./anthropic/provider.ts";
import { awsBedrock } from "./aws-bedrock/provider.ts";
import { azureOpenai } from "./azure-openai/provider.ts";
import { googleGenai } from "./google-genai/provider.ts";
import { mistral } from "./mistral/provider.ts";
import { googleVertex } from "./google-vertex/provider.ts";
import { openai } from "./openai/provider.ts";
import { openaiCompatible } from "./openai-compatible/provider.ts";
import type { Provider } from "./provider.ts";

/** Every built-in provider, in the order in which hosts are tried. */
export const providers: readonly Provider[] = [
  anthropic,
  awsBedrock,
  azureOpenai,
  googleGenai,
  googleVertex,
  openai,
  mistral,
  openaiCompatible,
];

let known = providers;

/** Found once for each list of providers. */
let credentialHeaders: { readonly of: unknown; readonly names: ReadonlySet<string> } = {
  of: undefined,
  names: new Set(),
};

/** Every provider that look-ups see: the built-in ones, then those of plugins. */
export function allProviders(): readonly Provider[] {
  return known;
}

/**
 * Adds the providers of plugins to all look-ups, for as long as the thread lives. Gives a clause for each name, alias
 * or host that somebody has already; then none of the list is added.
 */
export function addProviders(list: readonly Provider[]): string[] {
  const problems = findConflicts(list);
  if (list.length > 0 && problems.length === 0) known = [...known, ...list];
  return problems;
}

/** What `addProviders` would give, without adding anything. */
export function findConflicts(list: readonly Provider[]): string[] {
  return list.flatMap((provider, index) =>
    [...known, ...list.slice(0, index)].flatMap((other) => conflicts(provider, other)),
  );
}

/** Forgets what was added; for tests. */
export function resetProviders(): void {
  known = providers;
}

/** Names of the headers by which agents are known to any provider, in lower case; every look-up gives the same set. */
export function credentialHeaderNames(): ReadonlySet<string> {
  if (credentialHeaders.of !== known) {
    const names = new Set(known.flatMap((provider) => provider.credentialHeaders));
    credentialHeaders = { of: known, names };
  }
  return credentialHeaders.names;
}

/** Finds a provider by canonical name or alias in any case. */
export function findProviderByName(name: string): Provider | undefined {
  const wanted = name.toLowerCase();
  return known.find(
    (provider) => provider.name === wanted || provider.aliases.some((alias) => alias === wanted),
  );
}

/** Finds the provider that serves a host name; the name is lower case and without port. */
export function findProviderByHost(host: string): Provider | undefined {
  return known.find((provider) => provider.hosts.some((pattern) => hostMatches(pattern, host)));
}

/** Lists every name that an object may use, for messages: canonical names first, then aliases. */
export function providerNames(): readonly string[] {
  return [
    ...known.map((provider) => provider.name),
    ...known.flatMap((provider) => provider.aliases),
  ];
}

function conflicts(provider: Provider, other: Provider): string[] {
  const names = new Set([other.name, ...other.aliases].map(comparable));
  return [
    ...[provider.name, ...provider.aliases]
      .filter((name) => names.has(comparable(name)))
      .map((name) => `name "${name}" of ${provider.name} is taken by ${other.name}`),
    ...provider.hosts.flatMap((host) => {
      const theirs = other.hosts.find((pattern) => overlap(host, pattern));
      if (theirs === undefined) return [];
      return [`host "${host}" of ${provider.name} is taken by "${theirs}" of ${other.name}`];
    }),
  ];
}

/** Records write dashes as underscores. */
function comparable(name: string): string {
  return name.replaceAll("-", "_");
}

function overlap(left: string, right: string): boolean {
  return covers(left, right) || covers(right, left);
}

function covers(pattern: string, host: string): boolean {
  return pattern === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)));
}

function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const suffix = pattern.slice(1);
  return host.length > suffix.length && host.endsWith(suffix);
}
