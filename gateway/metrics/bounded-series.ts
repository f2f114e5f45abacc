/**
 * Series that labels from outside tell apart, so many and no more: whoever comes when all places are taken is counted
 * under `other`, so that sums stay right and nobody grows the process by inventing names.
 */

/** Label value of all that found no place. */
export const otherLabel = "other";

/** Longest label value that is kept as it is, in characters. */
const maxLabelLength = 128;

/** Labels that hold it find no place, so that no two lists of labels make one key. */
const separator = "\u0000";

/** Values by labels, made when the labels are seen first. */
export class BoundedSeries<Value> {
  readonly #max: number;
  readonly #create: () => Value;
  readonly #entries = new Map<
    string,
    { readonly labels: readonly string[]; readonly value: Value }
  >();
  #last: { readonly labels: readonly string[]; readonly value: Value } | undefined;

  /** At most `max` series besides the one of `other`. */
  constructor(max: number, create: () => Value) {
    this.#max = max;
    this.#create = create;
  }

  /** The series of those labels, or of `other` for each of them. */
  get(labels: readonly string[]): Value {
    // Requests come in rows of the same agent and rule.
    const last = this.#last;
    if (last !== undefined && isSame(last.labels, labels)) return last.value;
    const key = labels.join(separator);
    const known = this.#entries.get(key) ?? this.#add(key, labels);
    this.#last = known;
    return known.value;
  }

  /** Every series with its labels, in the order in which they came. */
  list(): readonly { readonly labels: readonly string[]; readonly value: Value }[] {
    return [...this.#entries.values()];
  }

  #add(key: string, labels: readonly string[]) {
    const others = labels.map(() => otherLabel);
    const otherKey = others.join(separator);
    const isKept =
      this.#entries.size - Number(this.#entries.has(otherKey)) < this.#max &&
      labels.every((label) => label.length <= maxLabelLength && !label.includes(separator));
    if (isKept || key === otherKey) return this.#put(key, [...labels]);
    return this.#entries.get(otherKey) ?? this.#put(otherKey, others);
  }

  #put(key: string, labels: readonly string[]) {
    const entry = { labels, value: this.#create() };
    this.#entries.set(key, entry);
    return entry;
  }
}

function isSame(one: readonly string[], two: readonly string[]): boolean {
  return one.length === two.length && one.every((label, index) => label === two[index]);
}
