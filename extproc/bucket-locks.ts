/**
 * Locks in memory that threads share, one word each. A thread may end at any time, also while it holds one: then the
 * next takes it over, after longer than anybody holds one.
 */

/** What locks of one thread are given. */
export interface BucketLocksOptions {
  /** One word for each lock, 0 while nobody holds it */
  readonly words: Int32Array;
  /** Of this thread alone; not 0 */
  readonly owner: number;
  /** A lock was taken from a thread that had gone while it held it */
  readonly onTakenOver: () => void;
}

/** A lock is held for microseconds, unless its thread waits for a CPU; one held for longer was abandoned. */
const abandonedMs = 1_000;
const spins = 100;

/** The locks as one thread takes them. */
export class BucketLocks {
  readonly #options: BucketLocksOptions;

  constructor(options: BucketLocksOptions) {
    this.#options = options;
  }

  /** How many there are. */
  get count(): number {
    return this.#options.words.length;
  }

  /** Waits for the lock; who takes several does so in rising order. */
  lock(bucket: number): void {
    const { words, owner, onTakenOver } = this.#options;
    for (let turn = 0; turn < spins; turn++) {
      if (Atomics.compareExchange(words, bucket, 0, owner) === 0) return;
    }
    let waitedMs = 0;
    let last = 0;
    while (Atomics.compareExchange(words, bucket, 0, owner) !== 0) {
      const holder = Atomics.load(words, bucket);
      if (holder === 0) continue;
      // Of one holder: where many come and go, nobody has abandoned it.
      waitedMs = holder === last ? waitedMs + 1 : 0;
      last = holder;
      Atomics.wait(words, bucket, holder, 1);
      if (waitedMs < abandonedMs) continue;
      if (Atomics.compareExchange(words, bucket, holder, owner) !== holder) continue;
      onTakenOver();
      return;
    }
  }

  /** Gives the lock up, unless it was taken over meanwhile. */
  unlock(bucket: number): void {
    Atomics.compareExchange(this.#options.words, bucket, this.#options.owner, 0);
  }
}
