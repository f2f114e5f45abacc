/**
 * Where replicas of the gateway keep what they share of rate limits: one small state for each caller of a limit, changed
 * by compare-and-set, and the one clock that all of them count by. Made by the composition root.
 */

/** How far a limit is used for one caller, at a time of the store's own clock. */
export interface SharedUse {
  /** Time in `ms` until nothing of it is used any more */
  readonly usedMs: number;
  /** When that was so, in Unix `ms` of the store */
  readonly atMs: number;
}

/** What becomes of a state: the new one and how long it matters; undefined leaves it as it is. */
export type ChangeUse = (
  use: SharedUse | undefined,
  nowMs: number,
) => { readonly use: SharedUse; readonly forgetAfterMs: number } | undefined;

/** Whether the store can be asked, for people and programs. */
export interface LimitStoreState {
  /** Without any credential */
  readonly server: string;
  readonly isReachable: boolean;
  /** Processes that share limits now, this one included; 0 before the store was reached for the first time */
  readonly replicas: number;
  /** Why it cannot be reached, a sentence; empty while it can */
  readonly failure: string;
}

/** Shared states, by names of letters and digits. */
export interface LimitStore {
  readonly state: LimitStoreState;
  /**
   * Changes a state: `change` is given the newest one and the store's time, which is never ahead, and is asked again
   * when another replica was faster. Rejects when the store cannot be asked; then the state may have been changed.
   */
  update(name: string, change: ChangeUse): Promise<void>;
  /** Calls back whenever `state` changed; gives a function that ends that. */
  subscribe(onChange: () => void): () => void;
  /** Idempotent. */
  close(): Promise<void>;
}
