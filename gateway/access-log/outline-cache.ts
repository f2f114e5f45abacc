/** Remembers what followed from the facts of recent transactions, within a bound on entries and on their size. */

import type { RuleFactsIndex } from "../rule-facts.ts";
import type { HttpOutline } from "./http-transaction.ts";
import type { RecordJsonParts } from "./record-json.ts";

/** Agents ask few hosts for few paths; 1,024 entries of both generations are about 4 MB. */
const defaultMaxEntries = 512;

/** Longer texts hold queries or ids, which do not come again. */
const maxTextLength = 1_024;

/** What follows from facts. */
export interface KnownFacts {
  readonly outline: HttpOutline;
  readonly json: RecordJsonParts;
}

interface Entry {
  readonly known: KnownFacts;
  readonly ruleFacts: RuleFactsIndex;
}

/** Outlines by the text of their facts, in two generations: one that is not used while the younger fills up is forgotten. */
export class OutlineCache {
  readonly #maxEntries: number;
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();

  /** Each of the two generations holds `maxEntries`, 512 by default. */
  constructor(maxEntries: number = defaultMaxEntries) {
    this.#maxEntries = maxEntries;
  }

  /** What follows from these facts under these rules, or undefined when it must be worked out. */
  get(text: string, ruleFacts: RuleFactsIndex): KnownFacts | undefined {
    let entry = this.#young.get(text);
    if (entry === undefined) {
      entry = this.#old.get(text);
      if (entry !== undefined) this.#keep(text, entry);
    }
    return entry?.ruleFacts === ruleFacts ? entry.known : undefined;
  }

  /** Remembers what follows; nothing without an agent, who may be known the next time. */
  set(text: string, known: KnownFacts, ruleFacts: RuleFactsIndex): void {
    if (known.outline.agent === null || text.length > maxTextLength) return;
    this.#keep(text, { known, ruleFacts });
  }

  #keep(text: string, entry: Entry): void {
    if (this.#young.size >= this.#maxEntries) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, entry);
  }
}
