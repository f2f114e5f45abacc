/** Answers of one stream that wait for the peer's windows or its socket. */

/** Counted for each piece beside its bytes, so that many small ones cannot hide what they cost. */
const pieceOverheadBytes = 64;

/** Pieces taken from the front are forgotten when they are so many, and half of the list. */
const compactAt = 64;

/** Pieces of bytes in order, then perhaps the end of the stream. */
export class SendQueue {
  #pieces: Buffer[] = [];
  #first = 0;
  #offset = 0;
  /** Bytes taken since the last look, -1 before the first */
  #takenBytes = -1;
  /** Bytes held, with what holding them costs */
  heldBytes = 0;
  /** What comes after the last piece; undefined is an end without trailers, if there is an end */
  trailers: Uint8Array | undefined = undefined;

  /** Whether all pieces are taken. */
  get isEmpty(): boolean {
    return this.#first === this.#pieces.length;
  }

  /** What a piece of so many bytes will count. */
  static costOf(bytes: number): number {
    return bytes + pieceOverheadBytes;
  }

  /** Appends a copy of the bytes. */
  add(bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(bytes));
    this.heldBytes += SendQueue.costOf(bytes.length);
  }

  /** Takes up to so many bytes of the first piece. */
  take(most: number): Buffer {
    const piece = this.#pieces[this.#first] ?? Buffer.alloc(0);
    const start = this.#offset;
    const end = Math.min(piece.length, start + most);
    if (this.#takenBytes >= 0) this.#takenBytes += end - start;
    this.#offset = end;
    if (end === piece.length) this.#drop(piece);
    return piece.subarray(start, end);
  }

  /** Whether less than so many bytes were taken since the last look; never at the first one. */
  isStalled(leastBytes: number): boolean {
    const isStalled = this.#takenBytes >= 0 && this.#takenBytes < leastBytes;
    this.#takenBytes = 0;
    return isStalled;
  }

  #drop(piece: Buffer): void {
    this.heldBytes -= SendQueue.costOf(piece.length);
    this.#offset = 0;
    this.#first++;
    if (this.#first >= compactAt && this.#first * 2 >= this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#first);
      this.#first = 0;
    }
  }
}
