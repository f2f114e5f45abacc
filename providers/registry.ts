/** The list of built-in providers with its look-ups. Adding one: a folder, and one line here. */

import { anthropic } from "./anthropic/provider.ts";
import { awsBedrock } from "./aws-bedrock/provider.ts";
import { azureOpenai } from "./azure-openai/provider.ts";
import { googleGenai } from "./google-genai/provider.ts";
import { googleVertex } from "./google-vertex/provider.ts";
import { openai } from "./openai/provider.ts";
import type { Provider } from "./provider.ts";

/** Every built-in provider, in the order in which hosts are tried. */
export const providers: readonly Provider[] = [
  anthropic,
  awsBedrock,
  azureOpenai,
  googleGenai,
  googleVertex,
  openai,
];

/** Finds a provider by canonical name or alias in any case. */
export function findProviderByName(name: string): Provider | undefined {
  const wanted = name.toLowerCase();
  return providers.find(
    (provider) => provider.name === wanted || provider.aliases.some((alias) => alias === wanted),
  );
}

/** Finds the provider that serves a host name; the name is lower case and without port. */
export function findProviderByHost(host: string): Provider | undefined {
  return providers.find((provider) => provider.hosts.some((pattern) => hostMatches(pattern, host)));
}

/** Lists every name that an object may use, for messages: canonical names first, then aliases. */
export function providerNames(): readonly string[] {
  return [
    ...providers.map((provider) => provider.name),
    ...providers.flatMap((provider) => provider.aliases),
  ];
}

function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const suffix = pattern.slice(1);
  return host.length > suffix.length && host.endsWith(suffix);
}
