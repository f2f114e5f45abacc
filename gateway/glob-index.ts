/**
 * Finds which of thousands of globs may mean a text, in microseconds: they are kept by what they begin or end with, so
 * that only those that may match are compared.
 */

/** Positions in the order in which they were added, by a piece of text. */
type Positions = Map<string, number[]>;

/** Globs of rules, by the positions of the rules; positions are added in ascending order. */
export class GlobIndex {
  readonly #exact: Positions = new Map();
  /** By the length of the piece: one look-up each */
  readonly #beginnings = new Map<number, Positions>();
  readonly #endings = new Map<number, Positions>();
  /** Globs that begin and end with a wildcard */
  readonly #rest: number[] = [];

  /** Adds a glob of the rule at the position. */
  add(glob: string, position: number): void {
    const { kind, text } = pieceOf(glob);
    if (kind === "none") this.#rest.push(position);
    else push(this.#positionsOf(kind, text.length), text, position);
  }

  /** Shows `look` ascending lists of positions, in which every glob is that means the text. */
  find(text: string, look: (positions: readonly number[] | undefined) => void): void {
    look(this.#exact.get(text));
    for (const [length, found] of this.#beginnings) {
      if (length <= text.length) look(found.get(text.slice(0, length)));
    }
    for (const [length, found] of this.#endings) {
      if (length <= text.length) look(found.get(text.slice(text.length - length)));
    }
    look(this.#rest);
  }

  #positionsOf(kind: "exact" | "beginning" | "ending", length: number): Positions {
    if (kind === "exact") return this.#exact;
    return ofLength(kind === "beginning" ? this.#beginnings : this.#endings, length);
  }
}

/** What a glob is found by; `none`: only by comparing. */
export interface GlobPiece {
  readonly kind: "exact" | "beginning" | "ending" | "none";
  readonly text: string;
}

/** The longer one of what a glob begins and ends with. */
export function pieceOf(glob: string): GlobPiece {
  const beginning = /^[^*?]*/.exec(glob)?.[0] ?? "";
  const ending = /[^*?]*$/.exec(glob)?.[0] ?? "";
  if (beginning === glob) return { kind: "exact", text: glob };
  if (beginning === "" && ending === "") return { kind: "none", text: "" };
  return beginning.length >= ending.length
    ? { kind: "beginning", text: beginning }
    : { kind: "ending", text: ending };
}

function ofLength(lengths: Map<number, Positions>, length: number): Positions {
  const known = lengths.get(length);
  if (known !== undefined) return known;
  const made: Positions = new Map();
  lengths.set(length, made);
  return made;
}

function push(positions: Positions, text: string, position: number): void {
  const known = positions.get(text);
  if (known === undefined) positions.set(text, [position]);
  else if (known.at(-1) !== position) known.push(position);
}
