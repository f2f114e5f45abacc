/** Counts checks and gathers what they found; a check that throws is a finding, and never ends the others. */

/** What was found of one subject, such as a codec. */
export interface Findings {
  /** Name of the codec, or `declaration` */
  readonly subject: string;
  /** Checks that were made */
  readonly checks: number;
  /** Sentences: subject, case, what was found; empty when all is well */
  readonly problems: readonly string[];
}

/** The checks of one subject. */
export class CheckBook {
  readonly #subject: string;
  readonly #problems: string[] = [];
  #checks = 0;

  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Makes one check; `look` gives a clause for each thing that is wrong, and may throw. */
  check(name: string, look: () => readonly string[] | string | undefined): void {
    this.#checks++;
    for (const clause of this.#look(look)) {
      this.#problems.push(`${this.#subject}: ${name}: ${clause}`);
    }
  }

  /** What was found so far. */
  findings(): Findings {
    return { subject: this.#subject, checks: this.#checks, problems: [...this.#problems] };
  }

  #look(look: () => readonly string[] | string | undefined): readonly string[] {
    try {
      const found = look() ?? [];
      return typeof found === "string" ? [found] : found;
    } catch (error) {
      return [`it throws: ${error instanceof Error ? error.message : String(error)}`];
    }
  }
}
