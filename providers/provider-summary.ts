/** A provider in a few words that people and programs read. */

import type { Codec } from "./codec.ts";
import { codecsOf } from "./provider-codecs.ts";
import type { Provider } from "./provider.ts";

/** What is said of a provider; plain data. */
export interface ProviderSummary {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly hosts: readonly string[];
  /** Operations whose calls are read as they pass, such as `chat` */
  readonly operations: readonly string[];
  readonly dialects: readonly DialectSummary[];
}

/** One dialect of a provider. */
export interface DialectSummary {
  /** Name of its codec, such as `openai-chat` */
  readonly name: string;
  readonly operation: Codec["operation"];
  /** Agents' calls in it can be served by other providers */
  readonly isCalled: boolean;
  /** The provider serves calls of agents that speak another one */
  readonly isServed: boolean;
}

/** Sums up a declaration. */
export function summarizeProvider(provider: Provider): ProviderSummary {
  const { name, aliases, hosts, operations = [], served = [] } = provider;
  return {
    name,
    aliases,
    hosts,
    operations: [...new Set(operations.map((operation) => operation.name))],
    dialects: codecsOf(provider).map((codec) => ({
      name: codec.name,
      operation: codec.operation,
      isCalled: operations.some((operation) => operation.codec === codec),
      isServed: served.some((api) => api.codec === codec),
    })),
  };
}
