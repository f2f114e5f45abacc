/**
 * Receive side of flow control (RFC 9113 §5.2): when to allow a peer more. Whoever takes what is received bounds what it
 * keeps, so everything counts as consumed at once, and a window never stands still. It protects nothing then, and a peer
 * that sent more than it may would not be told from one that knew of the next announcement.
 */

/** One window, opened again as soon as half of it is used. */
export class ReceiveWindow {
  readonly #half: number;
  #used = 0;

  /** Opens with `size` bytes. */
  constructor(size: number) {
    this.#half = size >> 1;
  }

  /** Takes bytes off; the increment to announce now, 0 for none yet. */
  take(bytes: number): number {
    this.#used += bytes;
    if (this.#used < this.#half) return 0;
    const increment = this.#used;
    this.#used = 0;
    return increment;
  }
}
