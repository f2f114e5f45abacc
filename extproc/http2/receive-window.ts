/** Receive side of flow control (RFC 9113 §5.2): what a peer may still send, and when to allow it more. */

/**
 * One window. What is received counts as consumed at once, because whoever takes it bounds what it keeps; so a window
 * is opened again as soon as half of it is used, and never stands still.
 */
export class ReceiveWindow {
  readonly #size: number;
  #left: number;

  /** Opens with `size` bytes. */
  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Takes bytes off; the increment to announce now, 0 for none yet, -1 when the peer sent more than it may. */
  take(bytes: number): number {
    const left = this.#left - bytes;
    if (left < 0) return -1;
    if (left > this.#size >> 1) {
      this.#left = left;
      return 0;
    }
    this.#left = this.#size;
    return this.#size - left;
  }
}
