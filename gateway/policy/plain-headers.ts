/**
 * Headers of late of which nothing was taken out: most come with every request, and looking through them again is what
 * keeping headers costs. Invariant: one that held a secret is never among them.
 */

/** By what headers are redacted; two redactions with the same parts take out the same. */
export interface HeaderRules {
  readonly redactHeaders: readonly string[];
  readonly redactQuery: readonly string[];
  readonly injected: ReadonlySet<string>;
}

/** So many are known; then all are forgotten, because agents may invent any number. */
const mostHeaders = 512;

/** Longer ones are seldom the same twice. */
const longestText = 128;

/** Those of one redaction. */
export class PlainHeaders {
  readonly #rules: HeaderRules;
  readonly #known = new Map<string, Map<string, string>>();
  #count = 0;

  constructor({ redactHeaders, redactQuery, injected }: HeaderRules) {
    this.#rules = { redactHeaders, redactQuery, injected };
  }

  /** Whether the redaction is the one that these were looked through by. */
  isOf({ redactHeaders, redactQuery, injected }: HeaderRules): boolean {
    const rules = this.#rules;
    return (
      redactHeaders === rules.redactHeaders &&
      redactQuery === rules.redactQuery &&
      injected === rules.injected
    );
  }

  /** The header's JSON, where it is known to hold nothing that is taken out. */
  find(name: string, value: string): string | undefined {
    return this.#known.get(name)?.get(value);
  }

  /** Notes that it holds nothing, and how its JSON is. */
  add(name: string, value: string, json: string): void {
    if (name.length > longestText || value.length > longestText) return;
    if (this.#count === mostHeaders) {
      this.#known.clear();
      this.#count = 0;
    }
    const values = this.#known.get(name) ?? new Map<string, string>();
    this.#known.set(name, values);
    if (!values.has(value)) this.#count++;
    values.set(value, json);
  }
}
