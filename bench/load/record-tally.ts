/** Which of some numbered records a follower saw: none may be missing, come twice, or come before an older one. */

/** What came of following. */
export interface TallyOutcome {
  readonly seen: number;
  readonly missed: number;
  /** Records that came again, each time that they did */
  readonly repeated: number;
  /** Records that came after one with a higher number */
  readonly disordered: number;
}

const recordId = /"clrk\.record\.id","value":\{"stringValue":"record-(\d+)"/g;

/** The numbers of the records in a text of OTLP/JSON, in their order; those of sample records, `record-<number>`. */
export function recordNumbersIn(text: string): number[] {
  return Array.from(text.matchAll(recordId), ([, digits]) => Number(digits));
}

/** Counts the records from 0 up to a number. */
export class RecordTally {
  readonly #times: Uint8Array;
  #seen = 0;
  #repeated = 0;
  #disordered = 0;
  #highest = -1;

  constructor(records: number) {
    this.#times = new Uint8Array(records);
  }

  /** Takes what came next; throws a RangeError for a record that nobody wrote. */
  add(numbers: readonly number[]): void {
    for (const number of numbers) {
      const before = this.#times[number];
      if (before === undefined) {
        throw new RangeError(
          `Cannot count record ${number}: only ${this.#times.length} were written`,
        );
      }
      this.#times[number] = 1;
      if (before > 0) this.#repeated++;
      else this.#seen++;
      if (number < this.#highest) this.#disordered++;
      else this.#highest = number;
    }
  }

  /** Records that came at least once. */
  get seen(): number {
    return this.#seen;
  }

  /** The sums of now. */
  get outcome(): TallyOutcome {
    return {
      seen: this.#seen,
      missed: this.#times.length - this.#seen,
      repeated: this.#repeated,
      disordered: this.#disordered,
    };
  }
}
