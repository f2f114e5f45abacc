/**
 * First-in-first-out queue of fixed capacity that gives up its oldest item for a new one: telemetry prefers the present.
 * Every operation takes constant time; whoever owns the queue counts what it gave up.
 */

/** A ring of at most `capacity` items. */
export class BoundedQueue<T> {
  readonly #slots: Array<T | undefined> = [];
  readonly #capacity: number;
  #head = 0;
  #size = 0;

  /** Throws a RangeError unless the capacity is a whole number of 1 or more. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`Cannot create BoundedQueue: capacity is ${capacity}, want 1 or more`);
    }
    this.#capacity = capacity;
  }

  /** Number of items waiting */
  get size(): number {
    return this.#size;
  }

  /** Appends an item; gives back the oldest one when that had to go, else undefined. */
  push(item: T): T | undefined {
    const evicted = this.#size === this.#capacity ? this.shift() : undefined;
    this.#slots[(this.#head + this.#size) % this.#capacity] = item;
    this.#size++;
    return evicted;
  }

  /** Removes and gives the oldest item, undefined when there is none. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#size--;
    return item;
  }

  /** Removes and gives at most `count` of the oldest items, oldest first. */
  take(count: number): T[] {
    const taken: T[] = [];
    while (taken.length < count) {
      const item = this.shift();
      if (item === undefined) break;
      taken.push(item);
    }
    return taken;
  }

  /** Drops everything; gives the number of items dropped. */
  clear(): number {
    const dropped = this.#size;
    this.#slots.length = 0;
    this.#head = 0;
    this.#size = 0;
    return dropped;
  }
}
