/** Places that users take and keep for as long as they want: so many in all, and so many of one user. */

/** How many there are. */
export interface PlaceBounds {
  readonly all: number;
  readonly ofOne: number;
}

/** What became of a wish for a place. */
export type PlaceOutcome =
  /** `leave` gives it back; call it once */
  | { readonly kind: "taken"; readonly leave: () => void }
  /** Places that are taken now: of this user, or, where those are not all it may have, of everybody */
  | { readonly kind: "own-full" | "all-full"; readonly taken: number };

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
    const own = this.#taken.get(user) ?? 0;
    if (own >= this.#bounds.ofOne) return { kind: "own-full", taken: own };
    const all = [...this.#taken.values()].reduce((sum, count) => sum + count, 0);
    if (all >= this.#bounds.all) return { kind: "all-full", taken: all };
    this.#taken.set(user, own + 1);
    return { kind: "taken", leave: () => this.#leave(user) };
  }

  #leave(user: string): void {
    const left = (this.#taken.get(user) ?? 1) - 1;
    if (left === 0) this.#taken.delete(user);
    else this.#taken.set(user, left);
  }
}
