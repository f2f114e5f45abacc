/**
 * Byte strings to look for, as one tree in flat arrays: what many of them begin with is compared once. ASCII case does not
 * count, because a secret is not safe to show in another case. Holds no strings, so printing it shows none.
 */

/** Where a needle counts: anywhere, or only as a whole word. 0 at a node that ends none. */
export const NEEDLE_KIND = { none: 0, anywhere: 1, word: 2 } as const;

/** Lower case by byte. */
const lowerCase = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
});

/** Room at first. */
const firstNodes = 64;

/** A node by its number; 0 is the root, and stands for "none" as a child. */
export type TrieNode = number;

/** Grows by `add()`; searching reads it only. */
export class NeedleTrie {
  // Ten bytes a node: thousands of credentials in all their forms are millions of them.
  #bytes = new Uint8Array(firstNodes);
  #kinds = new Uint8Array(firstNodes);
  #firstChild = new Uint32Array(firstNodes);
  #sibling = new Uint32Array(firstNodes);
  /** The root */
  #size = 1;
  /** By node, of those that are not 0 */
  readonly #marks = new Map<TrieNode, number>();
  #longest = 0;

  /** Bytes of the longest needle; 0 when there is none. */
  get longest(): number {
    return this.#longest;
  }

  /**
   * Adds a needle of one byte or more; one that is added in both kinds counts anywhere. `mark` is given back where it is
   * found; of one that is added twice the first stays.
   */
  add(needle: Uint8Array, kind: "anywhere" | "word", mark = 0): void {
    if (needle.length === 0) throw new RangeError("Cannot add needle: it is empty, want a byte");
    let node = 0;
    for (const byte of needle) {
      node = this.child(node, byte) || this.#addChild(node, lowerCase[byte] ?? 0);
    }
    if (this.#kinds[node] === NEEDLE_KIND.none && mark !== 0) this.#marks.set(node, mark);
    if (this.#kinds[node] !== NEEDLE_KIND.anywhere) this.#kinds[node] = NEEDLE_KIND[kind];
    this.#longest = Math.max(this.#longest, needle.length);
  }

  /** The node after one more byte; 0 when no needle goes on so. */
  child(node: TrieNode, byte: number): TrieNode {
    const lower = lowerCase[byte];
    let child = this.#firstChild[node] ?? 0;
    while (child !== 0 && this.#bytes[child] !== lower) child = this.#sibling[child] ?? 0;
    return child;
  }

  /** Whether and where a needle counts that ends at the node, as in `NEEDLE_KIND`. */
  kind(node: TrieNode): number {
    return this.#kinds[node] ?? NEEDLE_KIND.none;
  }

  /** The mark of the needle that ends at the node; 0 where none does. */
  mark(node: TrieNode): number {
    return this.#marks.get(node) ?? 0;
  }

  /** Whether a longer needle goes on from the node. */
  goesOn(node: TrieNode): boolean {
    return (this.#firstChild[node] ?? 0) !== 0;
  }

  /** All bytes by which needles go on from the node, letters in both cases. */
  following(node: TrieNode): number[] {
    const bytes: number[] = [];
    let child = this.#firstChild[node] ?? 0;
    for (; child !== 0; child = this.#sibling[child] ?? 0) {
      const byte = this.#bytes[child] ?? 0;
      bytes.push(byte);
      const upper = byte ^ 0x20;
      if (lowerCase[upper] === byte && upper !== byte) bytes.push(upper);
    }
    return bytes.toSorted((one, other) => one - other);
  }

  /** Every needle that was added, each once, letters in lower case. */
  *needles(): Generator<Uint8Array> {
    // Nodes are numbered as they were added, each behind the one that it goes on from.
    const parents = new Uint32Array(this.#size);
    for (let node = 0; node < parents.length; node++) {
      let child = this.#firstChild[node] ?? 0;
      for (; child !== 0; child = this.#sibling[child] ?? 0) parents[child] = node;
    }
    const bytes = new Uint8Array(this.#longest);
    for (let end = 1; end < parents.length; end++) {
      if (this.#kinds[end] === NEEDLE_KIND.none) continue;
      let start = bytes.length;
      for (let node = end; node !== 0; node = parents[node] ?? 0) {
        bytes[--start] = this.#bytes[node] ?? 0;
      }
      yield bytes.slice(start);
    }
  }

  #addChild(node: TrieNode, byte: number): TrieNode {
    if (this.#size === this.#bytes.length) this.#grow();
    const child = this.#size++;
    this.#bytes[child] = byte;
    this.#sibling[child] = this.#firstChild[node] ?? 0;
    this.#firstChild[node] = child;
    return child;
  }

  #grow(): void {
    const nodes = Math.ceil(this.#size * 1.5);
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(nodes));
    this.#kinds = new Uint8Array(this.#kinds.buffer.transfer(nodes));
    this.#firstChild = new Uint32Array(this.#firstChild.buffer.transfer(nodes * 4));
    this.#sibling = new Uint32Array(this.#sibling.buffer.transfer(nodes * 4));
  }
}
