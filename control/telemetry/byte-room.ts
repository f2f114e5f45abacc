/** Room for things that are in memory, by their bytes and their number: whoever brings more waits, in the order of coming. */

/** How much may be in memory at once. */
export interface ByteRoomBounds {
  /** One that is larger is let in alone */
  readonly maxBytes: number;
  readonly maxItems: number;
}

interface Waiting {
  readonly bytes: number;
  readonly letIn: () => void;
}

/** Counts what is in memory; what it is, is its owner's affair. */
export class ByteRoom {
  readonly #bounds: ByteRoomBounds;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #items = 0;
  #isClosed = false;

  constructor(bounds: ByteRoomBounds) {
    this.#bounds = bounds;
  }

  /** Whether everybody is let in */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when there is room, which is taken then; once it is closed at once. Give it back. */
  take(bytes: number): Promise<void> {
    if (this.#isClosed || (this.#waiting.length === 0 && this.#hasRoomFor(bytes))) {
      this.#enter(bytes);
      return Promise.resolve();
    }
    return new Promise((letIn) => this.#waiting.push({ bytes, letIn }));
  }

  /** What was taken is free again. */
  giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.#items--;
    this.#letIn();
  }

  /** Whoever waits is let in, and whoever comes. */
  close(): void {
    this.#isClosed = true;
    this.#letIn();
  }

  #hasRoomFor(bytes: number): boolean {
    const { maxBytes, maxItems } = this.#bounds;
    return this.#items === 0 || (this.#items < maxItems && this.#bytes + bytes <= maxBytes);
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#isClosed && !this.#hasRoomFor(next.bytes)) return;
      this.#waiting.shift();
      this.#enter(next.bytes);
      next.letIn();
    }
  }

  #enter(bytes: number): void {
    this.#bytes += bytes;
    this.#items++;
  }
}
