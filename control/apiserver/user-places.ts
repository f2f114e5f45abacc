/** Places that users take and keep for as long as they want: so many in all, and so many of one user. */

/** How many there are. */
export interface PlaceBounds {
  readonly all: number;
  readonly ofOne: number;
}

/** What became of a wish for a place. */
export type PlaceOutcome =
  /** `leave` gives it back; call it once */
  { readonly kind: "taken"; readonly leave: () => void } | FullPlaces;

/** Places that are taken now: of this user, or, where those are not all it may have, of everybody. */
export interface FullPlaces {
  readonly kind: "own-full" | "all-full";
  readonly taken: number;
}

/** The places of one kind. */
export class UserPlaces {
  readonly #bounds: PlaceBounds;
  /** By user, as long as one has any */
  readonly #taken = new Map<string, number>();

  constructor(bounds: PlaceBounds) {
    this.#bounds = bounds;
  }

  /** Takes a place, where there is one. */
  take(user: string): PlaceOutcome {
    return this.findFull(user) ?? { kind: "taken", leave: this.enter(user) };
  }

  /** Why there is no place; undefined where there is one. */
  findFull(user: string): FullPlaces | undefined {
    const own = this.#taken.get(user) ?? 0;
    if (own >= this.#bounds.ofOne) return { kind: "own-full", taken: own };
    const all = [...this.#taken.values()].reduce((sum, count) => sum + count, 0);
    return all >= this.#bounds.all ? { kind: "all-full", taken: all } : undefined;
  }

  /** Takes one whether there is one or not, for whoever was let in before; what is given leaves it again, once. */
  enter(user: string): () => void {
    this.#taken.set(user, (this.#taken.get(user) ?? 0) + 1);
    return () => this.#leave(user);
  }

  #leave(user: string): void {
    const left = (this.#taken.get(user) ?? 1) - 1;
    if (left === 0) this.#taken.delete(user);
    else this.#taken.set(user, left);
  }
}
