/** Secrets with recognisable values: what the gateway injects, what agents send in their place, and the tokens of runs. */
import { formsOf } from "../harness/secret-forms.ts";
import { openAiKey } from "../harness/upstreams.ts";

/** A secret that was found where it must not be. */
export interface Leak {
  /** Name of the canary, never its value */
  readonly canary: string;
  readonly where: string;
}

/** The credentials that the gateway injects, by the name of their Secret. */
export const injectedCredentials = {
  upstream: "canary-upstream-4be1c07f92aa",
  other: "canary-other-1f60d9b37c55",
  plain: "canary-plain-77a0c2e41b38",
  query: "canary/query+5d29e0f1b6",
  paths: "canary-paths-c61e94b80a7d",
  openai: openAiKey,
} as const;

/** What agents send where a credential is injected. */
export const placeholder = "canary-placeholder-90d3e6a1";

/** Key of the OTLP receiver. */
export const receiverKey = "canary-receiver-2c8f5b7e1d";

/** Every canary with its value, and the search for them. */
export class Canaries {
  readonly #forms = new Map<string, readonly string[]>();

  constructor() {
    for (const [name, value] of Object.entries(injectedCredentials)) this.add(name, value);
    this.add("placeholder", placeholder);
    this.add("receiver key", receiverKey);
  }

  /** Looks for one more value from now on. */
  add(name: string, value: string): void {
    this.#forms.set(name, formsOf(value));
  }

  /** Names of the canaries that a text holds in any usual form. */
  findIn(text: string): string[] {
    return [...this.#forms].flatMap(([name, forms]) =>
      forms.some((form) => text.includes(form)) ? [name] : [],
    );
  }

  /** The same as leaks of a named place. */
  leaksIn(where: string, text: string): Leak[] {
    return this.findIn(text).map((canary) => ({ canary, where }));
  }
}
